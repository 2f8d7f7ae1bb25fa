"""A reconciler's turn at the mail: what came back, who is silent, and what waits to be sent. One at a time."""
from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from tasks.model.errors import UserError
from tasks.model.ledger import Lease
from tasks.steps.mail_fates import tell_delivered
from tasks.steps.receive_mail import Dealt, look_through, reconcile_with_log
from tasks.steps.remind import remind
from tasks.steps.send_mail import LEASE_S, Sent, send_waiting, sender_name
from tasks.steps.tell_engineer import tell_engineers
from tasks.wire.mail_settings import MailSettings, load_mail_settings
from tasks.wire.store.engine import StoreUnavailable
from tasks.wire.store.leases import LeaseLost
from tasks.wire.store.store import Store

R = TypeVar("R")
RESOURCE = "mail"


@dataclass
class Mailed:
    """One round. ``busy``: somebody else is at it; ``troubles`` in sentences."""

    received: Counter[Dealt] = field(default_factory=Counter)
    decided_by_log: int = 0
    sent: Sent = field(default_factory=Sent)
    delivered: int = 0
    busy: bool = False
    troubles: list[str] = field(default_factory=list)


def tend_mail(store: Store, home: Path, *, now: Callable[[], datetime] | None = None) -> list[str]:
    """What went wrong, in sentences; nothing is done where there is no mail.yaml. Raises StoreUnavailable."""
    try:
        settings = load_mail_settings(home)
    except UserError as error:
        return [str(error)]
    return [] if settings is None else mail_round(store, home, settings, now=now).troubles


def mail_round(
    store: Store, home: Path, settings: MailSettings, *, now: Callable[[], datetime] | None = None,
    stale_s: float | None = None,
) -> Mailed:
    """``now`` for the clients' clocks, where a rehearsal has one of its own. Raises StoreUnavailable."""
    done = Mailed()
    lease_s = LEASE_S + 10 * settings.server.timeout_s
    with store.leased(RESOURCE, sender_name(), lease_s) as lease:
        if lease is None:
            done.busy = True
            return done
        for part in (_receive, _remind, _news, _send, _tell):
            try:
                part(store, home, settings, lease, done, now or store.now, stale_s)
            except StoreUnavailable:
                raise
            except LeaseLost:
                done.busy = True
                break
            except UserError as error:          # one part's trouble does not keep the others from being done
                done.troubles.append(str(error))
    return done


def at_the_mail(store: Store, patience_s: float, work: Callable[[Lease], R]) -> R | None:
    """Do one thing while nobody else is at the mail; None where somebody is for longer than patience.

    Raises StoreUnavailable and LeaseLost, besides what the work raises.
    """
    until = time.monotonic() + patience_s
    while True:
        with store.leased(RESOURCE, sender_name(), LEASE_S) as lease:
            if lease is not None:
                return work(lease)
        if time.monotonic() > until:
            return None
        time.sleep(0.5)


Clock = Callable[[], datetime]


def _receive(store: Store, home: Path, told: MailSettings, lease: Lease, done: Mailed, now: Clock,
             stale_s: float | None) -> None:
    try:
        if told.incoming.maildir:
            done.received = look_through(store, home, home / told.incoming.maildir.expanduser(), lease)
            if unreadable := done.received[Dealt.UNREADABLE]:
                done.troubles.append(f"{unreadable} mails in {told.incoming.maildir} cannot be read by this user; see "
                                     "to their rights")
    finally:
        if told.incoming.log:
            done.decided_by_log = reconcile_with_log(store, home / told.incoming.log.expanduser(), lease)


def _remind(store: Store, home: Path, told: MailSettings, lease: Lease, done: Mailed, now: Clock,
            stale_s: float | None) -> None:
    done.troubles += remind(store, home, told.reminders, now, lease)


def _news(store: Store, home: Path, told: MailSettings, lease: Lease, done: Mailed, now: Clock,
          stale_s: float | None) -> None:
    tell_engineers(store, home)


def _send(store: Store, home: Path, told: MailSettings, lease: Lease, done: Mailed, now: Clock,
          stale_s: float | None) -> None:
    done.sent = send_waiting(store, home, told, lease, stale_s=stale_s)
    done.troubles += done.sent.troubles


def _tell(store: Store, home: Path, told: MailSettings, lease: Lease, done: Mailed, now: Clock,
          stale_s: float | None) -> None:
    done.delivered = tell_delivered(store, lease)
