"""``uplift sweep schedule``: when which systems are swept, kept by Prefect as schedules of ``sweep/nightly``."""
from __future__ import annotations

import asyncio
import os
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo, available_timezones

import typer

from deployments.cli.output import AsJson, print_json, print_rows
from reports.text import one_line
from tasks.model.errors import Failure, UserError
from tasks.model.release import Release

DEPLOYMENT = "sweep/nightly"
COLUMNS = ("name", "cron", "tz", "target", "select", "fleet", "active")
T = TypeVar("T")

app = typer.Typer(add_completion=False, no_args_is_help=True, help="When which systems are swept, kept by Prefect.")


@dataclass(frozen=True)
class Wanted:
    """A schedule in Prefect's terms; ``parameters`` stand over those of the deployment."""

    name: str
    cron: str
    tz: str
    parameters: dict[str, Any]


@app.command()
def add(
    cron: Annotated[str, typer.Option(help="when, as cron has it: minute hour day month weekday, e.g. '30 1 * * *'")],
    tz: Annotated[str, typer.Option(help="the zone of that clock, e.g. Europe/London")] = "UTC",
    target: Annotated[str | None, typer.Option(help="the release to be ready for; else the deployment's own")] = None,
    select: Annotated[str | None, typer.Option(help="which systems, e.g. 'tag=vip and country=GB'; else all")] = None,
    fleet: Annotated[Path | None, typer.Option(help="the fleet file on the worker; else the deployment's own")] = None,
    name: Annotated[str | None, typer.Option(help="what the schedule is called; else made of the rest")] = None,
    as_json: AsJson = False,
) -> None:
    """Sweep at these times from now on. The same name again changes that schedule."""
    parameters = {"target": target and str(_release(target)), "select": _selection(select),
                  "fleet": str(fleet.resolve()) if fleet else None}
    given = {key: value for key, value in parameters.items() if value}
    cron = _cron(cron)
    wanted = Wanted(name=_name(name, cron, given), cron=cron, tz=_zone(tz), parameters=given)
    row = asyncio.run(_with_prefect(lambda client: _put(client, wanted)))
    if as_json:
        print_json(dict(zip(COLUMNS, row, strict=True)))
    else:
        print(f"{wanted.name}: {wanted.cron} ({wanted.tz}) sweeps {row[4] or 'all systems'} for {row[3]}")


@app.command(name="list")
def list_(as_json: AsJson = False) -> None:
    """Every schedule, with the target and the selection that it sweeps by."""
    print_rows(COLUMNS, asyncio.run(_with_prefect(_listed)), as_json=as_json)


@app.command()
def remove(
    name: Annotated[str, typer.Argument(help="as `uplift sweep schedule list` shows it")], as_json: AsJson = False
) -> None:
    """Sweep at these times no more. A sweep that runs goes on to its end."""
    asyncio.run(_with_prefect(lambda client: _removed(client, name)))
    if as_json:
        print_json({"removed": name})
    else:
        print(f"{one_line(name)} is removed")


async def _with_prefect(work: Callable[[Any], Awaitable[T]]) -> T:
    """Do it with the site's server. Raises UserError where none is named, Failure where it does not answer."""
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    from httpx import HTTPError, HTTPStatusError
    from prefect.client.orchestration import get_client
    from prefect.exceptions import ObjectNotFound, PrefectException
    from prefect.settings import PREFECT_API_URL

    url = PREFECT_API_URL.value()
    if not url:
        raise UserError("no_prefect_server", "schedules are kept by a Prefect server, and none is named",
                        "set PREFECT_API_URL to the server's address, e.g. http://127.0.0.1:4200/api")
    try:
        async with get_client() as client:
            return await work(client)
    except ObjectNotFound:
        raise UserError("deployment_missing", f"the Prefect server {_shown(url)} has no deployment {DEPLOYMENT}",
                        "run `prefect deploy --all` there") from None
    except HTTPStatusError as error:
        told = f"the Prefect server {_shown(url)} refused it ({error.response.status_code})"
        raise Failure("prefect_refused", told, "see its log, and PREFECT_API_AUTH_STRING where it asks for one"
                      ) from None
    except (HTTPError, PrefectException, RuntimeError, OSError) as error:
        raise Failure("prefect_unreachable",
                      f"the Prefect server {_shown(url)} does not answer ({type(error).__name__})",
                      "see that it runs, or correct PREFECT_API_URL") from None


async def _listed(client: Any) -> list[tuple[str, ...]]:
    deployment = await client.read_deployment_by_name(DEPLOYMENT)
    found = await client.read_deployment_schedules(deployment.id)
    return sorted(_row(each, deployment.parameters) for each in found)


async def _put(client: Any, wanted: Wanted) -> tuple[str, ...]:
    from prefect.client.schemas.schedules import CronSchedule

    deployment = await client.read_deployment_by_name(DEPLOYMENT)
    if not {**deployment.parameters, **wanted.parameters}.get("target"):
        raise UserError("no_target", f"neither the schedule nor {DEPLOYMENT} names a release", "add --target 7.2.0")
    schedule = CronSchedule(cron=wanted.cron, timezone=wanted.tz)
    found = await client.read_deployment_schedules(deployment.id)
    known = next((each for each in found if each.slug == wanted.name), None)
    if known is None:
        await client.create_deployment_schedules(
            deployment.id, [(schedule, True)], parameters=wanted.parameters, slug=wanted.name
        )
    else:
        await client.update_deployment_schedule(
            deployment.id, known.id, active=True, schedule=schedule, parameters=wanted.parameters
        )
    found = await client.read_deployment_schedules(deployment.id)       # as it is kept, not as it was asked for
    return next(_row(each, deployment.parameters) for each in found if each.slug == wanted.name)


async def _removed(client: Any, name: str) -> None:
    deployment = await client.read_deployment_by_name(DEPLOYMENT)
    found = await client.read_deployment_schedules(deployment.id)
    known = {each.slug or str(each.id): each.id for each in found}
    if name not in known:
        raise UserError("no_schedule", f"there is no schedule {one_line(name)!r}",
                        f"name one of: {', '.join(sorted(known))}" if known else "there is none at all")
    await client.delete_deployment_schedule(deployment.id, known[name])


def _row(schedule: Any, defaults: dict[str, Any]) -> tuple[str, ...]:
    parameters = {**defaults, **(schedule.parameters or {})}
    when = schedule.schedule
    cron = getattr(when, "cron", None) or type(when).__name__
    told = (schedule.slug or str(schedule.id), cron, getattr(when, "timezone", None) or "UTC",
            parameters.get("target"), parameters.get("select"), parameters.get("fleet"),
            "yes" if schedule.active else "no")
    return tuple(str(each or "") for each in told)


def _cron(text: str) -> str:
    from prefect.client.schemas.schedules import CronSchedule
    from pydantic import ValidationError

    words = " ".join(text.split())
    try:
        CronSchedule(cron=words)
    except ValidationError:
        words = ""
    if len(words.split(" ")) != 5:
        raise UserError("bad_cron", f"{one_line(text)!r} is no time that cron knows",
                        "write minute hour day month weekday, e.g. --cron '30 1 * * *'")
    return words


def _zone(text: str) -> str:
    if text not in available_timezones():
        raise UserError("bad_zone", f"{one_line(text)!r} is no zone of the IANA database",
                        "write --tz like Europe/London or UTC")
    return ZoneInfo(text).key


def _selection(text: str | None) -> str | None:
    """The selection as it was given. Raises UserError where it cannot be read: now, not in the night."""
    if text is None:
        return None
    from tasks.rules.select import parse

    parse(text)
    return text


def _release(text: str) -> Release:
    try:
        return Release.parse(text)
    except ValueError as error:
        raise UserError("bad_release", str(error), "name the target release with --target 7.2.0") from None


def _name(given: str | None, cron: str, parameters: dict[str, Any]) -> str:
    """A name of letters, digits and hyphens, as Prefect wants it."""
    if given is not None:
        if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", given) or len(given) > 60:
            raise UserError("bad_name", f"{one_line(given)!r} is no name for a schedule",
                            "write small letters, digits and hyphens, 60 at most")
        return given
    return "sweep-" + sha256(repr((cron, sorted(parameters.items()))).encode()).hexdigest()[:8]


def _shown(url: str) -> str:
    """The address without a user and password that may stand in it."""
    from httpx import URL

    return str(URL(url).copy_with(userinfo=b""))
