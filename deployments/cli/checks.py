"""``uplift checks``: what is looked at before an upgrade, in the words of the checks themselves."""
from __future__ import annotations

import json
import keyword
import re
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any

import typer

from deployments.cli.check_reads import profile_entries
from deployments.cli.output import AsJson, console, print_json, print_table
from tasks.checks import all_checks
from tasks.model.check import BadCheck, Check
from tasks.model.errors import UserError
from tasks.model.facts import Edition
from tasks.model.occasion import Occasion
from tasks.model.profile import Profile
from tasks.rules.applies import binding, bound
from tasks.wire.profile_file import load_profile
from tasks.wire.validation import nearest

app = typer.Typer(add_completion=False, no_args_is_help=True, help="List, explain or add the pre-checks.")

ROOT = Path(__file__).parents[2]
LONG = 100                      # characters of a profile's entry that are shown


Named = Annotated[str, typer.Option("--profile", help="The platform profile whose releases and thresholds are told.")]


@app.command("list")
def list_checks(profile: Named = "pbxware", as_json: AsJson = False) -> None:
    """List every check with its severity and where it applies."""
    checks = _checks()
    if as_json:
        told = load_profile(profile)
        print_json([_described(check, told) for check in checks])
    else:
        rows = [(check.id, _weight(check), applies(check), first_sentence(check)) for check in checks]
        print_table(("check", "severity", "applies", "reason"), rows)


@app.command()
def explain(
    check_id: Annotated[str, typer.Argument(metavar="CHECK", help="The check's name, see `uplift checks list`.")],
    profile: Named = "pbxware",
    as_json: AsJson = False,
) -> None:
    """Say why a check exists, what to do about its findings, what the client is told, and what decides."""
    by_id = {check.id: check for check in _checks()}
    if check_id not in by_id:
        raise UserError("unknown_check", f"there is no check {check_id!r}", nearest(check_id, by_id))
    check = by_id[check_id]
    described = _described(check, load_profile(profile))
    if as_json:
        print_json(described)
        return
    blocking = "blocks an upgrade unless a finding says otherwise" if check.blocking else "does not block an upgrade"
    told = (
        f"{check.id} (version {check.version}, {check.severity.label}, {blocking}; {applies(check)})",
        f"Why: {check.reason}",
        f"Remedy: {check.remedy}",
        f"The client is told: {check.client_text}",
        *([f"What happens if nothing is done: {check.otherwise}"] if check.otherwise else []),
        f"Looks at: {', '.join(described['needs'])}",
        *([f"Releases of the profile {profile}: {', '.join(described['releases']) or 'none'}"] if bound(check) else []),
        *_thresholds(profile, described["profile"]),
        *([f"Only told, and in nobody's way: {', '.join(described['only_told'])}"] if check.only_told else []),
        f"Waivers: {'by check or subject' if check.waivable else 'none; nobody can answer for who a system is'}",
        f"Written in: {check.where}",
    )
    console().print("\n\n".join(told), markup=False)


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="What it looks for, like voicemail_quota.")],
    tree: Annotated[Path, typer.Option(help="The project's folder.", file_okay=False)] = ROOT,
) -> None:
    """Write the skeleton of a check and of its table of cases; both hold as they are, and want your words."""
    if not re.fullmatch(r"[a-z][a-z0-9_]{2,40}", name) or keyword.iskeyword(name):
        raise UserError("bad_name", f"{name!r} is no name for a check", "use small letters, digits and underscores")
    check, cases = tree / "tasks" / "checks" / f"{name}.py", tree / "tests" / "checks" / f"{name}.yaml"
    if not (check.parent.is_dir() and cases.parent.is_dir()):
        raise UserError("no_tree", f"{tree} is not a checkout of Uplift", "name one with --tree")
    for path in (check, cases):
        if path.exists():
            raise UserError("file_exists", f"{path} exists", "choose another name")
    templates = files("deployments.cli") / "templates"
    for path, template in ((check, "check.py.j2"), (cases, "check.yaml")):
        text = (templates / template).read_text(encoding="utf-8").replace("{{ name }}", name)
        path.write_text(text, encoding="utf-8")
        typer.echo(path)


def applies(check: Check) -> str:
    """Where the check is asked at all, in words."""
    parts = []
    if check.drops:
        parts.append(f"where {' or '.join(check.drops)} is dropped")
    if check.demands:
        parts.append(f"where {' or '.join(check.demands)} is demanded")
    if check.crossing:
        parts.append(f"on the way to {check.crossing} or beyond")
    if check.editions != frozenset(Edition):
        parts.append(f"on {' and '.join(sorted(edition.value for edition in check.editions))}")
    return ", ".join(parts) or "always"


def first_sentence(check: Check) -> str:
    return re.split(r"(?<=\.)\s", check.reason, maxsplit=1)[0]


def _weight(check: Check) -> str:
    return f"{check.severity.label}, blocking" if check.blocking else check.severity.label


def _thresholds(profile: str, entries: dict[str, Any]) -> list[str]:
    """The entries that fit on a line each; long ones by their name only."""
    lines = []
    for path, value in entries.items():
        said = json.dumps(value, ensure_ascii=False)
        lines.append(f"  {path} = {said}" if len(said) <= LONG else f"  {path} (see the profile)")
    return ["\n".join([f"From the profile {profile}:", *lines])] if lines else []


def _described(check: Check, profile: Profile) -> dict[str, Any]:
    return {
        "check_id": check.id,
        "check_version": check.version,
        "severity": check.severity.label,
        "blocking": check.blocking,
        "waivable": check.waivable,
        "only_told": [occasion.value for occasion in Occasion if occasion in check.only_told],
        "applies": applies(check),
        "editions": sorted(edition.value for edition in check.editions),
        "releases": [str(release) for release in sorted(set(binding(check, profile)))],
        "needs": [getattr(of, "__name__", str(of)) for _, of in check.needs],
        "profile": profile_entries(check, profile),
        "reason": check.reason,
        "remedy": check.remedy,
        "client_text": check.client_text,
        "otherwise": check.otherwise,
    }


def _checks() -> tuple[Check, ...]:
    try:
        return all_checks()
    except BadCheck as error:
        raise UserError("bad_check", str(error), "mend that check") from None
