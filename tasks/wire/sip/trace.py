"""What went over the wire during a call, read from the SIP library's trace.

The trace is the only place where the library tells the chosen codec and whether its BYE was answered. Its lines stay
in memory: they hold digests, which no log may have.
"""
from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from tasks.wire.sip.message import Dialog, Message, codec_of, dialog_of, parse

LOGGER = "baresip"
_CHALLENGES = (401, 407)


class Trace(logging.Handler):
    """Reads along. ``on_dialog`` is called (in the library's log thread) when a call of ours is answered."""

    def __init__(self, on_dialog: Callable[[Dialog], None]) -> None:
        super().__init__(logging.DEBUG)
        self._on_dialog = on_dialog
        self.codec: str | None = None
        self.invite_status: int | None = None       # the final answer to our INVITE
        self.reason = ""
        self.cancelled = False          # we gave up before there was one
        self.over = asyncio.Event()     # a call was begun, and both sides know that it is over
        self._loop = asyncio.get_running_loop()

    def attach(self) -> None:
        logger = logging.getLogger(LOGGER)
        logger.handlers = [self]        # nothing of the library's reaches another log
        logger.propagate = False
        logger.setLevel(logging.DEBUG)

    def emit(self, record: logging.LogRecord) -> None:
        if record.name != f"{LOGGER}.native.sip":
            return
        direction, _, text = record.getMessage().partition("\n")
        message = parse(text)
        if message is None:
            return
        if direction.startswith("RX"):
            self._received(message)
        elif message.method == "CANCEL":
            self.cancelled = True

    def _received(self, message: Message) -> None:
        if message.method == "BYE":
            self._ended()
        elif message.status is None or message.status < 200:
            return
        elif message.cseq_method == "BYE":
            if message.status not in _CHALLENGES:
                self._ended()
        elif message.cseq_method == "INVITE" and message.status not in _CHALLENGES:
            self.invite_status = message.status
            self.reason = message.first_line.split(" ", 2)[-1]
            if message.status >= 300:
                self._ended()
            else:
                self.codec = codec_of(message) or self.codec
                dialog = dialog_of(message)
                if dialog is not None:
                    self._on_dialog(dialog)

    def _ended(self) -> None:
        self._loop.call_soon_threadsafe(self.over.set)
