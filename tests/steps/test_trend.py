"""What changed since the last sweep: sweeps stored by the code that stores them, read back as an operator would."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from reports.tables import write_tables
from tasks.analysis.frames import FindingRow, SystemRow, findings_frame, systems_frame
from tasks.model.answer import Contact, ContactState, Recording
from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.release import Release
from tasks.model.sweep import SweepOptions, SweepPlan, Target
from tasks.model.trend import SystemTrend, Turned
from tasks.steps.judge_sweep import judge_sweep, meta_of
from tasks.steps.trend import Told, prune_sweeps, trend_of
from tasks.wire.sweep_folder import SweepFolder

NOW = datetime(2026, 11, 23, 6, 0, tzinfo=UTC)
NIGHT = datetime(2026, 11, 23, 1, 30, tzinfo=UTC)
GB = 10**9
IDS = ("alder", "beacon", "cedar")


def system(system_id: str) -> System:
    return System.model_validate({
        "id": system_id, "client": f"Client {system_id}", "environment": "standalone", "edition": "business",
        "ssh": {"host": f"{system_id}.example", "credential": "inspect"}, "timezone": "Europe/London", "country": "GB",
    })


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "sweeps").mkdir()
    systems = [system(each).model_dump(mode="json", exclude_defaults=True) for each in IDS]
    (tmp_path / "fleet.yaml").write_text(yaml.safe_dump({"systems": systems}))
    return tmp_path


def row(system_id: str, verdict: str = "ready", **cells: Any) -> SystemRow:
    return SystemRow(
        id=system_id, client=f"Client {system_id}", environment="standalone", edition="business", country="GB",
        timezone="Europe/London", engineer=None, tags="", profile="pbxware", source_release="6.7.1",
        target_release="7.2.0", verdict=verdict,
        contact_state="timed_out" if verdict == "unreachable" else "reached", contact_detail="", **cells,
    )


def finding(system_id: str, check_id: str, outcome: str = "fail", severity: str = "medium", **cells: Any) -> FindingRow:
    told = {"subject": "system", "blocking": False, "summary": "told"} | cells
    return FindingRow(
        system_id=system_id, check_id=check_id, check_version=1, outcome=outcome, severity=severity, **told
    )


Store = Callable[..., SweepFolder]


@pytest.fixture
def store(home: Path) -> Store:
    def stored(
        days_ago: float, systems: list[SystemRow], findings: Sequence[FindingRow] = (), target: str = "7.2.0",
        version: str = "1", finished: bool = True,
    ) -> SweepFolder:
        at = NIGHT - timedelta(days=days_ago)
        plan = SweepPlan(
            sweep_id=f"{at:%Y%m%dT%H%M}-{target}", started_at=at,
            finished_at=at + timedelta(hours=1) if finished else None,
            options=SweepOptions(target=Release.parse(target)), fleet_file=str(home / "fleet.yaml"),
            systems=len(systems), uplift_version=version,
        )
        folder = SweepFolder(home / "sweeps" / f"{at:%Y-%m-%dT%H%M%SZ}")
        folder.create(plan, tuple(Target(system=system(each.id), profile="pbxware") for each in systems))
        write_tables(folder.path, systems_frame(systems), findings_frame(findings), meta_of(plan))
        return folder

    return stored


def told(home: Path, **options: Any) -> Told:
    return trend_of(home / "fleet.yaml", (home / "sweeps",), home, NOW, **options)


def of(home: Path, system_id: str, **options: Any) -> SystemTrend:
    return next(each for each in told(home, **options).trend.systems if each.id == system_id)


def test_systems_that_became_ready_blocked_or_silent_are_named(home: Path, store: Store) -> None:
    store(1, [row("alder", "blocked"), row("beacon"), row("cedar")])
    store(0, [row("alder"), row("beacon", "blocked"), row("cedar", "unreachable")])
    turned = {each.id: each.turned for each in told(home).trend.systems}
    assert turned == {"alder": Turned.READY, "beacon": Turned.BLOCKED, "cedar": Turned.LOST}


def test_findings_are_new_gone_or_worse(home: Path, store: Store) -> None:
    space = {"subject": "/ bytes", "measured_unit": "bytes", "threshold_unit": "bytes", "threshold_value": 10.0}
    store(1, [row("alder", "actions_needed")], [
        finding("alder", "custom_files"), finding("alder", "foreign_tables"),
        finding("alder", "cdr_table_size", "unknown"),
        finding("alder", "sufficient_space", measured_value=9.0, **space),
        finding("alder", "domain_name", waiver_owner="mia"), finding("alder", "configuration", "pass", "info"),
    ])
    store(0, [row("alder", "actions_needed")], [
        finding("alder", "custom_files"), finding("alder", "foreign_module", subject="codec_g729.so"),
        finding("alder", "cdr_table_size"), finding("alder", "sufficient_space", measured_value=4.0, **space),
        finding("alder", "domain_name", waiver_owner="mia"),
    ])
    found = of(home, "alder")
    assert found.new == ("foreign_module: codec_g729.so",)
    assert found.gone == ("foreign_tables",)
    assert found.worse == ("cdr_table_size", "sufficient_space: / bytes")
    assert found.turned is Turned.SAME and found.changed


def test_nobody_looked_is_no_sign_that_findings_have_gone(home: Path, store: Store) -> None:
    store(1, [row("alder", "blocked")], [finding("alder", "custom_files")])
    store(0, [row("alder", "unreachable")], [finding("alder", "reachable")])
    found = of(home, "alder")
    assert (found.turned, found.gone, found.new) == (Turned.LOST, (), ())


def test_a_system_is_compared_with_the_last_sweep_that_holds_it(home: Path, store: Store) -> None:
    store(2, [row("alder", "blocked"), row("beacon", "blocked")])
    store(1, [row("beacon")])                       # a sweep of some of them
    store(0, [row("alder"), row("cedar")])
    alder, beacon, cedar = (of(home, each) for each in IDS)
    assert (alder.turned, alder.before_at) == (Turned.READY, NIGHT - timedelta(days=2))
    assert (beacon.turned, beacon.verdict, beacon.verdict_before) == (Turned.LEFT_OUT, None, "ready")
    assert cedar.turned is Turned.FIRST


def test_another_target_is_another_upgrade(home: Path, store: Store) -> None:
    store(1, [row("alder", "blocked")], target="8.2.0")
    store(0, [row("alder")])
    found = told(home).trend
    assert found.systems[0].turned is Turned.FIRST and found.compared_with == ()
    assert any("another target" in remark for remark in found.remarks)
    assert told(home, target="8.2.0").trend.target == "8.2.0"


def test_a_disk_tells_its_rate_over_all_sweeps_and_a_single_sweep_by_its_calls(home: Path, store: Store) -> None:
    disk = {"disk_path": "/", "disk_size_bytes": 100 * GB}
    calls = {"cdr_rows": 1_000_000, "cdr_bytes": GB // 5, "calls_per_day": 1_000.0}
    store(2, [row("alder", disk_free_bytes=60 * GB, **disk, **calls)])
    store(1, [row("alder", disk_free_bytes=58 * GB, **disk, **calls)])
    store(0, [row("alder", disk_free_bytes=56 * GB, **disk, **calls | {"cdr_bytes": GB // 5 + 200_000}),
              row("beacon", disk_free_bytes=56 * GB, **disk, **calls)])
    alder, beacon = of(home, "alder"), of(home, "beacon")
    assert (alder.disk_bytes_per_day, alder.until_full_days, alder.rate_basis) == (2 * GB, 28, "3 sweeps")
    assert alder.cdr_bytes_more == 200_000
    assert beacon.disk_bytes_per_day == beacon.cdr_bytes_per_day == pytest.approx(200_000)
    assert beacon.until_full_days is None           # 767 years
    assert beacon.rate_basis == "the calls of each day alone"


def test_old_sweeps_and_folders_that_hold_none_are_told(home: Path, store: Store) -> None:
    sweeps = home / "sweeps"
    store(45, [row("alder")])
    store(5, [row("alder")], version="2")
    store(4, [row("alder")], finished=False)
    (store(3, [row("alder")]).path / "systems.parquet").write_bytes(b"PAR1 torn")
    (store(2.5, [row("alder")]).path / "findings.parquet").unlink()
    (store(2.2, [row("alder")]).path / "run.json").write_text('{"schema_version": 1}')
    (sweeps / "notes").mkdir()
    (sweeps / "latest").symlink_to("nowhere")
    found = told(home)
    reasons = {Path(each.folder).name: each.reason for each in found.unusable}
    assert len(reasons) == 5 and "holds no sweep" in reasons["notes"]
    assert sum("was not finished" in reason for reason in reasons.values()) == 1
    assert sum("cannot be read" in reason for reason in reasons.values()) == 1
    assert sum("findings.parquet is missing" in reason for reason in reasons.values()) == 1
    assert sum("this version cannot read" in reason for reason in reasons.values()) == 1
    remarks = " ".join(found.trend.remarks)
    assert "5 days old" in remarks and "40 days older" in remarks and "judged by Uplift 1" in remarks


def test_without_a_sweep_it_says_what_to_do(home: Path) -> None:
    with pytest.raises(UserError, match="run `uplift sweep` first"):
        told(home)
    with pytest.raises(UserError, match="is not a folder"):
        trend_of(home / "fleet.yaml", (home / "nowhere",), home, NOW)


def test_sweeps_that_were_judged_from_their_answers_are_compared(home: Path) -> None:
    """The whole way: recordings, judging, tables, trend. Refused on the first night, without answers on the second."""
    for days_ago, state in ((1, ContactState.REFUSED), (0, ContactState.REACHED)):
        at = NIGHT - timedelta(days=days_ago)
        plan = SweepPlan(
            sweep_id=f"n{days_ago}", started_at=at, finished_at=at + timedelta(minutes=1),
            options=SweepOptions(target=Release.parse("7.2.0")), fleet_file="fleet.yaml", systems=1,
            profiles={"pbxware": Profile(name="pbxware")},
        )
        folder = SweepFolder(home / "sweeps" / plan.sweep_id)
        folder.create(plan, (Target(system=system("alder"), profile="pbxware"),))
        with folder.appending(0) as appender:
            appender.append(Recording(system_id="alder", started_at=at, elapsed_s=1.0, contact=Contact(state=state)))
        folder.seal(0)
        judge_sweep(folder)
    found = of(home, "alder")
    assert (found.verdict_before, found.verdict, found.turned) == ("unreachable", "undetermined", Turned.BACK)


def test_old_sweeps_go_and_the_latest_never(home: Path, store: Store) -> None:
    folders = [store(days, [row("alder")]) for days in (400, 300, 200, 100, 50, 0)]
    (home / "retention.yaml").write_text("sweeps: {keep_days: 90, keep_last: 3}\n")
    (home / "sweeps" / "latest").symlink_to(folders[1].path.name)      # an old one that the readers still look at
    unfinished = store(500, [row("alder")], finished=False)
    removed = prune_sweeps(home, NOW)
    assert {path.name for path in removed} == {folders[0].path.name, folders[2].path.name}
    assert all(folder.exists for folder in (folders[1], *folders[3:], unfinished))
    assert not any(path.name.startswith(".removed") for path in (home / "sweeps").iterdir())


def test_a_sweep_that_somebody_works_on_is_not_removed(home: Path, store: Store) -> None:
    old, _ = store(400, [row("alder")]), store(0, [row("alder")])
    (home / "retention.yaml").write_text("sweeps: {keep_days: 1, keep_last: 1}\n")
    with old.locked():
        assert prune_sweeps(home, NOW) == () and old.exists
    assert prune_sweeps(home, NOW) == (old.path,)


@pytest.mark.parametrize("text", ["sweeps: {keep_days: 0}", "sweeps: {keep: 3}", "- 3", "sweeps: [", "sweeps: 3"])
def test_a_broken_retention_removes_nothing(home: Path, store: Store, text: str) -> None:
    old = [store(days, [row("alder")]) for days in range(0, 4000, 200)]
    (home / "retention.yaml").write_text(text)
    with pytest.raises(UserError, match=r"retention\.yaml"):
        prune_sweeps(home, NOW)
    assert all(folder.exists for folder in old)


def test_without_a_retention_file_a_quarter_of_a_year_stays(home: Path, store: Store) -> None:
    for days in range(0, 120, 6):
        store(days, [row("alder")])
    prune_sweeps(home, NOW)
    kept = sorted(path.name for path in (home / "sweeps").iterdir())
    assert len(kept) == 16 and kept[0].startswith("2026-08-25")
