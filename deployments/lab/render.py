"""Configuration and SQL from the lab's templates."""
from __future__ import annotations

from pathlib import Path

import jinja2

_TEMPLATES = jinja2.Environment(  # noqa: S701  (configuration files and SQL of our own values; nothing is HTML)
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True,
)


def render(template: str, **values: object) -> str:
    return _TEMPLATES.get_template(template).render(**values)


def names(folder: str) -> list[str]:
    """The templates in ``folder``, as ``render`` takes them."""
    return [name for name in _TEMPLATES.list_templates() if name.startswith(f"{folder}/")]
