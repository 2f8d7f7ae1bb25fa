"""Five million calls in MyISAM, an index on calldate: archived, killed twice, none lost, none doubled."""
from __future__ import annotations

from typing import Any

import pytest

from tests.prove.archive_rig import noting, proven, served

pytestmark = pytest.mark.prove


def test_each_call_is_in_one_place_and_no_new_one_waits(record_property: Any, capsys: Any) -> None:
    with served() as server:
        proven(server, "MyISAM", indexed=True, note=noting(record_property, capsys))
