"""The profile's section ``telephony``: from when on a site calls its Asterisk unusual, and who blocks callers there."""
from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from tasks.model.section import Section

Address = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F.:]+$")]
CommandWord = Annotated[str, StringConstraints(pattern=r"^[^\x00\n]*$")]


class Telephony(Section):
    """Thresholds of checks. ``block_list`` is a command that prints the addresses which sipPROT (or alike) blocks."""

    least_extensions: int = Field(5, ge=1)          # with fewer, nobody being registered tells nothing
    unreachable_share: float = Field(0.2, gt=0, le=1)   # of the registered extensions that are asked
    busy_calls: int = Field(10, ge=1)               # calls at once from which on a system is in use
    stuck_channel_s: float = Field(14_400, gt=0)    # four hours: longer than calls last
    log_lines_per_hour: float = Field(120, gt=0)    # errors and warnings together
    test_sources: tuple[Address, ...] = ()          # besides the address from which the inspection itself comes
    block_list: Annotated[tuple[CommandWord, ...], Field(min_length=1)] | None = None
    may_decline: tuple[str, ...] = (                # patterns of modules that decline where they are not configured
        "cdr_*", "cel_*", "chan_*", "res_config_*", "res_calendar*", "res_hep*", "res_phoneprov*", "res_pjsip_*",
        "res_snmp*", "res_statsd*", "res_xmpp*", "res_smdi*", "res_timing_*", "res_ari*", "res_prometheus*",
        "app_voicemail*", "app_skel*", "pbx_dundi*", "pbx_lua*", "pbx_ael*",
    )
