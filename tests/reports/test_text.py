from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.text import csv_cell, one_line, sentence, shortened, visible

ANY = st.text(st.characters(codec=None, exclude_categories=()), max_size=60)


@given(ANY)
def test_whatever_a_system_says_can_be_written_and_hides_nothing(text: str) -> None:
    shown = visible(text)
    assert len(shown) == len(text)
    assert shown.encode("utf-8").decode("utf-8") == shown
    assert not [one for one in shown if one in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\x00\x1b\x7f"]


@given(ANY, st.integers(2, 30))
def test_a_label_is_one_line_of_a_bounded_length(text: str, limit: int) -> None:
    assert len(shortened(text, limit)) <= limit
    assert "\n" not in one_line(text)


@given(ANY)
def test_no_text_becomes_a_formula(text: str) -> None:
    assert csv_cell(text).lstrip("\ufeff \v\f")[:1] not in tuple("=+-@\t\r\n＝＋－＠")


@given(ANY)
def test_no_part_of_a_text_becomes_a_formula_where_a_semicolon_parts_cells(text: str) -> None:
    for part in re.split("[;\t\r\n]", csv_cell(text)):
        assert part.lstrip(" \v\f\u00a0\u3000\ufeff")[:1] not in tuple("=+-@＝＋－＠")


@pytest.mark.parametrize(("text", "cell"), [
    ("Acme;=cmd|' /C calc'!A0", "Acme;'=cmd|' /C calc'!A0"), ("a\n=1+1", "a\n'=1+1"), ("a\t@SUM(1)", "a\t'@SUM(1)"),
    ("a; b", "a; b"), ("2 - 1", "2 - 1"),
])
def test_a_formula_inside_of_a_cell_is_text_too(text: str, cell: str) -> None:
    assert csv_cell(text) == cell


def test_the_marks_of_a_right_to_left_name_stay() -> None:
    assert visible("\u200fשלום") == "\u200fשלום"


@pytest.mark.parametrize(("text", "read"), [
    ("mend it", "Mend it"), ("codec_g729.so is foreign", "codec_g729.so is foreign"), ("", ""),
    ("/ is full", "/ is full"), ("first, then", "First, then"), ("pbxWare", "pbxWare"),
])
def test_a_sentence_begins_with_a_capital_where_it_begins_with_a_word(text: str, read: str) -> None:
    assert sentence(text) == read
