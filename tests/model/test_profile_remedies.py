"""A profile cannot name for clearing what a system cannot do without."""
from __future__ import annotations

import pytest
from pydantic import ValidationError

from tasks.analysis.crashed import repairable
from tasks.model.profile import Profile


@pytest.mark.parametrize("folder", [
    "/", "/etc", "/etc/cron.d/x", "/usr/local", "/var", "/opt", "/opt/pbxware", "/opt/pbxware/pw", "/opt/backup",
    "/opt/pbxware/pw/etc/asterisk", "/opt/pbxware/pw/etc/asterisk/old", "/opt/pbxware/pw/var/lib/mysql/pbxware",
    "/opt/pbxware/pw/var", "/opt/pbxware/pw/usr/lib/asterisk/modules/x", "/srv/x/../../etc", "/srv/x/", "relative", "",
    "//srv/x", "/srv/./x", "/opt/pbxware/pw/var/lib/asterisk", "/opt/pbxware/pw/var/lib/asterisk/sounds/en",
    "/opt/pbxware/pw/var/lib/asterisk/moh", "/opt/pbxware/pw/var/spool/asterisk",
    "/opt/pbxware/pw/var/spool/asterisk/voicemail/default", "/opt/pbxware/set-aside", "/var/lib/uplift",
    "/var/lib/uplift/actions",
])
def test_a_folder_that_must_not_be_cleared_is_refused(folder: str) -> None:
    for rule in ({"temporary": {"folders": [folder]}}, {"recordings": {"folders": [folder], "retention_days": 365}}):
        with pytest.raises(ValidationError):
            Profile.model_validate({"name": "own", "remedies": rule})


@pytest.mark.parametrize(
    "folder", ["/tmp", "/var/tmp/pbxware", "/opt/pbxware/pw/var/spool/asterisk/monitor", "/srv/rec"]
)
def test_a_folder_of_its_own_may_be_cleared(folder: str) -> None:
    profile = Profile.model_validate({"name": "own", "remedies": {"temporary": {"folders": [folder]}}})
    assert profile.remedies.folders == (folder,)


def test_without_folders_there_is_nothing_to_clear_and_no_retention_is_assumed() -> None:
    assert Profile(name="own").remedies.folders == ()
    with pytest.raises(ValidationError):
        Profile.model_validate({"name": "own", "remedies": {"recordings": {"folders": ["/srv/rec"]}}})


@pytest.mark.parametrize(("said", "by_itself"), [
    ("Table './pbxware/voicemail' is marked as crashed and should be repaired", True),
    ("Incorrect key file for table 'queues'; try to repair it", True),
    ("Can't open file: 'queues.MYI' (errno: 145)", True),
    ("Index for table './pbxware/queues.MYI' is corrupt; try to repair it", True),
    ("Table 'pbxware.voicemail' doesn't exist in engine", False),
    ("Unknown storage engine 'FEDERATED'", False), ("the server gives no reason", False),
])
def test_a_crashed_table_is_told_from_one_that_only_a_person_can_save(said: str, by_itself: bool) -> None:
    assert repairable(said) is by_itself
