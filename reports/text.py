"""Text that came from clients and their systems, made harmless for every place that it is written to.

Escaping for HTML and XML is done by Jinja2, matplotlib and XlsxWriter; here is what they leave alone: characters that
no file may hold, characters that reorder what a reader sees, and cells that a spreadsheet would run as a formula.
"""
from __future__ import annotations

import re

_UNWRITABLE = re.compile("[\ud800-\udfff\ufffe\uffff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029]")
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")          # embeddings, overrides and isolates
_FORMULA = re.compile(r"[\s\ufeff]*[=+\-@\uff1d\uff0b\uff0d\uff20]|[\t\r\n]")
_INNER_FORMULA = re.compile(r"([;\t\r\n]\s*)(?=[=+\-@\uff1d\uff0b\uff0d\uff20])")


def writable(text: str) -> str:
    """The text without halves of characters: what Python holds but UTF-8 and Parquet refuse."""
    return _UNWRITABLE.sub("\ufffd", text)


def visible(text: str) -> str:
    """The text as it may be shown: control and reordering characters become U+FFFD, so that nothing hides in it.

    Line breaks and tabs stay, and so do the marks that right-to-left names rightly use (U+200E, U+200F).
    """
    return _REORDERING.sub("\ufffd", _CONTROL.sub("\ufffd", writable(text)))


def one_line(text: str) -> str:
    """The text on one line, for titles and labels."""
    return " ".join(visible(text).split())


def shortened(text: str, limit: int) -> str:
    """At most ``limit`` characters on one line, with an ellipsis where it was cut."""
    line = one_line(text)
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def sentence(text: str) -> str:
    """The text with a capital at its beginning, where that is a plain word and not a name like codec_g729.so."""
    first = text.split(" ", 1)[0]
    return text[:1].upper() + text[1:] if first.rstrip(",;:.").isalpha() and first.islower() else text


def csv_cell(text: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, "CSV Injection"): such text begins with an apostrophe.

    So does what follows a semicolon, a tab or a line's end inside of it, where another country's spreadsheet begins a
    new cell.
    """
    shown = _INNER_FORMULA.sub(r"\1'", visible(text))
    return f"'{shown}" if _FORMULA.match(shown) else shown
