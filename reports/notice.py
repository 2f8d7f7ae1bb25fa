"""The notice of a case to one reader, as text and as HTML: what ``client_view`` tells, with the words of its language.

A language may bring templates of its own in ``templates/notices/<language>/``; the others share one layout.
"""
from __future__ import annotations

import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from reports.client_view import Act, ClientView, NextStep, Point, Situation
from reports.plain_words import plain_words
from reports.render import page_templates
from reports.text import one_line

WIDTH = 76                  # of a text mail's lines


@dataclass(frozen=True, slots=True)
class Reader:
    """``deciders``: who decides where this contact does not. ``link``: the reader's own page, None where none is
    served."""

    name: str
    decides: bool = True
    deciders: tuple[str, ...] = ()
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Section:
    """A finding with what can be done about it; ``also``: actions that stand in full with an earlier one."""

    point: Point
    acts: tuple[Act, ...]
    also: tuple[Act, ...]


def notice_subject(view: ClientView) -> str:
    return _filled(view, "subject", view.situation.value)


def notice_text(view: ClientView, reader: Reader) -> str:
    """The whole notice as plain text, lines of at most 76 characters but for the link."""
    return _rendered(view, reader, "txt").strip() + "\n"


def notice_html(view: ClientView, reader: Reader) -> str:
    """One HTML document for mail programs: tables, styles inline, nothing from elsewhere."""
    return _rendered(view, reader, "html")


def ticket_text(view: ClientView, longest: int) -> str:
    """The same words for a ticket, which others may read too: no link, nobody's name.

    Where that is more than ``longest`` characters, what was found is told and the rest left to the mail.
    """
    page = one_line(str(plain_words(view.language).phrases["ticket_page"]))
    asks = view.next_step is NextStep.DECIDE
    whole = "\n\n".join([_rendered(view, None, "txt").strip(), *([page] if asks else [])])
    if len(whole) <= longest:
        return whole
    points = "\n".join(f"- {point.what}" for point in view.points)
    ending = f"\n\n{view.next_words}\n\n{page}"
    begin = "\n\n".join([_filled(view, "headline", view.situation.value), *_opening(view), points])
    return begin[: longest - len(ending) - 2].rstrip() + (" …" if len(begin) + len(ending) > longest else "") + ending


def length_text(seconds: float, phrases: Any) -> str:
    """Rounded up to whole minutes: nobody is promised less than it takes."""
    hours, minutes = divmod(max(1, -(-round(seconds) // 60)), 60)
    parts = [(hours, phrases["hours"]), (minutes, phrases["minutes"])]
    return " ".join(words[number != 1].format(n=number) for number, words in parts if number)


def _rendered(view: ClientView, reader: Reader | None, kind: str) -> str:
    phrases, templates = plain_words(view.language).phrases, page_templates()
    templates.filters["length"] = lambda seconds: length_text(seconds, phrases)
    templates.filters["wrap"] = _wrap
    template = templates.select_template([f"notices/{view.language}/notice.{kind}.j2", f"notices/notice.{kind}.j2"])
    return template.render(
        view=view, reader=reader, p=phrases, sections=tuple(_sections(view)), subject=notice_subject(view),
        headline=_filled(view, "headline", view.situation.value), opening=tuple(_opening(view)),
        fill=lambda text, **values: one_line(text.format(**values)),
        asks=view.next_step is NextStep.DECIDE, worse=view.situation is Situation.WORSE,
    )


def _opening(view: ClientView) -> Iterator[str]:
    yield _filled(view, "opening", view.situation.value)
    if view.situation is Situation.DONE:
        yield _filled(view, "after_done", view.verdict.value)


def _filled(view: ClientView, name: str, which: str) -> str:
    text = plain_words(view.language).phrases[name][which]
    return one_line(text.format(target=view.target, client=view.client, order=view.order))


def _sections(view: ClientView) -> Iterator[Section]:
    told: set[str] = set()
    for point in view.points:
        acts = [act for name in point.acts if (act := view.act(name)) is not None]
        yield Section(point, tuple(act for act in acts if act.id not in told),
                      tuple(act for act in acts if act.id in told))
        told |= {act.id for act in acts}


def _wrap(text: str, first: str = "", rest: str | None = None) -> str:
    return textwrap.fill(text, WIDTH, initial_indent=first, subsequent_indent=first if rest is None else rest,
                         break_long_words=False, break_on_hyphens=False)
