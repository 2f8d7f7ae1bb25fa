"""The profile's section for SERVERware: what could do harm or cannot be followed is refused when it is read."""
from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from tasks.model.profile import Profile
from tasks.model.profile_serverware import Action, ServerwareApi

POST = {"method": "POST"}
POOL = {"path": "/storage"}


def test_an_empty_section_has_the_observed_reads_and_no_action() -> None:
    api = ServerwareApi()
    assert (api.base, api.token_header) == ("/api/networks/1", "SW-API-Token")
    assert {action for action in Action if api.endpoints.of(action)} == set()


@pytest.mark.parametrize(("section", "said"), [
    ({"endpoints": {"vps": {"path": "/vpses"}}}, "write {vps_id}"),
    ({"endpoints": {"hosts": {"path": "/hosts", "method": "POST"}}}, "hosts is read; write method: GET"),
    ({"endpoints": {"stop": {"path": "/vpses/{vps_id}/stop"}}}, "stop changes something"),
    ({"endpoints": {"stop": {**POST, "path": "/stop"}}}, "stop does not tell {vps_id}"),
    ({"endpoints": {"stop": {**POST, "path": "/{vps_id}/{label}"}}}, "stop cannot tell {label}"),
    ({"endpoints": {"stop": {**POST, "path": "/{vps_id}/{vps_id.__class__}"}}}, "not"),
    ({"endpoints": {"stop": {"method": "PUT", "path": "/vpses/{vps_id}"}}}, "replaces the whole record"),
    ({"endpoints": {"clone": {**POST, "path": "/{vps_id}/clone"}}}, "clone does not tell {label}"),
    ({"endpoints": {"clone": {**POST, "path": "/{vps_id}/clone", "body": {"name": "{label}"}}}}, "fields.origin"),
    ({"endpoints": {"restore": {**POST, "path": "/{vps_id}/{clone_id}"}}, "fields": {"origin": "o"}}, "looks at sizes"),
    ({"endpoints": {"delete_clone": {"method": "DELETE", "path": "/vpses/{vps_id}"}}}, "does not tell {clone_id}"),
    ({"fields": {"name": "root_password"}}, "may hold a secret"),
    ({"fields": {"origin": "description"}}, "may hold a secret"),
    ({"fields": {"memory": "API_key"}}, "may hold a secret"),
    ({"base": "/api/{vps_id}"}, "write it out"),
    ({"base": "http://elsewhere"}, "pattern"),
    ({"token_header": "X: y"}, "pattern"),
    ({"waits": {"poll_s": 0}}, "greater than 0"),
])  # fmt: skip
def test_a_section_that_could_do_harm_is_refused(section: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as told:
        ServerwareApi.model_validate(section)
    assert said in str(told.value)


def test_the_place_of_notes_may_be_the_description_since_it_is_only_compared() -> None:
    assert ServerwareApi.model_validate({"fields": {"note": "description"}}).fields.note == "description"


def test_one_profile_has_one_digest_whatever_the_order_of_its_words() -> None:
    digests = {
        Profile.model_validate({"name": "a", "serverware": {"words": {"running": words}}}).digest
        for words in (["on", "up", "running", "started"], ["started", "running", "up", "on"])
    }
    assert len(digests) == 1
    assert digests != {Profile(name="a").digest}
