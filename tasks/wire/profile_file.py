"""Platform profiles: UPLIFT_HOME/profiles/NAME.yaml, else the one that Uplift ships under that name.

A profile holds commands and paths that run on clients' systems, so a file that others could alter is refused.
"""
from __future__ import annotations

import re
import stat
from functools import lru_cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from tasks.model.errors import UserError
from tasks.model.fleet import System
from tasks.model.profile import Profile
from tasks.model.profile_custom import Custom
from tasks.wire.home import OTHERS_WRITE, Home, named_home, require_unwritable_by_others
from tasks.wire.marked_yaml import Fault
from tasks.wire.validation import faults_of, nearest, read_model

_DIGEST = re.compile(r"\\?([0-9a-f]{64})[ \t]+\*?\S")
SHIPPED = "deployments"      # the package whose profiles/ folder is shipped; a resource, not an import


def shipped_profiles() -> Path:
    return Path(str(files(SHIPPED))) / "profiles"


def known_profiles(home: Path | None = None) -> tuple[str, ...]:
    """The names that a fleet file may use: the site's own and the shipped ones."""
    folders = (Home(home or named_home()).profiles, shipped_profiles())
    return tuple(sorted({path.stem for folder in folders if folder.is_dir() for path in folder.glob("*.yaml")}))


def load_profile(name_or_path: str | Path, *, home: Path | None = None) -> Profile:
    """A profile by name, or by path where one is given (a Path, or text with a /; a fleet file's name has none).

    Raises UserError: unknown (with the nearest name), writable by others, or wrong (every fault with its line).
    """
    named = str(name_or_path)
    if "/" in named or isinstance(name_or_path, Path):
        return _checked(Path(named), named)
    own = Home(home or named_home()).profiles / f"{named}.yaml"
    shipped = shipped_profiles() / f"{named}.yaml"
    for path in (own, shipped):
        if path.is_file():
            profile = _checked(path, named, shipped=path == shipped)
            if profile.name != named:
                message = f"{path} calls itself {profile.name!r}"
                raise UserError("profile_invalid", message, f"write name: {named}, or rename the file")
            return profile
    raise UserError("profile_not_found", f"there is no profile {named!r}", nearest(named, known_profiles(home)))


def profile_for(system: System, *, home: Path | None = None) -> Profile:
    """The profile of a system with its overrides merged in (mappings merge, everything else is replaced).

    Raises UserError where the profile cannot be loaded or does not hold with the overrides.
    """
    base = load_profile(system.profile, home=home)
    if not system.overrides:
        return base
    profile, faults = merge(base, system.overrides)
    if profile is None:
        said = " | ".join(f"{fault.message}; {fault.remedy}" for fault in faults)
        raise UserError("overrides_invalid", f"the overrides of {system.id} are wrong: {said}", "mend them")
    return profile


def merge(base: Profile, overrides: dict[str, Any]) -> tuple[Profile | None, list[Fault]]:
    """The profile with the overrides, or None and what is wrong; places and lines are those within ``overrides``."""
    if "name" in overrides:
        return None, [Fault(0, "overrides may not rename the profile", "remove name", ("name",))]
    try:
        return Profile.model_validate(_merged(base.model_dump(), overrides)), []
    except ValidationError as error:
        return None, list(faults_of(error, Profile, overrides))


def _merged(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    both = dict(base)
    for key, value in over.items():
        old = both.get(key)
        both[key] = _merged(old, value) if isinstance(old, dict) and isinstance(value, dict) else value
    return both


def _checked(path: Path, named: str, *, shipped: bool = False) -> Profile:
    """Whether the shipped file can be altered by a group is the matter of whoever installed the code beside it."""
    try:
        mask = stat.S_IWOTH if shipped else OTHERS_WRITE
        require_unwritable_by_others(path, code="profile_writable_by_others", mask=mask)
        found = path.stat()
    except FileNotFoundError:
        raise UserError("profile_not_found", f"there is no profile file {named}", "correct the path") from None
    except OSError as error:
        raise UserError("profile_not_found", f"{path} cannot be read ({error.strerror})", "correct the path") from None
    profile = _read(path, found.st_mtime_ns, found.st_size, found.st_ino)
    return _with_manifests(profile, path.parent, mask) if profile.custom.manifests else profile


def _with_manifests(profile: Profile, folder: Path, mask: int) -> Profile:
    """The profile with the digests of its manifests, so that they are part of what a client approves."""
    digests = list(profile.custom.vendor_digests)
    for name in profile.custom.manifests:
        path = folder / name
        try:
            require_unwritable_by_others(path, code="profile_writable_by_others", mask=mask)
            found = path.stat()
        except OSError as error:
            raise UserError("manifest_unreadable", f"the manifest {path} cannot be read ({error.strerror})",
                            "correct its name in the profile's custom section") from None
        digests += _manifest(path, found.st_mtime_ns, found.st_size, found.st_ino)
    custom = Custom(fates=profile.custom.fates, vendor_digests=tuple(digests), manifests=profile.custom.manifests)
    return profile.model_copy(update={"custom": custom})


@lru_cache(maxsize=64)
def _manifest(path: Path, *stamp: int) -> tuple[str, ...]:
    """The digests of a file in the form of ``sha256sum``."""
    lines = [line for line in path.read_text(encoding="utf-8", errors="replace").splitlines() if line.strip()]
    found = [_DIGEST.match(line) for line in lines]
    if None in found:
        number = found.index(None) + 1
        raise UserError("manifest_invalid", f"{path} is no list of digests (entry {number})",
                        "write it with sha256sum")
    return tuple(one[1] for one in found if one)


@lru_cache(maxsize=64)
def _read(path: Path, *stamp: int) -> Profile:
    """Parsed once as long as the file stays the same: a fleet asks for each system."""
    return read_model(path, Profile, code="profile_invalid")


