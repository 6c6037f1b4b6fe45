"""A piece as sound: stereo, from a soundfont, in a room, at one loudness, in FLAC, WAV or Ogg Vorbis.

The soundfont that comes with the package is cut from FluidR3 (``scripts/make/make_soundfont.py``). Its samples and
every sound file go through soundfile.

The room is a reverberation of noise that dies away, the higher the sooner: an impulse response of white noise with an
exponential decay is what a large room's late sound amounts to (Moorer, "About this reverberation business", Computer
Music Journal 3, 1979). Both sides have noise of their own, so that a sound from the middle comes back from all round.

Loudness is the integrated one of ITU-R BS.1770-4 (2015). The weighting is applied to the spectrum of pieces of 0.1 s,
four of which make a gating block: the sum of a piece's weighted power is that of the filtered signal but for what
crosses its ends. Six chorales on four instruments come out within 0.05 LU of pyloudnorm 0.2.0, which filters, and
leaves out a factor of 0.04 dB.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.files.assets import ASSETS
from biaxial.files.atomic import atomic_write
from biaxial.music.errors import InputError
from biaxial.music.instruments import PRESETS
from biaxial.music.score import Note, Score
from biaxial.music.written_out import written_out
from biaxial.render.sound.sampler import Sampler, Struck
from biaxial.render.sound.soundfont import SoundFont
from biaxial.render.sound.timing import tempo_curve

SOUNDFONT: Final = ASSETS / "fluid-chorale.sf3"
"""The soundfont that is used unless another is given."""
SAMPLE_RATE: Final = 44100
FORMATS: Final = {".flac": ("FLAC", "PCM_16"), ".wav": ("WAV", "PCM_16"), ".ogg": ("OGG", "VORBIS")}
"""What soundfile calls the formats of sound files, by suffix."""
MAX_SECONDS: Final = 2 * 60 * 60
"""Longest piece; a frame takes 8 bytes, so that this one takes 2.5 GB."""

REPEAT_GAP_SECONDS: Final = 0.1
"""How long before a voice strikes its pitch again it lets go; at most a third of the note."""
TAIL_DB: Final = -60.0
"""Where the sound after the last note ends, below the peak of the piece."""
FADE_SECONDS: Final = 0.25
_BANDS = ((0.0, 250.0, 1.1), (250.0, 1000.0, 1.0), (1000.0, 3000.0, 0.8), (3000.0, 8000.0, 0.5))
"""Lower and upper edge, Hz, and decay time as a share of the room's. What is higher does not come back."""
_DELAY_SECONDS = 0.02
_SEED = 4  # of the first ten, the one that keeps organ and choir nearest to the middle
TARGET_LUFS: Final = -20.0
"""Loudness of what is written: that of quiet listening, with room for the peaks of four voices."""
PEAK_DBFS: Final = -1.0
"""No sample is higher; what would be is made softer as a whole, so that nothing is ever squeezed."""
_ABSOLUTE_GATE, _RELATIVE_GATE = -70.0, -10.0


@dataclass(frozen=True)
class Room:
    """A room.

    Parameters
    ----------
    decay_seconds
        Time in which its sound falls by 60 dB.
    level_db
        Level of the reverberation of white noise below that of the noise itself.
    """

    decay_seconds: float
    level_db: float

    def response(self, rate: int) -> NDArray[np.float32]:
        """Impulse response of the reverberation alone, ``(2, frames)``."""
        size = round(self.decay_seconds * rate)
        times = np.arange(size) / rate
        spectrum = np.fft.rfft(np.random.default_rng(_SEED).standard_normal((2, size)))
        frequencies = np.fft.rfftfreq(size, 1 / rate)
        total = np.zeros((2, size))
        for low, high, share in _BANDS:
            band = np.where((low <= frequencies) & (frequencies < high), spectrum, 0)
            part = np.fft.irfft(band, size) * 10 ** (-3 * times / (self.decay_seconds * share))
            power = np.square(part).sum(axis=1, keepdims=True)
            total += part * np.sqrt(power.mean() / power)  # both sides alike, in every band
        total *= 10 ** (self.level_db / 20) / np.sqrt(np.square(total).sum(axis=1, keepdims=True))
        return np.pad(total, ((0, 0), (round(_DELAY_SECONDS * rate), 0))).astype(np.float32)

    def add_to(self, mix: NDArray[np.float32], rate: int) -> None:
        """Add the room to planar stereo ``(2, frames)``, in place; what would sound beyond its end is left out."""
        response = self.response(rate)
        size = 1 << (2 * response.shape[1] - 1).bit_length()
        step = size - response.shape[1]
        spectrum = np.fft.rfft(response, size)
        tail = np.zeros((2, response.shape[1]), np.float32)
        for first in range(0, mix.shape[1], step):
            block = mix[:, first : first + step]
            wet = np.fft.irfft(np.fft.rfft(block.mean(axis=0), size) * spectrum, size)
            wet[:, : tail.shape[1]] += tail
            block += wet[:, : block.shape[1]].astype(np.float32)
            tail = wet[:, step:].astype(np.float32)


@dataclass(frozen=True)
class Instrument:
    """What the music is played on.

    Parameters
    ----------
    program
        Number in General MIDI, counted from 0.
    room
        Where it stands.
    spread_cents
        How far soprano and tenor are above, alto and bass below the pitch, so that two who sing one note are two. A
        keyboard has one key for both, which sounds louder: two such tones a little apart would come and go together.
    """

    program: int
    room: Room
    spread_cents: float


INSTRUMENTS: Final = {
    "organ": Instrument(PRESETS["organ"].program, Room(2.0, -9.0), 0.0),
    "choir": Instrument(PRESETS["choir"].program, Room(2.0, -8.0), 2.0),
    "piano": Instrument(PRESETS["piano"].program, Room(1.1, -13.0), 0.0),
    "strings": Instrument(PRESETS["strings"].program, Room(1.6, -9.0), 2.0),
}


@dataclass(frozen=True)
class Place:
    """Where a voice stands, how loud it is, and to which side of the pitch it leans."""

    pan: float = 0.0
    gain_db: float = 0.0
    lean: int = 0


PLACES: Final = (Place(-0.16, 1.0, 1), Place(0.06, -0.5, -1), Place(-0.06, -0.5, 1), Place(0.16, 0.5, -1))
"""Of soprano, alto, tenor and bass. Other voices, and music without voices, stand in the middle."""


def render_audio(
    score: Score,
    *,
    instrument: str = "organ",
    soundfont: str | Path | None = None,
    strict_tempo: bool = False,
    sample_rate: int = SAMPLE_RATE,
) -> NDArray[np.float32]:
    """Play a piece.

    Parameters
    ----------
    score
        The piece; rests at its end sound too. One without notes is silence.
    instrument
        A key of :data:`INSTRUMENTS`.
    soundfont
        An SF2 or SF3 file in place of the package's own. Its General MIDI preset of the instrument is played, or the
        only preset that it has.
    strict_tempo
        Keep the tempo at fermatas and at the end.
    sample_rate
        Frames a second, 8000 to 192000.

    Returns
    -------
    Stereo sound ``(frames, 2)``, at :data:`TARGET_LUFS` or as near to it as :data:`PEAK_DBFS` allows.

    Raises
    ------
    InputError
        If the instrument is unknown, the soundfont cannot be used, or the piece has no
        length or is too long.
    OSError
        If the soundfont cannot be read.
    """
    chosen = check_instrument(instrument)
    if not 8000 <= sample_rate <= 192_000:
        raise InputError(f"sound has 8000 to 192000 frames a second, not {sample_rate}")
    if score.length_ticks == 0:
        raise InputError("the piece has no length, so there is nothing to hear; give one with notes")
    score = written_out(score)
    curve = tempo_curve(score, strict=strict_tempo)
    if curve.duration_seconds > MAX_SECONDS:
        raise InputError(
            f"the piece lasts {curve.duration_seconds / 60:.0f} minutes, and sound is made of at most "
            f"{MAX_SECONDS // 60}; set a faster tempo or cut it into pieces"
        )
    font = SoundFont(SOUNDFONT if soundfont is None else Path(soundfont))
    bank, program = next(iter(font.presets)) if len(font.presets) == 1 else (0, chosen.program)
    sampler = Sampler(font, font.zones(bank, program), sample_rate)
    notes = played(score, chosen, strict_tempo=strict_tempo)
    if not notes:
        return np.zeros((round(curve.duration_seconds * sample_rate) or 1, 2), np.float32)
    end = max(sampler.end_seconds(note) for note in notes) + chosen.room.decay_seconds
    mix = np.zeros((2, round(max(curve.duration_seconds, end) * sample_rate)), np.float32)
    sampler.play(notes, mix)
    chosen.room.add_to(mix, sample_rate)
    normalise(mix, sample_rate)
    mix = mix[:, : _heard(mix, round(curve.duration_seconds * sample_rate))]
    fade = min(round(FADE_SECONDS * sample_rate), mix.shape[1])
    mix[:, -fade:] *= np.square(np.linspace(1.0, 0.0, fade, dtype=np.float32))
    return mix.T


def save_audio(
    score: Score,
    path: str | Path,
    *,
    instrument: str = "organ",
    soundfont: str | Path | None = None,
    strict_tempo: bool = False,
    sample_rate: int = SAMPLE_RATE,
) -> None:
    """Play a piece into a file, ``.flac``, ``.wav`` (both of 16 bits) or ``.ogg``; it appears whole or not at all.

    The other parameters are those of :func:`render_audio`.

    Raises
    ------
    InputError
        If the suffix is another, or the piece cannot be played.
    OSError
        If the file cannot be written, or the soundfont not be read.
    """
    path = Path(path)
    if path.suffix.lower() not in FORMATS:
        raise InputError(f"{path}: sound files end in {', '.join(FORMATS)}")
    playing: dict[str, Any] = {"instrument": instrument, "soundfont": soundfont, "strict_tempo": strict_tempo}
    atomic_write(path, audio_bytes(score, path.suffix.lower(), sample_rate=sample_rate, **playing))


def audio_bytes(score: Score, suffix: str, *, sample_rate: int = SAMPLE_RATE, **playing: Any) -> bytes:
    """A piece as a sound file in memory, of the kind that a suffix in :data:`FORMATS` asks for.

    The other parameters and errors are those of :func:`render_audio`.
    """
    import soundfile

    frames = render_audio(score, sample_rate=sample_rate, **playing)
    kind, coding = FORMATS[suffix]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", sample_rate, 2, coding, format=kind) as file:
        for first in range(0, len(frames), 1 << 16):  # the encoder of Vorbis fails on a long piece given at once
            file.write(frames[first : first + (1 << 16)])
    return buffer.getvalue()


def check_instrument(name: str) -> Instrument:
    """The instrument of a name.

    Raises
    ------
    InputError
        If there is none.
    """
    if name not in INSTRUMENTS:
        raise InputError(f"no instrument {name!r}; choose one of {', '.join(INSTRUMENTS)}")
    return INSTRUMENTS[name]


def played(score: Score, instrument: Instrument, *, strict_tempo: bool = False) -> list[Struck]:
    """The notes of a piece in seconds, each from its voice's place; before a repeated note there is a gap."""
    curve = tempo_curve(score, strict=strict_tempo)
    again = _struck_again(score)
    starts = curve.at([note.onset_ticks for note in score.notes]).tolist()
    ends = curve.at([note.end_ticks for note in score.notes]).tolist()
    result = []
    for note, start, end, choked in zip(score.notes, starts, ends, again, strict=True):
        place = PLACES[note.voice] if note.voice is not None and note.voice < len(PLACES) else Place()
        if choked:
            end -= min(REPEAT_GAP_SECONDS, (end - start) / 3)
        cents = place.lean * instrument.spread_cents
        result.append(Struck(start, end, note.pitch, note.velocity, cents, place.gain_db, place.pan, choked))
    return result


def _heard(mix: NDArray[np.float32], count: int) -> int:
    """Frames up to where the sound behind the first ``count`` has died away."""
    threshold = 10 ** (TAIL_DB / 20) * max(-float(mix.min()), float(mix.max()))
    loud = np.flatnonzero((np.abs(mix[:, count:]) > threshold).any(axis=0))
    return count + (int(loud[-1]) + 1 if len(loud) else 0)


def _struck_again(score: Score) -> list[bool]:
    """Whether each note's voice strikes the same pitch when the note ends."""
    lines: dict[tuple[int | None, int], list[tuple[Note, int]]] = {}
    for index, note in enumerate(score.notes):
        lines.setdefault((note.voice, note.pitch), []).append((note, index))
    again = [False] * len(score.notes)
    for line in lines.values():
        for (note, index), (later, _) in pairwise(line):
            again[index] = note.onset_ticks < later.onset_ticks <= note.end_ticks
    return again


def loudness(mix: NDArray[np.float32], rate: int) -> float:
    """Integrated loudness in LUFS of planar sound ``(channels, frames)``; minus infinity for silence.

    Sound shorter than a block of 0.4 s counts as one block.
    """
    size = round(0.1 * rate)
    weights = _k_weighting(np.fft.rfftfreq(size, 1 / rate), rate) * (2.0 / size**2)
    powers = np.zeros(max(-(-mix.shape[1] // size), 4))
    for channel in mix:
        for first in range(0, len(powers), 256):
            piece = channel[first * size : (first + 256) * size]
            rows = np.pad(piece, (0, -len(piece) % size)).reshape(-1, size)
            powers[first : first + len(rows)] += np.square(np.abs(np.fft.rfft(rows))) @ weights
    blocks = (powers[:-3] + powers[1:-2] + powers[2:-1] + powers[3:]) / 4
    for gate in (_ABSOLUTE_GATE, None):
        if len(blocks) == 0 or blocks.mean() == 0:
            return -np.inf
        blocks = blocks[_lufs(blocks) > (_lufs(blocks.mean()) + _RELATIVE_GATE if gate is None else gate)]
    return float(_lufs(blocks.mean())) if len(blocks) else -np.inf


def normalise(mix: NDArray[np.float32], rate: int) -> None:
    """Bring planar sound to the target, in place, or as near to it as its peak allows; silence stays silence."""
    measured = loudness(mix, rate)
    if np.isfinite(measured):
        peak = max(-float(mix.min()), float(mix.max()))
        mix *= np.float32(min(10 ** ((TARGET_LUFS - measured) / 20), 10 ** (PEAK_DBFS / 20) / peak))


def _lufs(power: NDArray[np.float64] | np.floating) -> NDArray[np.float64]:
    with np.errstate(divide="ignore"):
        return np.asarray(-0.691 + 10 * np.log10(power))


def _k_weighting(frequencies: NDArray[np.floating], rate: int) -> NDArray[np.float64]:
    """Power response of the two filters: a high shelf (1682 Hz, 4.0 dB) and a high-pass (38 Hz).

    The numbers are those of the analogue filters from which the bilinear transform makes the published coefficients for
    48 kHz, with which this agrees to the last digit; other rates get theirs by the same transform.
    """
    warped = 1j * np.tan(np.pi * frequencies / rate)
    s = warped / np.tan(np.pi * 1681.974450955533 / rate)
    gain, q = 10 ** (3.999843853973347 / 20), 0.7071752369554196
    shelf = (gain * s**2 + gain**0.4996667741545416 / q * s + 1) / (s**2 + s / q + 1)
    corner, q = np.tan(np.pi * 38.13547087602444 / rate), 0.5003270373238773
    s = warped / corner
    high_pass = s**2 / (s**2 + s / q + 1) * (1 + corner / q + corner**2)  # published with a numerator of 1, -2, 1
    return np.asarray(np.abs(shelf * high_pass) ** 2)
