"""How mail goes out and what comes back: UPLIFT_HOME/mail.yaml (0600, the user's own); docs/mail.md has all of it.

    server: {host: smtp.example.com, port: 587, security: starttls, user: uplift, credential: smtp}
    sender: {name: Uplift, email: uplift@example.com}
    recipients:                                                 # the readers of fleet reports, where there are any
      - {name: Ann Field, email: ann@example.com}
    incoming: {maildir: /var/mail/uplift}                       # where what is sent to the sender arrives
    reminders: {first_after_days: 3, then_every_days: 3, at_most: 3, engineer_from: 2}
    attach_at_most_bytes: 8000000
    link: https://reports.example.com/latest/report.html       # where readers find it, if anywhere

``credential`` names a token of credentials.yaml: the password, and the certificate (or its authority) that the server
must show. Without it nobody logs in, and the server's certificate is checked by the authorities of the system.
"""
from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from tasks.model.errors import UserError
from tasks.model.fleet import Email, Host, Slug, Text
from tasks.model.reminder import ReminderPolicy
from tasks.wire.home import Home, require_private
from tasks.wire.mail_address import fit
from tasks.wire.validation import read_model


class Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class MailServer(Entry):
    """Nothing is ever sent in the clear: TLS from the start, or STARTTLS before anything else."""

    host: Host
    port: int = Field(587, ge=1, le=65_535)
    security: Literal["starttls", "tls"] = "starttls"
    user: Text | None = None
    credential: Slug | None = None
    timeout_s: float = Field(30.0, gt=0, le=600)

    @model_validator(mode="after")
    def _user_and_credential(self) -> MailServer:
        if self.user and not self.credential:
            raise ValueError("a user needs a password; add credential: NAME, a token of credentials.yaml")
        return self


class Correspondent(Entry):
    name: Text
    email: Email


class Incoming(Entry):
    """``log``: the mail server's own log (Postfix's form), which tells what became of a message in doubt."""

    maildir: Path | None = None
    log: Path | None = None


class MailSettings(Entry):
    server: MailServer
    sender: Correspondent
    recipients: tuple[Correspondent, ...] = ()
    incoming: Incoming = Incoming()
    reminders: ReminderPolicy = ReminderPolicy()

    @field_validator("sender")
    @classmethod
    def _sender_can_be_written(cls, sender: Correspondent) -> Correspondent:
        if not fit(sender.email):
            raise ValueError(f"{sender.email!r} cannot stand in an envelope; write plain letters, digits and .-_+")
        return sender
    attach_at_most_bytes: int = Field(8_000_000, ge=0)
    link: Text | None = None


def load_mail_settings(home: Path) -> MailSettings | None:
    """None where the site has no mail.yaml: nothing is mailed. Raises UserError: open to others, or wrong."""
    path = Home(home).path / "mail.yaml"
    try:
        require_private(path, code="mail_not_private")
    except FileNotFoundError:
        return None
    except OSError as error:
        raise UserError("mail_unreadable", f"{path} cannot be read ({error.strerror})", "see to its rights") from None
    return read_model(path, MailSettings, code="mail_invalid")
