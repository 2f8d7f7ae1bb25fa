"""A sweep's frames in, its files out: the page, the workbook, the tables and the summary."""
from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from reports.brief import write_brief
from reports.embedded import embedded_json
from reports.files import write_text
from reports.meta import CheckText, SweepMeta
from reports.system_view import FACTS
from reports.tables import write_tables
from reports.views import FleetView, fleet_view
from reports.words import FILTERED_OUTCOMES, VERDICTS, check_title

__all__ = ["CheckText", "SweepMeta", "fleet_page", "render_sweep"]


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    number: bool = False


COLUMNS = (
    Column("System"),
    Column("Verdict"),
    Column("Release"),
    Column("Call records", number=True),
    Column("Downtime", number=True),
    Column("Disk", number=True),
    Column("Findings"),
    Column("Main reason"),
)


def render_sweep(directory: Path, systems: pd.DataFrame, findings: pd.DataFrame, meta: SweepMeta) -> Path:
    """Write report.html, report.pdf, report.xlsx, systems.csv, systems.parquet, findings.parquet and summary.json.

    Each file is replaced in one rename; the same input gives the same bytes. Returns the page's path. Raises
    ValueError where a system has an unknown verdict.
    """
    directory.mkdir(parents=True, exist_ok=True)
    page = directory / "report.html"
    view = fleet_view(systems, findings, meta)
    write_text(page, fleet_page(view))
    templates = page_templates()
    write_brief(directory / "report.pdf", view, templates, _asset(templates, "brief.css"))
    write_tables(directory, systems, findings, meta)
    return page


def fleet_page(view: FleetView) -> str:
    """The page as one HTML document that needs nothing else: style, script, charts and data stand in it."""
    templates = page_templates()
    script = _asset(templates, "fleet.js")
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return templates.get_template("fleet.html.j2").render(
        view=view,
        columns=COLUMNS,
        detailed={system.id for system in view.detailed},
        verdicts=VERDICTS,
        outcomes=FILTERED_OUTCOMES,
        fact_labels=FACTS,
        style=Markup(_asset(templates, "fleet.css")),  # noqa: S704  (the package's own file)
        script=Markup(script),  # noqa: S704  (the package's own file)
        script_digest=digest,
        data=Markup(embedded_json(view)),  # noqa: S704  (holds no <, > or &)
    )


def page_templates() -> Environment:
    """The package's templates; what a document says is escaped."""
    templates = Environment(loader=PackageLoader("reports"), autoescape=True, undefined=StrictUndefined)
    templates.filters["check_title"] = check_title
    templates.filters["lower_first"] = lambda text: text[:1].lower() + text[1:]
    return templates


def _asset(templates: Environment, name: str) -> str:
    assert templates.loader is not None
    return templates.loader.get_source(templates, name)[0]
