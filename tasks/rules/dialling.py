"""Which numbers a test may dial. Invariant: never an emergency number, never one that the client has not agreed to.

The emergency numbers of a country are added to those that mobile networks treat as such everywhere (3GPP TS 22.101,
section 10.1.1). Both are refused behind the prefixes with which PBXs take an outside line, too: a test must rather
refuse an extension that merely looks like one than call an ambulance.
"""
from __future__ import annotations

import re
from collections.abc import Set

EVERYWHERE = frozenset({"000", "08", "110", "112", "118", "119", "911", "999"})
OUTSIDE_LINES = ("", "0", "1", "8", "9", "00", "01", "80", "90", "99")
# ISO 3166 code to police, fire and ambulance where they are not among those above (ITU-T E.129 and national plans).
BY_COUNTRY: dict[str, frozenset[str]] = {
    "AE": frozenset({"997", "998"}),
    "AR": frozenset({"100", "101", "107"}),
    "AT": frozenset({"122", "133", "144"}),
    "AU": frozenset({"106"}),
    "BA": frozenset({"121", "122", "123", "124"}),
    "BE": frozenset({"100", "101"}),
    "BR": frozenset({"190", "192", "193"}),
    "CH": frozenset({"117", "144", "1414"}),
    "CL": frozenset({"131", "132", "133"}),
    "CN": frozenset({"120", "122"}),
    "CZ": frozenset({"150", "155", "156", "158"}),
    "DK": frozenset({"114"}),
    "ES": frozenset({"061", "062", "080", "091", "092"}),
    "FR": frozenset({"15", "17", "18", "114", "115", "191", "196"}),
    "GR": frozenset({"100", "108", "166", "199"}),
    "HR": frozenset({"192", "193", "194", "195"}),
    "HU": frozenset({"104", "105", "107"}),
    "IL": frozenset({"100", "101", "102", "103"}),
    "IN": frozenset({"100", "101", "102", "108"}),
    "IT": frozenset({"113", "115", "117", "1530"}),
    "ME": frozenset({"122", "123", "124"}),
    "MK": frozenset({"192", "193", "194"}),
    "NO": frozenset({"113"}),
    "NZ": frozenset({"111"}),
    "PL": frozenset({"997", "998"}),
    "RS": frozenset({"192", "193", "194"}),
    "RU": frozenset({"01", "02", "03", "04", "101", "102", "103", "104"}),
    "SA": frozenset({"997", "998"}),
    "SG": frozenset({"995"}),
    "SI": frozenset({"113"}),
    "SK": frozenset({"150", "155", "158"}),
    "TR": frozenset({"155", "156", "177"}),
    "UA": frozenset({"101", "102", "103", "104"}),
    "US": frozenset({"988"}),
    "ZA": frozenset({"10111", "10177"}),
}


def refusal(number: str, agreed: Set[str], country: str) -> str | None:
    """Why a test may not dial ``number``, in one sentence that says what to do; None where it may."""
    if is_emergency(number, country):
        return f"{number} is or looks like an emergency number in {country}; choose another number for tests"
    if number not in agreed:
        return f"{number} is not among the numbers agreed for tests; agree on it with the client first"
    return None


def is_emergency(number: str, country: str) -> bool:
    """Whether any way in which a PBX may read ``number`` is an emergency number: signs left out, prefix taken off."""
    digits = re.sub(r"[^0-9]", "", number)
    dangerous = EVERYWHERE | BY_COUNTRY.get(country, frozenset())
    return any(digits.startswith(prefix) and digits[len(prefix) :] in dangerous for prefix in OUTSIDE_LINES)
