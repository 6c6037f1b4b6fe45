"""A piece as sound: stereo, from a soundfont, in a room, at one loudness, in FLAC, WAV or Ogg Vorbis.

The soundfont that comes with the package is cut from FluidR3 (``scripts/make/make_soundfont.py``). Its samples and
every sound file go through soundfile.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.files.assets import ASSETS
from biaxial.files.atomic import atomic_write
from biaxial.files.machine import available_threads
from biaxial.music.errors import InputError
from biaxial.music.performance.instruments import PRESETS, SEATS, seats_of
from biaxial.music.performance.playing import humanised, written_finely
from biaxial.music.performance.seating import seated
from biaxial.music.score import Note, Score
from biaxial.music.written_out import written_out
from biaxial.render.sound.loudness import gain
from biaxial.render.sound.room import Room
from biaxial.render.sound.sampler import Sampler, Struck
from biaxial.render.sound.soundfont import SoundFont
from biaxial.render.sound.timing import TempoCurve, tempo_curve

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


Player = tuple[Sampler, Instrument]
Band = list[Player]
"""What plays each voice, from the top; the last one plays those below it too."""

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
    instruments: Sequence[str] = (),
    humanise: float = 0.0,
    humanise_seed: int = 0,
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
    instruments
        Names of what each voice is played on, from the top (:data:`~biaxial.music.performance.instruments.SEATS`), in
        place of the one instrument; music without voices is given to them (:mod:`biaxial.music.performance.seating`).
        What the soundfont lacks is played on the nearest of :data:`INSTRUMENTS` (:func:`fallbacks`).
    humanise, humanise_seed
        How much it is played as people play, 0 to 1, and the seed of that (:mod:`biaxial.music.performance.playing`).
        With ``strict_tempo`` phrases do not slow down.

    Returns
    -------
    Stereo sound ``(frames, 2)``, at one loudness, or as near to it as its peak allows
    (:mod:`biaxial.render.sound.loudness`).

    Raises
    ------
    InputError
        If the instrument is unknown, the soundfont cannot be used, or the piece has no
        length or is too long.
    OSError
        If the soundfont cannot be read.
    """
    people = (humanise, humanise_seed)
    band = _band(instrument, instruments, soundfont, sample_rate)
    score = seated(score, tuple(instruments)).score
    whole: NDArray[np.float32] = _mixed(score, [None], band, strict_tempo, sample_rate, people)[0]
    return whole.T


def render_stems(
    score: Score,
    *,
    instrument: str = "organ",
    instruments: Sequence[str] = (),
    humanise: float = 0.0,
    strict_tempo: bool = False,
    sample_rate: int = SAMPLE_RATE,
) -> tuple[NDArray[np.float32], ...]:
    """Play each voice of a piece by itself, so that the sum is what :func:`render_audio` gives.

    Each has its share of the room, of the loudness and of the end of the whole.

    Parameters
    ----------
    score, instrument, instruments, humanise, strict_tempo, sample_rate
        As for :func:`render_audio`; notes beyond the voices of :data:`PLACES` are left out.

    Returns
    -------
    For each of :data:`PLACES` stereo sound ``(frames, 2)``, all of the same length.

    Raises
    ------
    InputError
        As for :func:`render_audio`.
    """
    band = _band(instrument, instruments, None, sample_rate)
    stems = _mixed(score, range(len(PLACES)), band, strict_tempo, sample_rate, (humanise, 0))
    return tuple(stem.T for stem in stems)


def _mixed(
    score: Score,
    voices: Sequence[int | None],
    band: Callable[[], Band],
    strict_tempo: bool,
    sample_rate: int,
    people: tuple[float, int] = (0.0, 0),
) -> NDArray[np.float32]:
    """Voices of a piece (all of them for ``None``), each in planar stereo ``(voices, 2, frames)``."""
    if not 8000 <= sample_rate <= 192_000:
        raise InputError(f"sound has 8000 to 192000 frames a second, not {sample_rate}")
    if score.length_ticks == 0:
        raise InputError("the piece has no length, so there is nothing to hear; give one with notes")
    amount, seed = people
    written = written_finely(score) if amount else written_out(score)
    performance = humanised(written, amount, seed)
    curve = tempo_curve(written, strict=strict_tempo, tempos=performance.tempos)
    if curve.duration_seconds > MAX_SECONDS:
        raise InputError(
            f"the piece lasts {curve.duration_seconds / 60:.0f} minutes, and sound is made of at most "
            f"{MAX_SECONDS // 60}; set a faster tempo or cut it into pieces"
        )
    players = band()
    heard = performance.score
    by_player = {player: played(heard, player[1], curve=curve) for player in dict.fromkeys(players)}
    sung = [(_player(players, note.voice), note.voice) for note in heard.notes]
    notes = [by_player[player][place] for place, (player, _) in enumerate(sung)]
    if not notes:
        return np.zeros((len(voices), 2, round(curve.duration_seconds * sample_rate) or 1), np.float32)
    room = players[0][1].room
    ends = (player[0].end_seconds(note) for note, (player, _) in zip(notes, sung, strict=True))
    end = max(ends) + room.decay_seconds
    stems = np.zeros((len(voices), 2, round(max(curve.duration_seconds, end) * sample_rate)), np.float32)

    def play(place: int) -> None:
        voice = voices[place]
        for player in by_player:
            own = (note for note, (by, of) in zip(notes, sung, strict=True) if by == player and voice in (None, of))
            player[0].play(own, stems[place])
        room.add_to(stems[place], sample_rate)

    with ThreadPoolExecutor(available_threads()) as threads:
        list(threads.map(play, range(len(voices))))
    whole = stems[0] if len(voices) == 1 else stems.sum(axis=0)
    stems *= gain(whole, sample_rate)
    stems = stems[..., : _heard(whole, round(curve.duration_seconds * sample_rate))]
    fade = min(round(FADE_SECONDS * sample_rate), stems.shape[2])
    stems[..., -fade:] *= np.square(np.linspace(1.0, 0.0, fade, dtype=np.float32))
    return stems


def _band(
    instrument: str, instruments: Sequence[str], soundfont: str | Path | None, sample_rate: int
) -> Callable[[], Band]:
    """What plays each voice; unknown names are refused at once, soundfonts are read when it is called."""
    chosen, seats = check_instrument(instrument), seats_of(instruments)

    def players() -> Band:
        path = SOUNDFONT if soundfont is None else Path(soundfont)
        if not seats:
            sampler = own_sampler(instrument, sample_rate)
            if soundfont is not None:
                sampler = _sampler(path, chosen.program, sample_rate)
            return [(sampler, chosen)]
        presets = SoundFont(path).presets
        programs = [
            seat.preset.program if (0, seat.preset.program) in presets else PRESETS[seat.like].program for seat in seats
        ]
        samplers = {program: _sampler(path, program, sample_rate) for program in programs}
        families = {program: INSTRUMENTS[seat.like] for program, seat in zip(programs, seats, strict=True)}
        return [(samplers[program], families[program]) for program in programs]

    return players


def _player(players: Band, voice: int | None) -> Player:
    return players[min(voice or 0, len(players) - 1)]


def fallbacks(instruments: Sequence[str], soundfont: str | Path | None = None) -> dict[str, str]:
    """What sounds in place of each instrument that a soundfont, by default the package's own, has no preset for.

    Raises
    ------
    InputError
        If an instrument is unknown, or the file is not a soundfont.
    OSError
        If it cannot be read.
    """
    presets = SoundFont(SOUNDFONT if soundfont is None else Path(soundfont)).presets
    seats = {name: SEATS[name] for name in instruments}
    return {name: seat.like for name, seat in seats.items() if (0, seat.preset.program) not in presets}


@lru_cache(maxsize=1)
def own_sampler(instrument: str, sample_rate: int = SAMPLE_RATE) -> Sampler:
    """An instrument of the package's own soundfont; the one that was asked for last is kept, with its tones."""
    return _sampler(SOUNDFONT, check_instrument(instrument).program, sample_rate)


def _sampler(path: Path, program: int, sample_rate: int) -> Sampler:
    font = SoundFont(path)
    bank, program = next(iter(font.presets)) if len(font.presets) == 1 else (0, program)
    return Sampler(font, font.zones(bank, program), sample_rate)


def save_audio(
    score: Score,
    path: str | Path,
    *,
    instrument: str = "organ",
    soundfont: str | Path | None = None,
    strict_tempo: bool = False,
    sample_rate: int = SAMPLE_RATE,
    instruments: Sequence[str] = (),
    humanise: float = 0.0,
    humanise_seed: int = 0,
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
    playing |= {"instruments": instruments, "humanise": humanise, "humanise_seed": humanise_seed}
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


def played(
    score: Score, instrument: Instrument, *, strict_tempo: bool = False, curve: TempoCurve | None = None
) -> list[Struck]:
    """The notes of a piece in seconds, each from its voice's place; before a repeated note there is a gap.

    The tempo is that of a curve, by default the one of the piece.
    """
    curve = curve or tempo_curve(score, strict=strict_tempo)
    again = _struck_again(score)
    starts = curve.at([note.onset_ticks for note in score.notes]).tolist()
    ends = curve.at([note.end_ticks for note in score.notes]).tolist()
    result = []
    for note, start, end, choked in zip(score.notes, starts, ends, again, strict=True):
        place = PLACES[note.voice] if note.voice is not None and note.voice < len(PLACES) else Place()
        if choked:
            end -= min(REPEAT_GAP_SECONDS, (end - start) / 3)
        cents = place.lean * instrument.spread_cents
        result.append(Struck(start, end, note.pitch, note.played_velocity, cents, place.gain_db, place.pan, choked))
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
