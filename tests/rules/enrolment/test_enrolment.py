"""A host key is recorded on an operator's word alone, and a changed one only when he names the system."""
from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.model.errors import UserError
from tasks.rules.enrolment import Key, State, Word, judge_key, read_fingerprints

OLD, NEW, OTHER = (f"SHA256:{letter * 43}" for letter in "ABC")
NOBODY = Word(frozenset(), {}, frozenset())
SHOWN = Key("acme", "192.0.2.1", 2020, NEW)


def word(*accepted: str, listed: str | None = None, replaced: str | None = None) -> Word:
    return Word(
        frozenset(accepted), {("192.0.2.1", 2020): frozenset({listed})} if listed else {},
        frozenset({replaced}) if replaced else frozenset(),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("recorded", "said", "state"),
    [
        ((), NOBODY, State.NEW),
        ((), word(NEW), State.CONFIRMED),
        ((), word(OTHER), State.NEW),
        ((), word(listed=NEW), State.CONFIRMED),
        ((), word(listed=OTHER), State.MISMATCH),
        ((), word(NEW, listed=OTHER), State.MISMATCH),
        ((NEW,), NOBODY, State.KNOWN),
        ((OLD, NEW), NOBODY, State.KNOWN),
        ((NEW,), word(listed=OTHER), State.MISMATCH),
        ((OLD,), NOBODY, State.CHANGED),
        ((OLD,), word(NEW), State.CHANGED),
        ((OLD,), word(listed=NEW), State.CHANGED),
        ((OLD,), word(replaced="acme"), State.CHANGED),
        ((OLD,), word(NEW, replaced="bolt"), State.CHANGED),
        ((OLD,), word(OTHER, replaced="acme"), State.CHANGED),
        ((OLD,), word(NEW, replaced="acme"), State.REPLACED),
        ((OLD,), word(listed=NEW, replaced="acme"), State.REPLACED),
    ],
)
def test_what_becomes_of_a_key(recorded: tuple[str, ...], said: Word, state: State) -> None:
    assert judge_key(SHOWN, recorded, said)[0] is state


def test_a_system_that_shows_no_key_is_silent_whatever_was_said() -> None:
    assert judge_key(Key("acme", "192.0.2.1", 2020, None), (OLD,), word(NEW, replaced="acme"))[0] is State.SILENT


@given(
    shown=st.sampled_from([OLD, NEW, OTHER]), recorded=st.sets(st.sampled_from([OLD, NEW, OTHER])),
    accepted=st.sets(st.sampled_from([OLD, NEW, OTHER])), replaced=st.sets(st.sampled_from(["acme", "bolt"])),
)  # fmt: skip
def test_nothing_is_recorded_that_was_not_spelled_out(
    shown: str, recorded: set[str], accepted: set[str], replaced: set[str]
) -> None:
    said = Word(frozenset(accepted), {}, frozenset(replaced))
    state, _ = judge_key(Key("acme", "h", 22, shown), tuple(recorded), said)
    if state in (State.CONFIRMED, State.REPLACED):
        assert shown in accepted
        assert (state is State.REPLACED) == bool(recorded)
        assert not recorded or "acme" in replaced


def test_a_file_of_verified_fingerprints_is_read_by_address() -> None:
    text = f"# by phone\n192.0.2.1:2020 {NEW}\nPBX.example.net:22 {OLD}  # console\n[2001:db8::1]:2020 {OTHER}\n"
    assert read_fingerprints(text, "f") == {
        ("192.0.2.1", 2020): {NEW}, ("pbx.example.net", 22): {OLD}, ("2001:db8::1", 2020): {OTHER},
    }  # fmt: skip


@pytest.mark.parametrize("line", [f"192.0.2.1 {NEW}", "192.0.2.1:2020", "h:2020 MD5:00", f":22 {NEW}", f"h:x {NEW}"])
def test_a_line_that_is_none_is_told(line: str) -> None:
    with pytest.raises(UserError, match=r"keys\.txt:2 "):
        read_fingerprints(f"# first\n{line}\n", "keys.txt")


@pytest.mark.parametrize("said", [word("SHA256:short"), word(replaced="nobody")])
def test_a_word_that_means_nothing_is_refused(said: Word) -> None:
    with pytest.raises(UserError):
        said.check({"acme"})
