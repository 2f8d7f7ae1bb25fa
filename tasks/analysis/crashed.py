"""Which damage to a table its server repairs from the table's own files."""
from __future__ import annotations

import re

# What MySQL and MariaDB say of MyISAM and Aria tables whose files are there (errors 126 to 145, 1034, 1035, 1194).
_CRASHED = re.compile(
    r"marked as crashed|crashed on repair|incorrect (key file|information in file|file format)|"
    r"index (for table|file) .*(corrupt|incorrect)|index .* is corrupted|can.t open file.*\.(MYI|MAI)", re.IGNORECASE
)


def repairable(complaint: str) -> bool:
    """Whether ``complaint``, the server's own words about a table, is of such damage."""
    return _CRASHED.search(complaint) is not None
