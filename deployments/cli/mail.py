"""``uplift mail``: what becomes of mail. What is in doubt is never sent again by itself; a person decides."""
from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from deployments.cli.case_record import By, Reason, accepted, case_store, made, typed_line
from deployments.cli.errors import ExitCode
from deployments.cli.output import AsJson, print_json, print_rows
from reports.text import one_line
from tasks.model.errors import UserError
from tasks.model.ledger import Channel, OutboxMessage, OutboxState, Settled
from tasks.wire.home import find_home
from tasks.wire.mail_settings import MailSettings, load_mail_settings

app = typer.Typer(add_completion=False, no_args_is_help=True, help="What becomes of mail.")
TRY_AGAIN = 75              # EX_TEMPFAIL of sysexits.h: the mail server keeps the message and comes again
PATIENCE_S = 20.0
MOST_BYTES = 2_000_000
COLUMNS = ("message", "state", "case", "to", "tried", "since (UTC)", "detail")


@app.callback()
def mail() -> None:
    """What becomes of mail."""


@app.command("list")
def list_mail(
    state: Annotated[list[OutboxState] | None, typer.Option(help="Only in this state; may be repeated.")] = None,
    case_id: Annotated[str | None, typer.Option("--case", help="Only of this case.", callback=typed_line)] = None,
    as_json: AsJson = False,
) -> None:
    """Every mail of the outbox: pending, sending, sent, unsure (in doubt) or bounced (came back)."""
    with case_store() as store:
        found = [one for one in store.messages(case_id) if one.message.channel is Channel.MAIL
                 and (not state or one.state in state)]
    print_rows(COLUMNS, [_row(one) for one in found], as_json=as_json)


@app.command()
def send(as_json: AsJson = False) -> None:
    """One round now: look through what came in, remind who is silent, send what waits. `uplift tend` does it too."""
    from tasks.steps.tend_mail import mail_round

    home = find_home()
    with case_store() as store:
        done = mail_round(store, home, _settings(home))
    told = {"sent": done.sent.taken, "unsure": done.sent.unsure, "bounced": done.sent.bounced, "later": done.sent.later,
            "received": {kind.value: number for kind, number in done.received.items()},
            "decided_by_log": done.decided_by_log, "busy": done.busy, "troubles": done.troubles}
    if as_json:
        print_json(told)
    else:
        print("somebody else is at it" if done.busy else
              f"{done.sent.taken} sent, {done.sent.later} to be sent again, {done.sent.unsure} unsure, "
              f"{done.sent.bounced} refused for good; {done.received.total()} came in"
              + "".join(f", {number} {kind}" for kind, number in sorted(done.received.items())))
        for trouble in done.troubles:
            print(one_line(trouble))
    if done.troubles:
        raise typer.Exit(ExitCode.FAILED)


@app.command()
def decide(
    message_id: Annotated[str, typer.Argument(metavar="MESSAGE", callback=typed_line, help="Its id, as `uplift mail "
                                              "list --state unsure` shows it.")],
    by: By,
    reason: Reason,
    arrived: Annotated[bool, typer.Option("--arrived", help="It is there: it is not sent again.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="It is not there: it is sent again.")] = False,
) -> None:
    """Say what became of a mail in doubt. It stands in the case's journal."""
    from tasks.model.event import Noted
    from tasks.steps.work import sentence

    if arrived == resend:
        raise UserError("usage", "say what became of the message", "give --arrived or --resend, one of them")
    wanted = message_id if message_id.startswith("<") else f"<{message_id}>"
    with case_store() as store:
        found = [one for one in store.messages(only=(wanted,)) if one.message.channel is Channel.MAIL]
        if not found:
            raise UserError("message_not_found", f"there is no mail {wanted}", "see `uplift mail list`")
        case_id = found[0].case_id
        fate = Settled(message_id=wanted, detail=sentence(f"{by}: {reason}"), was=OutboxState.UNSURE,
                       state=OutboxState.SENT if arrived else OutboxState.PENDING)
        if case_id is None:
            store.settle_message(fate)
        else:
            what = "arrived" if arrived else "did not arrive and is sent again"
            text = f"the mail {wanted} to {', '.join(found[0].message.recipients)} {what}: {reason}"
            event = made(lambda case, now: Noted(at=now, by=by, text=sentence(text)), store.case(case_id), store.now())
            accepted(store.record(case_id, event, settled=[fate]))
    print(f"{wanted} is {fate.state}")


@app.command()
def receive() -> None:
    """Deal with one mail from standard input, for a mail server's pipe. Exit code 75: not now, bring it again."""
    from tasks.steps.receive_mail import Dealt
    from tasks.steps.receive_mail import receive as deal_with
    from tasks.steps.tend_mail import at_the_mail

    raw = sys.stdin.buffer.read(MOST_BYTES)
    while sys.stdin.buffer.read(1 << 20):       # or the mail server takes it for a failure
        pass
    try:
        home = find_home()
        with case_store() as store:
            dealt = at_the_mail(store, PATIENCE_S, lambda lease: deal_with(store, home, raw, lease))
    except UserError as trouble:                # of this machine, not of the mail: it must not be given back
        print(one_line(str(trouble)), file=sys.stderr)
        raise typer.Exit(TRY_AGAIN) from None
    if dealt is None:
        print("another process is at the mail", file=sys.stderr)
        raise typer.Exit(TRY_AGAIN)
    print({Dealt.UNKNOWN: "about nothing that Uplift has sent"}.get(dealt, dealt.value))


@app.command()
def log(
    file: Annotated[Path, typer.Argument(metavar="FILE", allow_dash=True, help="A Postfix log, rotated or not; - is "
                                         "standard input.")],
) -> None:
    """What a mail server's log says of mails in doubt. What it does not tell stays in doubt."""
    from tasks.steps.receive_mail import reconcile_with_log
    from tasks.steps.tend_mail import at_the_mail

    source = Path("/dev/stdin") if str(file) == "-" else file
    with case_store() as store:
        decided = at_the_mail(store, PATIENCE_S, lambda lease: reconcile_with_log(store, source, lease))
        if decided is None:
            raise UserError("mail_busy", "another process is at the mail", "try again in a minute")
        left = [one for one in store.messages(state=OutboxState.UNSURE) if one.message.channel is Channel.MAIL]
    print(f"{decided} decided, {len(left)} still in doubt")


def _settings(home: Path) -> MailSettings:
    settings = load_mail_settings(home)
    if settings is None:
        raise UserError("no_mail_settings", f"{home / 'mail.yaml'} is not there, so no mail is sent",
                        "write it as docs/mail.md shows")
    return settings


def _row(one: OutboxMessage) -> tuple[object, ...]:
    since = one.sent_at or one.claimed_at or one.message.not_before
    return (one.message.message_id, one.state.value, one.case_id, ", ".join(one.message.recipients), one.attempts,
            f"{since:%Y-%m-%d %H:%M}" if since else None, one.detail)
