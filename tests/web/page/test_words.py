"""Every language of the page says everything that English says, with the same values in it."""
from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from deployments.web.page_access import Why
from deployments.web.page_words import languages, length_text, moment_text, words_of
from reports import plain_words
from tasks.model.case import State
from tasks.model.event import EVENTS


def shape(said: Any) -> Any:
    if isinstance(said, dict):
        return {name: shape(value) for name, value in said.items()}
    return [shape(each) for each in said] if isinstance(said, list) else sorted(re.findall(r"\{\w*\}", str(said)))


@pytest.mark.parametrize("language", languages())
def test_a_language_has_all_words_with_their_values(language: str):
    assert shape(words_of(language)) == shape(words_of("en")) and words_of(language)["lang"] == language
    assert set(words_of(language)["states"]) == set(State) and set(words_of(language)["refused"]) == set(Why)
    kinds = {each["properties"]["kind"]["const"] for each in EVENTS.json_schema()["$defs"].values()
             if "kind" in each.get("properties", {}) and "const" in each["properties"]["kind"]}
    assert set(words_of(language)["events"]) - {"decision_yes", "decision_no"} <= kinds


def test_the_page_speaks_the_languages_of_the_notices():
    assert set(languages()) == set(plain_words.languages())


@pytest.mark.parametrize(("language", "seconds", "words"), [
    ("en", 1, "1 min"), ("en", 61, "2 min"), ("en", 3600, "1 h"), ("de", 5400, "1 Std. 30 Min."),
])
def test_a_length_of_time_is_never_less_than_it_is(language: str, seconds: float, words: str):
    assert length_text(seconds, words_of(language)) == words


def test_a_time_is_on_the_clients_clock():
    at = datetime(2026, 7, 1, 22, 30, tzinfo=UTC)
    assert moment_text(at, ZoneInfo("Europe/Berlin"), words_of("de")) == "2. Juli 2026, 00:30 Uhr"
    assert moment_text(at, ZoneInfo("Europe/London"), words_of("en")) == "1 July 2026, 23:30"
