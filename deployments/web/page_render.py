"""The client's page as HTML: escaped, without scripts; its one style sheet stands in it and is allowed by its hash."""
from __future__ import annotations

import base64
import hashlib
from functools import cache
from typing import Any

from fastapi.responses import HTMLResponse
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from deployments.web.page_access import Why
from deployments.web.page_words import words_of
from reports.text import visible

ALWAYS = {
    "Referrer-Policy": "same-origin",       # with no-referrer browsers send forms without their origin
    "X-Robots-Tag": "noindex, nofollow, noarchive",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "Cache-Control": "no-store",
}


@cache
def _environment() -> Environment:
    return Environment(loader=PackageLoader("deployments.web"), autoescape=True, undefined=StrictUndefined,
                       trim_blocks=True, lstrip_blocks=True, finalize=_shown)


def _shown(value: Any) -> Any:
    return visible(value) if type(value) is str else value


@cache
def _style() -> tuple[str, str]:
    """The style sheet and its hash, as a policy names it."""
    loader = _environment().loader
    assert loader is not None
    text = loader.get_source(_environment(), "page.css")[0]
    return text, base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def policy(*, forms: bool) -> str:
    sent = "'self'" if forms else "'none'"
    return (f"default-src 'none'; style-src 'sha256-{_style()[1]}'; form-action {sent}; frame-ancestors 'none'; "
            "base-uri 'none'")


def html(template: str, language: str, *, status: int = 200, forms: bool = False, **told: Any) -> HTMLResponse:
    words = words_of(language)
    text = _environment().get_template(template).render(
        words=words, style=Markup(_style()[0]), **told)  # noqa: S704  (the package's own file)
    headers = {**ALWAYS, "Content-Language": words["lang"], "Content-Security-Policy": policy(forms=forms)}
    return HTMLResponse(text, status, headers=headers)


def refused(status: int, why: Why, language: str, back: str | None = None) -> HTMLResponse:
    """A plain page; ``back`` is the address of the client's own page, where it can be opened."""
    title, text = words_of(language)["refused"][why]
    answer = html("refused.html.j2", language, status=status, title=title, text=text, back=back)
    if status in (429, 503):
        answer.headers["Retry-After"] = "60"
    return answer
