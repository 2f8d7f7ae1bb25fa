"""Which of a PBXware system's services run (the processes that DOMAIN knows of one; observed)."""
from __future__ import annotations

from fnmatch import fnmatchcase

from tasks.model.answer import Answer
from tasks.model.fact import Unreadable
from tasks.model.profile import Profile
from tasks.model.reading import lines
from tasks.model.snapshot import Scalar

# Service -> names that its process may have (the kernel keeps 15 characters of one).
SERVICES = {
    "asterisk": ("asterisk",),
    "database": ("mysqld", "mariadbd"),
    "web": ("nginx", "httpd", "apache2"),
    "php": ("php", "php-fpm*", "php[0-9]*"),
    "core-api": ("core-api*",),
    "ssh": ("sshd*",),
    "cron": ("cron", "crond"),
}


def ask(profile: Profile) -> str:
    return "cat /proc/[0-9]*/comm 2>/dev/null | sort -u"


def parse(answer: Answer) -> dict[str, Scalar]:
    running = {line.strip() for line in lines(answer)}
    if not running:
        raise Unreadable("expected the names of the running processes, got none")
    return {
        service: "running"
        for service, names in SERVICES.items()
        if any(fnmatchcase(process, name) for process in running for name in names)
    }
