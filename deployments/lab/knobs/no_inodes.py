"""The disk has room but hardly an inode left, because small files were never cleared away."""
from __future__ import annotations

from deployments.lab.knob import Knob

KNOB = Knob(found_by="sufficient_space", spec={"free_inodes": 2_000})
