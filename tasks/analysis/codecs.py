"""What a trunk's list of codecs means for its calls."""
from __future__ import annotations

from collections.abc import Iterable

# Audio codecs by Asterisk's names; video and text (h264, vp8, t140) need no translation.
AUDIO = frozenset((
    "ulaw", "alaw", "g722", "g723", "g726", "g726aal2", "g729", "gsm", "ilbc", "opus", "speex", "speex16", "speex32",
    "adpcm", "lpc10", "siren7", "siren14", "g719", "silk8", "silk12", "silk16", "silk24", "codec2", "amr", "amrwb",
    "slin", "slin8", "slin12", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192", "testlaw",
))


def audio(codecs: Iterable[str]) -> tuple[str, ...]:
    """The audio codecs of an allow list, in its order. G.729 has several names there: g729, g729a."""
    plain = ("g729" if name.startswith("g729") else name for name in codecs)
    return tuple(dict.fromkeys(name for name in plain if name in AUDIO))


def untranslated(codecs: Iterable[str], translated: frozenset[str]) -> tuple[str, ...]:
    """Audio codecs of the list that Asterisk can only pass on; ``slin`` is called slin8 in its table."""
    known = translated | {"slin"}
    return tuple(name for name in audio(codecs) if name not in known)
