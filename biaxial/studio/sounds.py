"""A document as sound for the page: a stem for each voice, or a bank of single notes, as samples of 16 bits.

What is made is octets: the length of a header, the header in JSON, the samples, as :mod:`biaxial.studio.messages` says.
"""

from __future__ import annotations

import json
import threading
from collections import defaultdict, deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from biaxial.files.machine import available_threads
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import read_instruments
from biaxial.music.performance.playing import humanised
from biaxial.render.audio import INSTRUMENTS, SAMPLE_RATE, own_sampler, played, render_stems
from biaxial.render.sound.sampler import Struck
from biaxial.render.sound.timing import tempo_curve
from biaxial.studio.documents import STEP_TICKS, check_document, score_of
from biaxial.studio.json_messages import MessageError, to_json
from biaxial.studio.messages import Played, Render, Sound, SoundHeader
from biaxial.studio.pages import note_names

MAX_SECONDS: Final = 15 * 60
"""Longest piece that is played; a second of four stems takes 1.4 MB while they are made."""
BANK_SECONDS: Final = 0.7
BANK_PEAK: Final = 0.25
BANK_PITCHES: Final = range(min(low for low, _ in VOICE_RANGES), max(high for _, high in VOICE_RANGES) + 1)
_PLAYER = threading.Lock()
"""One sound is made at a time: each takes all processors, and much memory."""


def sounding(request: Render) -> bytes:
    """The sound that a request asks for.

    Raises
    ------
    InputError
        If the document cannot be played, or is too long to be.
    """
    if request.what == "bank":
        with _PLAYER:
            return _bank(request.instrument)
    document = request.document
    check_document(document)
    score = score_of(document)
    instruments = read_instruments(request.instruments) if request.instruments else ()
    if not 0 <= request.humanise <= 1:
        raise MessageError("humanise", f"{request.humanise:g} is not between 0 and 1")
    performance = humanised(score, request.humanise)
    curve = tempo_curve(score, strict=request.strict_tempo, tempos=performance.tempos)
    if curve.duration_seconds > MAX_SECONDS:
        raise InputError(
            f"the piece lasts {curve.duration_seconds / 60:.0f} minutes, and at most {MAX_SECONDS // 60} are played "
            "here; export it as FLAC, or set a faster tempo"
        )
    with _PLAYER:
        stems = render_stems(
            score,
            instrument=request.instrument,
            instruments=instruments,
            humanise=request.humanise,
            strict_tempo=request.strict_tempo,
        )
    struck = played(performance.score, INSTRUMENTS[request.instrument], curve=curve)
    names = defaultdict[int | None, deque[str]](deque)  # by voice, whose notes stay in their order
    for note, name in zip(score.notes, note_names(document, score), strict=True):
        names[note.voice].append(name)
    times = tuple(
        Played(names[note.voice].popleft(), heard.start_seconds, heard.end_seconds)
        for note, heard in zip(performance.score.notes, struck, strict=True)
    )
    header = SoundHeader(
        SAMPLE_RATE,
        curve.duration_seconds,
        tuple(Sound(voice, None, *place) for voice, place in enumerate(_places(stems))),
        times,
        tuple((curve.ticks / STEP_TICKS).tolist()),
        tuple(curve.seconds.tolist()),
    )
    return _packed(header, stems)


@lru_cache(maxsize=1)
def _bank(instrument: str) -> bytes:
    sampler, sounds = own_sampler(instrument), []
    for pitch in BANK_PITCHES:
        note = Struck(0.0, BANK_SECONDS, pitch)
        mix = np.zeros((2, round(sampler.end_seconds(note) * SAMPLE_RATE)), np.float32)
        sampler.play([note], mix)
        sounds.append(mix.T)
    peak = max(float(np.abs(sound).max()) for sound in sounds)
    sounds = [sound * np.float32(BANK_PEAK / peak) for sound in sounds]
    places = zip(BANK_PITCHES, _places(sounds), strict=True)
    return _packed(SoundHeader(SAMPLE_RATE, BANK_SECONDS, tuple(Sound(None, p, *place) for p, place in places)), sounds)


def _places(sounds: Sequence[NDArray[np.float32]]) -> list[tuple[int, int]]:
    """Offset in octets and frames of each."""
    ends = np.cumsum([4 * len(sound) for sound in sounds]).tolist()
    return [(end - 4 * len(sound), len(sound)) for end, sound in zip(ends, sounds, strict=True)]


def _packed(header: SoundHeader, sounds: Sequence[NDArray[np.float32]]) -> bytes:
    """The header with its length before it, and the samples ``(frames, 2)`` of each sound."""
    text = json.dumps(to_json(header), separators=(",", ":")).encode()
    text += b" " * (-len(text) % 4)
    with ThreadPoolExecutor(available_threads()) as threads:
        samples = list(threads.map(_samples, sounds))
    return b"".join((len(text).to_bytes(4, "little"), text, *samples))


def _samples(sound: NDArray[np.float32]) -> bytes:
    loud = np.multiply(sound, np.float32(32767), order="C")
    np.rint(loud, out=loud)
    return np.clip(loud, -32767, 32767, out=loud).astype("<i2").tobytes()
