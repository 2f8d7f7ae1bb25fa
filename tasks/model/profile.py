"""The platform profile: what a site knows of its PBXware systems, as data.

Everything that the vendor does not document (paths, commands, hops, what a release drops or demands, speeds) is an
entry here. Its hash is part of the plan that a client approves.
"""
from __future__ import annotations

import hashlib
import json

from pydantic import Field, model_validator

from tasks.model.profile_archive import CdrArchive
from tasks.model.profile_custom import Custom
from tasks.model.profile_database import DatabaseDemand, DatabaseHealth
from tasks.model.profile_estimate import Fit
from tasks.model.profile_health import Health, LicenceSource
from tasks.model.profile_remedies import Remedies, in_the_way
from tasks.model.profile_scheduling import Scheduling
from tasks.model.profile_serverware import ServerwareApi
from tasks.model.profile_telephony import Telephony
from tasks.model.profile_upgrader import Upgrader
from tasks.model.release import Hop, Release
from tasks.model.section import AbsolutePath, Section, Word


class Paths(Section):
    """Where things lie on the outer system (observed; see the profile's comments)."""

    root: AbsolutePath = "/opt/pbxware"
    tree: AbsolutePath = "/opt/pbxware/pw"
    settings: AbsolutePath = "/opt/pbxware/pw/etc/pbxware/pbxware.ini"
    version_header: AbsolutePath = "/opt/pbxware/pw/home/sitemanager/admin/index.php"
    asterisk_etc: AbsolutePath = "/opt/pbxware/pw/etc/asterisk"
    asterisk_log: AbsolutePath = "/opt/pbxware/pw/var/log/asterisk/messages"
    modules: tuple[AbsolutePath, ...] = ("/opt/pbxware/pw/usr/lib/asterisk/modules",)
    admin: AbsolutePath = "/opt/pbxware/pw/home/sitemanager/admin"
    custom_scripts: tuple[AbsolutePath, ...] = ("/script",)
    cron: tuple[AbsolutePath, ...] = ("/etc/crontab", "/etc/cron.d", "/var/spool/cron")
    agi: tuple[AbsolutePath, ...] = ("/opt/pbxware/pw/var/lib/asterisk/agi-bin",)
    sounds: tuple[AbsolutePath, ...] = (
        "/opt/pbxware/pw/var/lib/asterisk/sounds", "/opt/pbxware/pw/var/lib/asterisk/moh",
    )
    boot: tuple[AbsolutePath, ...] = ("/etc/rc.local", "/etc/local.d", "/etc/systemd/system", "/etc/iptables")
    backup: AbsolutePath = "/opt/backup"
    database_files: AbsolutePath = "/opt/pbxware/pw/var/lib/mysql"


class Commands(Section):
    """Commands of the outer shell, as words (never a shell line)."""

    asterisk: tuple[str, ...] = ("asterisk", "-rx")
    version: tuple[str, ...] | None = None      # unknown at the vendor's: the header of a shipped file is the fallback


class Database(Section):
    name: Word = "pbxware"
    cdr_table: Word = "cdr"
    port: int = 3306
    host_key: str = "pw_mysql_host"             # keys of pbxware.ini
    user_key: str = "pw_mysql_username"
    password_key: str = "pw_mysql_password"  # noqa: S105  (the name of a key)
    scan_limit_rows: int = 50_000               # a table of up to so many rows may be read without an index
    own_table_patterns: tuple[str, ...] = ("*",)
    foreign_table_patterns: tuple[str, ...] = ("fop2*",)


class RebuildSpeed(Section):
    """How fast an ALTER rebuilds the CDR table; measured, or a cautious guess until it is."""

    engine: str
    rows_per_s: float = Field(gt=0)


class Space(Section):
    """What an upgrade needs besides the rebuilt table."""

    release_bytes: int = 3_000_000_000          # the unpacked release beside the running one
    reserve_fraction: float = 0.05              # of the file system, left free for the running system
    rebuild_factor: float = 1.1                 # a rebuild needs about the table's size again (MySQL manual)
    inodes: int = 60_000                        # files of an unpacked release
    growth_days: int = Field(30, ge=0, le=400)  # from the inspection to the upgrade: calls go on being written
    backup_factor: float = Field(0.25, ge=0)    # a compressed dump under paths.backup, in parts of the database's size


class Estimate(Section):
    fixed_s: float = 600.0                      # unpack, stop, convert, swap, start
    spread: float = Field(0.25, ge=0, lt=1)     # how much faster or slower a system may be than these figures
    speeds: tuple[RebuildSpeed, ...] = (
        RebuildSpeed(engine="InnoDB", rows_per_s=30_000),
        RebuildSpeed(engine="MyISAM", rows_per_s=30_000),
        RebuildSpeed(engine="Aria", rows_per_s=30_000),
    )
    fit: Fit | None = None                      # of measured ALTERs; where it is None, the speeds are a guess
    promised_downtime_s: float = 1800.0         # the vendor promises 15 to 30 minutes


class Settings(Section):
    """Names of entries of pbxware.ini that checks look at."""

    domain_name_key: str = "domain_name"        # unknown at the vendor's; to be corrected by the site


class ReleaseEntry(Section):
    """A release: what it no longer has, what it demands, and what its upgrader converts by itself."""

    version: Release
    asterisk_major: int | None = None
    drops: frozenset[Word] = frozenset()
    demands: frozenset[Word] = frozenset()
    converts: frozenset[Word] = frozenset()
    database: DatabaseDemand | None = None


class HopRule(Section):
    """An upgrade that the vendor supports in one step: from a range of releases to one release, or to a range of them.

    With ``procedure`` it is supported by that only (who does it, and how, in one sentence), and not in one step.
    """

    from_min: Release
    from_below: Release
    to: Release
    to_below: Release | None = None
    procedure: str | None = None

    def concerns(self, hop: Hop) -> bool:
        there = self.to <= hop.target < self.to_below if self.to_below else hop.target == self.to
        return self.from_min <= hop.source < self.from_below and there

    def allows(self, hop: Hop) -> bool:
        return self.procedure is None and self.concerns(hop)


class Profile(Section):
    name: Word
    paths: Paths = Paths()
    commands: Commands = Commands()
    database: Database = Database()
    database_health: DatabaseHealth = DatabaseHealth()
    settings: Settings = Settings()
    modules_without_sum: tuple[str, ...] = ("res_pjsip_stir_shaken.so",)  # of Asterisk's own; seen in 16
    harmless_errors: tuple[str, ...] = ()       # patterns (* and ?) of ERROR lines that a site has judged harmless
    custom: Custom = Custom()
    space: Space = Space()
    estimate: Estimate = Estimate()
    health: Health = Health()
    licence: LicenceSource | None = None        # None: unknown where the licence is told on a shell
    telephony: Telephony = Telephony()
    scheduling: Scheduling = Scheduling()
    serverware: ServerwareApi | None = None
    releases: tuple[ReleaseEntry, ...] = ()
    hops: tuple[HopRule, ...] = ()
    upgrader: Upgrader | None = None            # None: unknown, and so no upgrade can be launched
    remedies: Remedies = Remedies()
    cdr_archive: CdrArchive = CdrArchive()

    @model_validator(mode="after")
    def _releases_are_told_once(self) -> Profile:
        versions = [entry.version for entry in self.releases]
        if len(set(versions)) != len(versions):
            raise ValueError("a release stands twice in releases:")
        return self

    @model_validator(mode="after")
    def _what_is_cleared_is_not_the_system(self) -> Profile:
        paths = self.paths
        whole = (paths.root, paths.tree, paths.settings, paths.admin, paths.backup, *paths.boot, *paths.cron)
        ours = (self.remedies.modules_aside, self.upgrader.state_folder if self.upgrader else "/var/lib/uplift")
        voicemail = f"{paths.tree}/var/spool/asterisk/voicemail"    # Asterisk's astspooldir
        deep = (paths.asterisk_etc, paths.database_files, *paths.modules, *paths.agi, *paths.custom_scripts,
                *paths.sounds, voicemail, *ours)
        within = [f for f in self.remedies.folders if any(f.startswith(f"{path}/") for path in deep)]
        why = f"{within[0]} must not be cleared" if within else in_the_way(self.remedies.folders, (*whole, *deep))
        if why:
            raise ValueError(f"remedies: {why}")
        return self

    @property
    def digest(self) -> str:
        """SHA-256 over its canonical JSON: part of the plan that a client approves."""
        canonical = json.dumps(_canonical(self.model_dump(mode="json")), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(canonical.encode()).hexdigest()

    def entered(self, hop: Hop) -> tuple[ReleaseEntry, ...]:
        """The releases that the hop enters: above its source, up to its target."""
        return tuple(entry for entry in self.releases if hop.crosses(entry.version))

    def supports(self, hop: Hop) -> bool:
        return any(rule.allows(hop) for rule in self.hops)

    def procedure(self, hop: Hop) -> str | None:
        """The procedure of its own that the vendor has for this hop, where it is not supported in one step."""
        return next((rule.procedure for rule in self.hops if rule.procedure and rule.concerns(hop)), None)

    def rebuild_speed(self, engine: str | None) -> float:
        """Rows a second of a rebuild; the slowest known speed for an engine that the profile does not name."""
        speeds = {speed.engine.lower(): speed.rows_per_s for speed in self.estimate.speeds}
        return speeds.get((engine or "").lower(), min(speeds.values()))


def _canonical(value: object) -> object:
    """JSON data with the lists that were sets sorted, so that one profile has one digest."""
    if isinstance(value, dict):
        return {
            key: sorted(map(str, item)) if key in ("drops", "demands", "converts") else _canonical(item)
            for key, item in value.items()
        }
    return [_canonical(item) for item in value] if isinstance(value, list) else value
