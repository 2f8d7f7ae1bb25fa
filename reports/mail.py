"""The mail that brings a fleet report to a manager: the summary in plain words, and the report itself."""
from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path
from typing import Any

import pandas as pd

from reports.charts import systems_by_check
from reports.figures import bytes_text, moment_text, plural
from reports.headline import headline
from reports.render import page_templates
from reports.text import one_line
from reports.words import VERDICTS, check_title
from tasks.model.finding import Verdict

_TOP = 5                                    # checks that the mail names
_ZIPPED_AT = (1980, 1, 1, 0, 0, 0)          # the same report, the same bytes


@dataclass(frozen=True, slots=True)
class Person:
    name: str
    email: str


@dataclass(frozen=True, slots=True)
class Letter:
    """What all mails of a sweep have in common. ``where`` is a link or a folder in which the report lies."""

    sender: Person
    where: str
    attach_at_most_bytes: int


def message_id(sweep_id: str, selection: str, recipient: str) -> str:
    """One id a sweep and recipient, so that however often a mail is prepared it is the same mail."""
    digest = hashlib.sha256("\n".join((sweep_id, selection, recipient.casefold())).encode()).hexdigest()
    return f"<sweep.{digest[:32]}@uplift.invalid>"


def fleet_mail(
    directory: Path, summary: Mapping[str, Any], to: Person, letter: Letter, at: datetime, mid: str
) -> EmailMessage:
    """The mail of the sweep in ``directory`` for one recipient. Raises ValueError for an address that is none."""
    findings = pd.read_parquet(directory / "findings.parquet", dtype_backend="numpy_nullable")
    attached, told = _attachments(directory, letter)
    words = _words(summary, findings, letter.where, told)
    mail = EmailMessage(policy=SMTP)
    mail["Message-ID"], mail["Date"] = mid, at.astimezone(UTC)
    mail["From"], mail["To"] = _address(letter.sender), _address(to)
    ready = f"{summary['ready']:,} of {plural(int(summary['systems']), 'system')} ready"
    mail["Subject"] = f"Fleet readiness for PBXware {one_line(str(summary['target']))}: {ready}"
    mail["Auto-Submitted"] = "auto-generated"           # RFC 3834: nobody's holiday notice answers it
    templates = page_templates()
    mail.set_content(templates.get_template("mail_fleet.txt.j2").render(words))
    mail.add_alternative(templates.get_template("mail_fleet.html.j2").render(words), subtype="html")
    for name, kind, content in attached:
        of = {"charset": "utf-8"} if kind.startswith("text/") else {}
        mail.add_attachment(content, *kind.split("/"), filename=name, params=of)
    return mail


def _words(summary: Mapping[str, Any], findings: pd.DataFrame, where: str, attached: str) -> dict[str, Any]:
    table = systems_by_check(findings)
    top = [(check_title(str(name)), f"{int(total):,}") for name, total in table.sum(axis=1).head(_TOP).items()]
    return {
        "target": one_line(str(summary["target"])),
        "headline": headline({one: int(summary[one.value]) for one in Verdict}, str(summary["target"])),
        "verdicts": [(words.label, f"{int(summary[verdict.value]):,}", words.meaning)
                     for verdict, words in reversed(VERDICTS.items())],
        "top": top,
        "swept": moment_text(datetime.fromisoformat(summary["started_at"]), "UTC"),
        "sweep_id": one_line(str(summary["sweep_id"])),
        "waived": int(summary["waived"]),
        "excluded": int(summary["excluded"]),
        "attached": attached,
        "where": where,
    }


def _attachments(directory: Path, letter: Letter) -> tuple[list[tuple[str, str, bytes]], str]:
    """report.pdf, and report.html as it is or zipped, as far as the limit goes; and in words what is attached."""
    room = letter.attach_at_most_bytes
    attached, brief, page = [], directory / "report.pdf", (directory / "report.html").read_bytes()
    if brief.is_file() and brief.stat().st_size <= room:
        attached.append((brief.name, "application/pdf", brief.read_bytes()))
        room -= brief.stat().st_size
    zipped = _zipped(page) if len(page) > room else b""
    if len(page) <= room:
        attached.append(("report.html", "text/html", page))
    elif len(zipped) <= room:
        attached.append(("report.zip", "application/zip", zipped))
    names = {"report.pdf": "report.pdf is the summary to print", "report.html": "report.html has every system: open "
             "it in a browser, it needs no network", "report.zip": "report.zip holds report.html with every system: "
             "unpack it and open it in a browser"}
    told = "; ".join(names[name] for name, _, _ in attached)
    if not any(name in ("report.html", "report.zip") for name, _, _ in attached):
        told = "; ".join(filter(None, [told, f"report.html ({bytes_text(len(page))}) is too large for a mail"]))
    return attached, told


def _zipped(page: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
        archive.writestr(zipfile.ZipInfo("report.html", _ZIPPED_AT), page, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _address(person: Person) -> Address:
    return Address(one_line(person.name), addr_spec=person.email)
