"""A person's own words in a mail: without what they quote, and without their signature."""
from __future__ import annotations

import re
from html.parser import HTMLParser

_CUT = (
    re.compile(r"-{2,}\s*(original message|forwarded message|urspr\u00fcngliche nachricht|weitergeleitete "
               r"nachricht)\b.*", re.I),
    re.compile(r"(on|am|le|el)\b.{5,200}\b(wrote|schrieb|a \u00e9crit|escribi\u00f3)\b.{0,120}:", re.I),
    re.compile(r"_{10,}"),
    re.compile(r"-- ?"),
)
_HEADER = re.compile(r"\*?(from|von|de)\*?\s*:\s*\S.*", re.I)
_HEADERS_GO_ON = re.compile(r"\*?(sent|gesendet|date|datum|to|an|subject|betreff)\*?\s*:", re.I)
_SKIPPED = frozenset({"style", "script", "head", "blockquote", "title"})
_BREAKS = frozenset({"p", "br", "div", "li", "tr", "h1", "h2", "h3"})
_LONGEST = 200_000              # characters of a mail that are looked at


def own_words(text: str) -> str:
    lines = text[:_LONGEST].splitlines()
    kept = []
    for number, line in enumerate(lines):
        told = line.strip()
        if told.startswith(">"):
            continue
        following = [each.strip() for each in lines[number + 1:number + 4]]
        wrapped = f"{told} {following[0] if following else ''}"
        if any(cut.fullmatch(told) for cut in _CUT) or _CUT[1].fullmatch(wrapped):
            break
        if _HEADER.fullmatch(told) and any(_HEADERS_GO_ON.match(each) for each in following):
            break
        kept.append(line.rstrip())
    return "\n".join(kept).strip()


class _Words(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _SKIPPED:
            self._inside.append(tag)
        elif tag in _BREAKS:
            self.said.append("\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in self._inside:
            del self._inside[self._inside.index(tag):]
        elif tag in _BREAKS:
            self.said.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._inside:
            self.said.append(data)


def words_of_html(page: str) -> str:
    """What a reader sees of it, without quotations."""
    reader = _Words()
    reader.feed(page[:_LONGEST])
    reader.close()
    return re.sub(r"\n\s*\n+", "\n", "".join(reader.said)).strip()
