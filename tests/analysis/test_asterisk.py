"""Modules that were built for another Asterisk, and errors by the source that reports them."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.analysis.asterisk import by_source, foreign_modules
from tasks.model.facts import Module, Modules
from tasks.model.profile import Profile

PROFILE = Profile(name="p", modules_without_sum=("own.so",))
OWN = (Module("own.so", None, 1),)


def test_a_module_is_foreign_when_its_build_sum_differs_or_is_missing() -> None:
    modules = Modules((Module("a.so", "1", 1), Module("b.so", None, 1), Module("c.so", "2", 1), *OWN), "1")
    assert [module.name for module in foreign_modules(modules, PROFILE)] == ["b.so", "c.so"]


def test_without_asterisks_own_sum_nothing_is_called_foreign() -> None:
    assert foreign_modules(Modules((Module("b.so", None, 1),), None), PROFILE) == ()


@pytest.mark.parametrize(
    ("line", "source"),
    [
        ("ERROR chan_sip.c: Unable to bind", "chan_sip.c"),
        ("ERROR res_pjsip/config_transport.c: Transport 'tls' could not be started", "res_pjsip/config_transport.c"),
        ("WARNING loader.c: Error loading module 'x.so': no file", "loader.c"),
        ("chan_sip.c: Unable to bind", "chan_sip.c"),
        ("Unable to load config rtp.conf: line 3", "asterisk"),
        ("", "asterisk"),
    ],
)
def test_a_line_belongs_to_the_source_that_wrote_it(line: str, source: str) -> None:
    assert by_source([line]) == {source: (line,)}


@given(st.lists(st.text()))
def test_no_line_is_lost(lines: list[str]) -> None:
    kept = [line for said in by_source(lines).values() for line in said]
    assert sorted(kept) == sorted(lines)
