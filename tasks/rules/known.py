"""What is known of a system: every answer of a recording parsed, and what could not be told with its reason."""
from __future__ import annotations

from typing import Any

from tasks.facts import all_facts
from tasks.model.answer import Answer, ContactState, Recording, Rows, Silence
from tasks.model.fact import Known, ShellFact, SqlFact, Unknown, Unreadable


def known_from(recording: Recording) -> Known:
    """Facts by their type. A parser that fails, for whatever reason, gives an Unknown: never an exception."""
    reached = recording.contact.state is ContactState.REACHED
    absent = "it was not asked" if reached else recording.contact.detail or recording.contact.state.value
    by_type: dict[type, Any] = {}
    for fact in all_facts():
        answers = recording.shell if isinstance(fact, ShellFact) else recording.sql
        answer = answers.get(fact.name)
        by_type[fact.of] = Unknown(fact.name, absent) if answer is None else told(fact, answer)
    return Known(by_type)


def told(fact: ShellFact[Any] | SqlFact[Any], answer: Answer | Rows | Silence) -> Any:
    """What one answer says: the fact, or an Unknown."""
    if isinstance(answer, Silence):
        return Unknown(fact.name, answer.detail)
    try:
        if isinstance(fact, ShellFact) and isinstance(answer, Answer):
            return fact.parse(answer)
        if isinstance(fact, SqlFact) and isinstance(answer, Rows):
            return fact.parse(answer)
    except Unreadable as error:
        return Unknown(fact.name, str(error))
    except Exception as error:  # a defect of a parser must not take a whole sweep with it
        return Unknown(fact.name, f"its parser failed with {type(error).__name__}; report this as a defect")
    return Unknown(fact.name, "it was answered by something else than what was asked")
