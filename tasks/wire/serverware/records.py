"""SERVERware's records as typed values, by the field names of the profile. Only named fields are read."""
from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from pydantic import JsonValue

from tasks.model.profile_serverware import ServerwareApi
from tasks.model.release import Release
from tasks.model.serverware import CloneRef, Host, Pool, TaskEnd, TaskReport, Vps, VpsState

Record = dict[str, JsonValue]


class Malformed(ValueError):
    """A record is not as the profile says; the text has the field, never a value."""


def vps_of(record: JsonValue, api: ServerwareApi, hide: Callable[[str], str]) -> Vps:
    """``hide`` takes secrets out of the words of a task's error. Raises Malformed."""
    fields, found = api.fields, _mapping(record)
    told = _needed(found, fields.state)
    return Vps(
        id=_needed(found, fields.id), name=_text(found, fields.name) or "", engine=_text(found, fields.engine) or "",
        state=_state(told, api), state_told=told, task=_task(found, fields.task),
        host_id=_text(found, fields.host_id), memory_told=_text(found, fields.memory),
        release=_release(_text(found, fields.release)), origin=_text(found, fields.origin),
        last_task=_report(found, api, hide),
    )


def clone_of(record: JsonValue, api: ServerwareApi) -> CloneRef | None:
    """None for a VPS that is no clone. Raises Malformed."""
    fields, found = api.fields, _mapping(record)
    origin = _text(found, fields.origin)
    if origin is None:
        return None
    task, size = _task(found, fields.task), _number(found, fields.size_bytes)
    whole = found.get(fields.complete) is True if fields.complete else size is None or size > 0
    return CloneRef(
        id=_needed(found, fields.id), of=origin, label=_needed(found, fields.name),
        state=_state(_needed(found, fields.state), api), task=task, complete=whole and task is None, size_bytes=size,
        taken_at=_moment(found, fields.created_at),
    )


def has_note(record: JsonValue, api: ServerwareApi, note: str) -> bool:
    """Whether a clone bears this note; true where the profile names no field for it."""
    return api.fields.note is None or _mapping(record).get(api.fields.note) == note


def host_of(record: JsonValue) -> Host:
    found = _mapping(record)
    return Host(id=_needed(found, "id"), name=_text(found, "name") or "")


def pool_of(record: JsonValue, api: ServerwareApi) -> Pool:
    found = _mapping(record)
    size, free = _number(found, api.fields.pool_size_bytes), _number(found, api.fields.pool_free_bytes)
    if size is None or free is None:
        raise Malformed(f"has no {api.fields.pool_size_bytes} or {api.fields.pool_free_bytes} of the pool")
    return Pool(size_bytes=size, free_bytes=free)


def listed(data: JsonValue) -> list[JsonValue]:
    if not isinstance(data, list):
        raise Malformed("is not a list")
    return data


def _mapping(record: JsonValue) -> Record:
    if not isinstance(record, dict):
        raise Malformed("is not a record")
    return record


def _text(record: Record, field: str | None) -> str | None:
    value = record.get(field) if field else None
    if isinstance(value, dict | list):
        raise Malformed(f"has no plain value in {field}")
    return (str(value).strip() or None) if value is not None else None


def _needed(record: Record, field: str) -> str:
    value = _text(record, field)
    return value if value is not None else _gone(field)


def _gone(field: str) -> str:
    raise Malformed(f"has no {field}")


def _task(record: Record, field: str) -> str | None:
    """None only where the record says that there is none: a record without the field says nothing."""
    return _text(record, field) if field in record else _gone(field)


def _number(record: Record, field: str | None) -> int | None:
    told = _text(record, field)
    if told is None:
        return None
    if not told.isascii() or not told.isdigit():
        raise Malformed(f"has no whole number in {field}")
    return int(told)


def _moment(record: Record, field: str | None) -> datetime | None:
    told = _text(record, field)
    if told is None:
        return None
    try:
        moment = datetime.fromisoformat(told)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise Malformed(f"has no time with a zone in {field}")
    return moment


def _state(told: str, api: ServerwareApi) -> VpsState:
    if _among(told, api.words.running):
        return VpsState.RUNNING
    return VpsState.STOPPED if _among(told, api.words.stopped) else VpsState.OTHER


def _among(told: str, words: frozenset[str]) -> bool:
    return told.lower() in {word.lower() for word in words}


def _release(told: str | None) -> Release | None:
    try:
        return Release.parse(told) if told else None
    except ValueError:
        return None


def _report(record: Record, api: ServerwareApi, hide: Callable[[str], str]) -> TaskReport | None:
    fields = api.fields
    told = record.get(fields.last_task) if fields.last_task else None
    if told is None:
        return None
    found = _mapping(told)
    end = _text(found, fields.last_task_end)
    ends = [(api.words.task_done, TaskEnd.DONE), (api.words.task_interrupted, TaskEnd.INTERRUPTED)]
    return TaskReport(
        id=_needed(found, fields.last_task_id), action=_text(found, fields.last_task_action) or "",
        end=next((kind for words, kind in ends if _among(end, words)), TaskEnd.FAILED) if end else None,
        error=hide(_text(found, fields.last_task_error) or ""),
    )
