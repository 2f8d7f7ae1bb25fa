"""The frame of answers: anything a system says comes back as it was said, and a cut loses only what had not ended."""
from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tasks.model.answer import Answer, Silence, Why
from tasks.wire.shell import Question, asked, compose, done, framed
from tasks.wire.splitter import Splitter, split

NONCE = "n0nce" * 6
CUT = Silence(why=Why.NOT_ASKED, detail="cut")
LIMIT = 60
# Pieces that tempt: newlines at the edges, half a mark, a mark of another visit, bytes that are not UTF-8.
PIECES = st.sampled_from([b"\n", b"\r\n", b"begin a", f"\n{NONCE[:-1]}".encode(), f"{NONCE}x".encode(),
                          b"\nanother0nonce0000 end q0 0\n", b"\xff\xfe", b"\0", b"text", "\N{EURO SIGN}".encode()])
MARK = f"\n{NONCE} ".encode()
DATA = st.lists(PIECES | st.binary(max_size=9), max_size=6).map(b"".join).filter(lambda data: MARK not in b"\n" + data)
Said = list[tuple[bytes, bytes, int]]
ANSWERS = st.lists(st.tuples(DATA, DATA, st.sampled_from([0, 1, 2, 127, 141, 255])), max_size=5)


def questions(count: int) -> tuple[Question, ...]:
    return tuple(Question(f"q{number}", "true", 5) for number in range(count))


def streams(answers: Said) -> tuple[bytes, bytes]:
    out = (framed(NONCE, f"q{number}", code, out) for number, (out, _, code) in enumerate(answers))
    err = (framed(NONCE, f"q{number}", code, err) for number, (_, err, code) in enumerate(answers))
    return b"".join((*out, done(NONCE))), b"".join((*err, done(NONCE)))


def expected(out: bytes, err: bytes, code: int) -> Answer:
    return Answer(
        exit_code=code, stdout=out[:LIMIT].decode("utf-8", "replace"), stderr=err[:LIMIT].decode("utf-8", "replace"),
        truncated=len(out) > LIMIT,
    )


@given(ANSWERS)
def test_whatever_was_said_comes_back(answers: Said) -> None:
    told = split(NONCE, questions(len(answers)), *streams(answers), LIMIT, CUT)
    assert told == {f"q{number}": expected(*answer) for number, answer in enumerate(answers)}


@given(ANSWERS, st.lists(st.integers(1, 40), min_size=1))
def test_it_does_not_matter_how_the_bytes_are_dealt_out(answers: Said, sizes: list[int]) -> None:
    out, err = streams(answers)
    splitter = Splitter(NONCE, questions(len(answers)), LIMIT)
    place = turn = 0
    while place < max(len(out), len(err)):
        size = sizes[turn % len(sizes)]
        splitter.feed(out[place : place + size], err[place : place + size])
        place, turn = place + size, turn + 1
    assert splitter.done
    assert splitter.answers(CUT) == {f"q{number}": expected(*answer) for number, answer in enumerate(answers)}


@given(ANSWERS, st.data())
def test_a_cut_anywhere_loses_only_what_had_not_ended(answers: Said, data: st.DataObject) -> None:
    out, err = streams(answers)
    cut = data.draw(st.integers(0, len(out)))
    splitter = Splitter(NONCE, questions(len(answers)), LIMIT)
    splitter.feed(out[:cut], err)
    told = splitter.answers(CUT)
    end = 0
    for number, answer in enumerate(answers):
        start, end = end, end + len(framed(NONCE, f"q{number}", answer[2], answer[0]))
        name = f"q{number}"
        begun = start + len(framed(NONCE, name, 0, b"")) - len(f"\n{NONCE} end {name} 0\n")
        if cut >= end:
            assert told[name] == expected(*answer)
        elif cut >= begun:
            assert told[name] == CUT
            assert splitter.open == name
        else:
            assert name not in told
    assert {question.name for question in splitter.unbegun()} == {f"q{n}" for n in range(len(answers))} - set(told)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_noise_is_no_answer(out: bytes, err: bytes) -> None:
    splitter = Splitter(NONCE, questions(2), LIMIT)
    splitter.feed(out, err)
    assert splitter.answers(CUT) == {}


def test_endless_output_takes_no_more_memory_than_its_bound() -> None:
    splitter = Splitter(NONCE, questions(1), LIMIT)
    splitter.feed(f"\n{NONCE} begin q0\n".encode())
    for _ in range(2000):
        splitter.feed(b"x" * 1000, b"y" * 1000)
    kept = [(*stream.said.values(), stream._pending) for stream in (splitter._out, splitter._err)]
    assert sum(len(said) for both in kept for said in both) < 4 * LIMIT + 200
    assert splitter.received_bytes > 4_000_000


def test_an_endless_mark_takes_no_memory_either() -> None:
    splitter = Splitter(NONCE, questions(1), LIMIT)
    splitter.feed(f"\n{NONCE} begin q0\n\n{NONCE} end q0 ".encode())
    for _ in range(2000):
        splitter.feed(b"9" * 1000)
    assert len(splitter._out._pending) < 1000
    assert splitter.answers(CUT) == {"q0": CUT}


def test_an_answer_cannot_end_another_question() -> None:
    splitter = Splitter(NONCE, questions(2), LIMIT)
    splitter.feed(f"\n{NONCE} begin q0\nx\n{NONCE} end q1 0\n\n{NONCE} begin q1\n".encode())
    assert splitter.open == "q0"
    assert splitter.answers(CUT) == {"q0": CUT}


def test_a_script_is_read_back_as_it_was_composed() -> None:
    told = (Question("identity", "uname -a; echo 'it''s' \"$HOME\" `id` \\ é", 5), Question("mounts", "df", 2.6))
    assert asked(compose(told, NONCE, 100)) == (NONCE, (told[0], Question("mounts", "df", 3.0)))
