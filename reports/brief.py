"""report.pdf: the summary for managers on paper. Its length does not grow with the fleet."""
from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment
from markupsafe import Markup

from reports.files import replacing
from reports.text import shortened
from reports.views import FleetView
from tasks.model.errors import UserError
from tasks.model.finding import Verdict

if TYPE_CHECKING:
    from weasyprint.urls import URLFetcher

BLOCKED = 120               # blocked systems that are named, about fifteen pages
MOST_CHECKS = 15
_SUMMARY_CHARACTERS = 220


def require_pdf() -> None:
    """Raise UserError where the libraries that draw a PDF are not installed: before a sweep, not after it."""
    try:
        import weasyprint  # noqa: F401
    except OSError:         # Pango is loaded as WeasyPrint is imported
        raise UserError(
            "pdf_unavailable", "the libraries that make report.pdf are not installed",
            "run `apt install libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0`",
        ) from None


def write_brief(path: Path, view: FleetView, templates: Environment, style: str) -> None:
    """The same view gives the same bytes. Raises UserError as ``require_pdf``."""
    require_pdf()
    import weasyprint

    html = brief_page(view, templates, style)
    logging.getLogger("weasyprint").setLevel(logging.ERROR)          # its notes on style sheets are for their authors
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    document = weasyprint.HTML(string=html, url_fetcher=_no_network())
    with replacing(path) as temporary:
        document.write_pdf(temporary, pdf_identifier=view.sweep_id.encode(), pdf_tags=True)


def brief_page(view: FleetView, templates: Environment, style: str) -> str:
    """The HTML that becomes the PDF."""
    templates.filters["short"] = lambda text: shortened(text, _SUMMARY_CHARACTERS)
    blocked = [system for system in view.systems if system.verdict is Verdict.BLOCKED]
    return templates.get_template("brief.html.j2").render(
        view=view, style=Markup(style), blocked=blocked[:BLOCKED], blocked_count=len(blocked),  # noqa: S704  (our own)
        most_checks=MOST_CHECKS,
    )


def _no_network() -> URLFetcher:
    """Nothing that a document names is fetched: neither from the network nor from a file."""
    from weasyprint.urls import URLFetcher

    return URLFetcher(allowed_protocols=())
