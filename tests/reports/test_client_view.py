"""What a client is told: the words of each finding and action, what is new, what comes next."""
from __future__ import annotations

from datetime import date

import pytest

from reports.client_view import ClientView, NextStep, Situation, client_view
from reports.plain_words import languages, plain_words, spoken
from tasks.model.finding import Finding, Outcome, Waiver, WaiverSource
from tests.reports.told import (
    ARCHIVE,
    BROKEN,
    CALLS,
    CHECKS,
    MOVE,
    NOTE,
    PHONES,
    SPACE,
    approval,
    case,
    found,
    system,
)


def view(*findings: Finding, language: str = "en", **changed: object) -> ClientView:
    return client_view(case(*findings, **changed), findings, system(), language=language)


def test_each_finding_is_told_with_what_happens_if_nothing_is_done() -> None:
    told = view(CALLS, SPACE)
    assert [point.check_id for point in told.points] == ["sufficient_space", "cdr_table_size"]     # what blocks first
    for point in told.points:
        assert (point.what, point.otherwise) == (CHECKS[point.check_id].client_text, CHECKS[point.check_id].otherwise)


def test_an_action_is_told_with_who_does_it_its_interruption_and_whether_it_can_be_undone() -> None:
    act = view(BROKEN).act("repair_table")
    assert act is not None
    assert (act.kind, act.downtime_s, act.reversible, act.needs_approval) == ("command", 600, False, True)
    assert act.about == (CHECKS["damaged_tables"].client_text,) and "is lost" in act.text


def test_one_action_for_many_findings_is_told_once_and_so_are_findings_that_read_the_same() -> None:
    many = [found("trunk_down", f"line {n}", MOVE) for n in range(8)]
    told = view(*many, found("chan_sip_in_use", "chan_sip", MOVE))
    assert [act.id for act in told.acts] == ["move_to_pjsip"]
    assert [len(point.subjects) + point.more for point in told.points] == [8, 0]
    assert told.points[0].subjects[0] == "line 0" and told.points[0].more == 3


def test_subjects_that_only_engineers_understand_are_not_told() -> None:
    assert view(SPACE).points[0].subjects == ()


@pytest.mark.parametrize(("findings", "situation", "following"), [
    ((), Situation.READY, NextStep.DATE),
    ((CALLS,), Situation.ACTIONS_NEEDED, NextStep.DECIDE),
    ((SPACE,), Situation.BLOCKED, NextStep.DECIDE),
    ((found("supported_hop", "hop", blocking=True),), Situation.BLOCKED, NextStep.TALK),
    ((found("backup_or_updater_running", "dpkg", NOTE, blocking=True),), Situation.BLOCKED, NextStep.OURS),
])
def test_how_things_stand_and_what_comes_next(
    findings: tuple[Finding, ...], situation: Situation, following: NextStep
) -> None:
    told = view(*findings)
    assert (told.situation, told.next_step) == (situation, following) and told.next_words


def test_decisions_count_while_the_approval_covers_the_plan() -> None:
    told = view(CALLS, BROKEN, approval=approval(CALLS, BROKEN, archive_old_cdr=True, repair_table=False))
    assert [(act.id, act.approved) for act in told.acts] == [("archive_old_cdr", True), ("repair_table", False)]
    assert told.next_step is NextStep.OURS


def test_what_got_worse_is_told_as_new_and_is_to_be_decided_anew() -> None:
    told = view(CALLS, PHONES, approval=approval(CALLS, BROKEN, archive_old_cdr=True, repair_table=True))
    assert told.situation is Situation.WORSE and told.next_step is NextStep.DECIDE
    assert told.changes.new == (CHECKS["chan_sip_in_use"].client_text,)
    assert told.changes.gone == (CHECKS["damaged_tables"].client_text,)
    assert [(point.check_id, point.new) for point in told.points] == [("chan_sip_in_use", True),
                                                                      ("cdr_table_size", False)]
    assert {act.approved for act in told.acts} == {None}


def test_what_was_done_and_what_stays_as_it_is_are_told() -> None:
    waived = CALLS.model_copy(update={"waiver": Waiver(
        check_id="cdr_table_size", owner="Ann Field", reason="too early", expires_on=date(2027, 2, 1),
        source=WaiverSource.CASE)})
    told = client_view(
        case(waived, approval=approval(CALLS, BROKEN, repair_table=True, archive_old_cdr=False),
             remediated=("repair_table",)),
        (waived,), system(), language="en")
    assert told.situation is Situation.DONE and not told.points
    assert told.done == (plain_words("en").action("repair_table"),) and told.left == (
        CHECKS["cdr_table_size"].client_text,)


def test_an_unknown_is_told_as_not_checked_yet() -> None:
    point = view(found("damaged_tables", "system", outcome=Outcome.UNKNOWN)).points[0]
    assert "could not check" in point.what and point.otherwise != CHECKS["damaged_tables"].otherwise


def test_nothing_that_a_system_says_breaks_a_line_or_reorders_it() -> None:
    told = client_view(case(CALLS), [found("trunk_down", "a\r\nb\u202ec\x00", ARCHIVE)],
                       system(client="Acme \u202eLtd"), language="en")
    said = repr(told.points) + told.client
    assert not set(said) & set("\r\n\u202e\x00") and "\\n" not in said and "\\u202e" not in said


@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS)
def test_each_check_has_its_words_in_every_language(check: object) -> None:
    for language in languages():
        if language == "en":
            continue
        words, finding = plain_words(language), found(check.id, "x")        # type: ignore[attr-defined]
        assert words.what(finding) not in ("", check.client_text)           # type: ignore[attr-defined]
        assert bool(words.otherwise(finding)) == bool(check.otherwise)      # type: ignore[attr-defined]
        assert not check.otherwise or words.otherwise(finding) != check.otherwise      # type: ignore[attr-defined]


def _remediations() -> list[str]:
    """Of every module below tasks, as they are written there."""
    import re
    from pathlib import Path

    import tasks

    folder = Path(tasks.__path__[0])
    text = "".join(path.read_text() for path in [*folder.glob("checks/*.py"), *folder.glob("analysis/*.py")])
    return sorted(set(re.findall(r'Remediation\(\s*id="([a-z0-9_]+)"', text)))


def test_each_remediation_has_its_words_in_every_language() -> None:
    names = _remediations()
    assert len(names) > 50 and "archive_old_cdr" in names
    for language in languages():
        words = plain_words(language)
        assert [name for name in names if words.action(name) == name] == []
        assert language == "en" or [name for name in names if words.action(name) == plain_words("en").action(name)
                                    ] == []


def test_every_phrase_is_there_in_every_language_with_the_same_blanks() -> None:
    import re

    from reports.plain_words import _read

    def blanks(value: object) -> object:
        if isinstance(value, dict):
            return {key: blanks(each) for key, each in value.items()}
        return sorted(re.findall(r"{\w+}", value if isinstance(value, str) else " ".join(value)))

    assert {"en", "de"} <= set(languages())
    for language in languages():
        assert blanks(_read(language, "phrases")) == blanks(_read("en", "phrases"))
        assert set(_read(language, "catalogue")) == {"actions", "checks", "texts"}


def test_own_sentences_of_checks_are_translated_too() -> None:
    hop = found("supported_hop", "hop", client_text="Your phone system runs a newer version than the planned one.")
    assert view(hop, language="de").points[0].what.startswith("Ihre Telefonanlage läuft")


@pytest.mark.parametrize(("asked", "got"), [("de-AT", "de"), ("de", "de"), ("sq", "en"), ("en-GB", "en")])
def test_a_language_that_is_not_spoken_is_english(asked: str, got: str) -> None:
    assert spoken(asked) == got
