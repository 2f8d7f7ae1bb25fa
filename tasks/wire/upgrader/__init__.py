"""The upgrade on a client's system: launched once, followed from anywhere, never ended from here.

Nothing is installed there: both scripts of this folder travel with the launch.
"""
from __future__ import annotations

from tasks.wire.upgrader.evidence import status
from tasks.wire.upgrader.following import follow
from tasks.wire.upgrader.journal import read_stages
from tasks.wire.upgrader.launching import LaunchRefused, LaunchUnclear, launch, lift, resume

__all__ = ["LaunchRefused", "LaunchUnclear", "follow", "launch", "lift", "read_stages", "resume", "status"]
