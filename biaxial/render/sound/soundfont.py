"""Reading soundfonts: SF2, and SF3, which is the same with samples in Ogg Vorbis.

Format: SoundFont Technical Specification 2.04 (Creative and E-mu, 2006), chapters 5 to 8; SF3 as MuseScore writes it.
Of a zone's generators this knows what a sustained tone needs: ranges, tuning, pan, attenuation, volume envelope, loops,
address offsets, and a filter that stands still, as open as its envelope ever makes it. Low-frequency oscillators, the
rest of the modulation envelope and modulators are left out.

Why not a library: the one that installs everywhere from a wheel, symusic (0.5.9), plays every velocity alike and takes
no notice of a zone's own root key, which puts FluidR3's piano, choir and strings off by half a semitone and more, or of
its filter; 0.6.0 cannot return what it plays. tinysoundfont and pyfluidsynth want PortAudio and FluidSynth on the
system. Against FluidSynth 2.3.1 this plays the package's soundfont with levels within 0.1 dB from note to note.
"""

from __future__ import annotations

import io
import mmap
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from biaxial.music.errors import InputError

INSTRUMENT, SAMPLE = 41, 53
START, END, LOOP_START, LOOP_END = 0, 1, 2, 3
START_COARSE, END_COARSE, LOOP_START_COARSE, LOOP_END_COARSE = 4, 12, 45, 50
CUTOFF, RESONANCE, CUTOFF_BY_ENVELOPE, PAN = 8, 9, 11, 17
DELAY, ATTACK, HOLD, DECAY, SUSTAIN, RELEASE, HOLD_BY_KEY, DECAY_BY_KEY = 33, 34, 35, 36, 37, 38, 39, 40
KEYS, VELOCITIES, ATTENUATION, COARSE_TUNE, FINE_TUNE, LOOP_MODE, KEY_SCALE, ROOT_KEY = 43, 44, 48, 51, 52, 54, 56, 58
"""Generators, by the numbers of the specification (8.1.2)."""
ADDRESSES: Final = (0, 1, 2, 3, 4, 12, 45, 50)
"""Those that move a sample's start, end and loop."""

DEFAULTS: Final[Mapping[int, int]] = {
    **dict.fromkeys((DELAY, ATTACK, HOLD, DECAY, RELEASE), -12000),
    CUTOFF: 13500,
    KEY_SCALE: 100,
    ROOT_KEY: -1,
}
"""Values of generators that are not 0 by default."""
NOT_ADDED: Final = frozenset({KEYS, VELOCITIES, INSTRUMENT, SAMPLE, LOOP_MODE, ROOT_KEY, 46, 47, 57})
"""Generators of a preset that are not added to those of its instruments."""
COMPRESSED: Final = 0x10
"""Bit of a sample's type: Ogg Vorbis."""
MAX_SAMPLE_FRAMES: Final = 1 << 22
"""Frames of a sample that are read; a minute and a half at 44.1 kHz."""

RECORDS: Final[Mapping[str, np.dtype[Any]]] = {
    "phdr": np.dtype([("name", "S20"), ("program", "<u2"), ("bank", "<u2"), ("bag", "<u2"), ("spare", "<u4", 3)]),
    "pbag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    "pgen": np.dtype([("kind", "<u2"), ("amount", "<i2")]),
    "inst": np.dtype([("name", "S20"), ("bag", "<u2")]),
    "ibag": np.dtype([("generator", "<u2"), ("modulator", "<u2")]),
    "igen": np.dtype([("kind", "<u2"), ("amount", "<i2")]),
    "shdr": np.dtype(
        {
            "names": ["name", "start", "end", "loop_start", "loop_end", "rate", "pitch", "correction", "link", "type"],
            "formats": ["S20", *["<u4"] * 5, "u1", "i1", "<u2", "<u2"],
        }
    ),
}
"""Tables of a soundfont, each closed by a record that only marks its end."""


@dataclass(frozen=True)
class Zone:
    """What sounds for some keys and velocities of a preset: a sample, and how it is played.

    Parameters
    ----------
    sample
        Number of the sample.
    amounts
        Generators that are set, in the units of the specification.
    keys, velocities
        Lowest and highest of each.
    """

    sample: int
    amounts: Mapping[int, int]
    keys: tuple[int, int]
    velocities: tuple[int, int]

    def amount(self, kind: int) -> int:
        """Value of a generator, or its default."""
        return self.amounts.get(kind, DEFAULTS.get(kind, 0))

    def seconds(self, kind: int, key: int = 60) -> float:
        """Length of a stage of the volume envelope for a key, at most 100 s; those of under 2 ms are none."""
        by_key = {HOLD: HOLD_BY_KEY, DECAY: DECAY_BY_KEY}.get(kind)
        timecents = self.amount(kind) + (self.amount(by_key) * (60 - key) if by_key else 0)
        return 0.0 if timecents <= -10800 else float(2.0 ** (min(timecents, 8000) / 1200))

    @property
    def cutoff(self) -> int:
        """Where the filter begins, in cents above 8.176 Hz."""
        return self.amount(CUTOFF) + max(self.amount(CUTOFF_BY_ENVELOPE), 0)

    @property
    def pan(self) -> float:
        """From -0.5, left, to 0.5, right."""
        return min(max(self.amount(PAN) / 1000, -0.5), 0.5)

    @property
    def attenuation_db(self) -> float:
        """Attenuation; 0.4 of what is written, as the synthesisers that soundfonts are made for have it."""
        return 0.04 * min(max(self.amount(ATTENUATION), 0), 1440)

    @property
    def sustain_db(self) -> float:
        """Attenuation that the envelope decays to."""
        return 0.1 * min(max(self.amount(SUSTAIN), 0), 1440)


@dataclass(frozen=True)
class Sample:
    """A sample: mono ``frames`` at ``rate``, the key at which it was recorded, how far it is off in ``cents``."""

    frames: NDArray[np.float32]
    rate: int
    pitch: int
    cents: int
    loop_start: int
    loop_end: int


class SoundFont:
    """A soundfont file, of which only the presets and samples that are asked for are decoded.

    Raises
    ------
    InputError
        If the file is not a soundfont, or a damaged one; here or when a part is read.
    OSError
        If it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            try:
                self._data: mmap.mmap | bytes = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            except ValueError:  # an empty file
                self._data = b""
        if self._data[:4] != b"RIFF" or self._data[8:12] != b"sfbk":
            raise InputError(f"{path}: not a soundfont; give a file that ends in .sf2 or .sf3")
        chunks = dict(self._chunks())
        if missing := [name for name in ("smpl", *RECORDS) if name not in chunks]:
            raise self.damage(f"its part {missing[0]} is missing")
        self._samples_at, self._samples_size = chunks["smpl"]
        self.tables = {name: self._table(kind, *chunks[name]) for name, kind in RECORDS.items()}

    def damage(self, what: str) -> InputError:
        """What to raise when something in the file cannot be."""
        return InputError(f"{self.path}: a damaged soundfont ({what}); fetch it again, or choose another")

    def _chunks(self) -> Iterator[tuple[str, tuple[int, int]]]:
        """Name, place and size of each chunk within the three lists."""
        place, end = 12, len(self._data)
        while place + 8 <= end:
            name, size = (
                bytes(self._data[place : place + 4]),
                int.from_bytes(self._data[place + 4 : place + 8], "little"),
            )
            if name == b"LIST":
                place += 12  # the chunks of a list come one by one
                continue
            if place + 8 + size > end:
                raise self.damage("it is cut short")
            yield name.decode("latin-1"), (place + 8, size)
            place += 8 + size + size % 2

    def _table(self, kind: np.dtype[Any], place: int, size: int) -> NDArray[Any]:
        if size % kind.itemsize or size < kind.itemsize:
            raise self.damage("a table has a wrong size")
        return np.frombuffer(self._data, kind, size // kind.itemsize, place)

    @cached_property
    def presets(self) -> dict[tuple[int, int], str]:
        """Names of the presets by bank and program."""
        named = ((int(row["bank"]), int(row["program"]), row["name"]) for row in self.tables["phdr"][:-1])
        return {(bank, program): bytes(name).decode("latin-1").strip("\0 ") for bank, program, name in named}

    def zones(self, bank: int, program: int) -> tuple[Zone, ...]:
        """What a preset plays.

        Raises
        ------
        InputError
            If there is no such preset, or it plays nothing.
        """
        heads = self.tables["phdr"]
        found = np.flatnonzero((heads["bank"][:-1] == bank) & (heads["program"][:-1] == program))
        if len(found) == 0:
            known = ", ".join(f"{name} ({bank}:{program})" for (bank, program), name in list(self.presets.items())[:8])
            raise InputError(f"{self.path}: no preset {bank}:{program} in this soundfont; it has {known or 'none'}")
        zones: list[Zone] = []
        for above in self._bags("p", int(found[0]), INSTRUMENT):
            for amounts in self._bags("i", above[INSTRUMENT], SAMPLE):
                added = {kind: value for kind, value in above.items() if kind not in NOT_ADDED}
                total = amounts | {
                    kind: value + amounts.get(kind, DEFAULTS.get(kind, 0)) for kind, value in added.items()
                }
                keys, velocities = (_common(above, amounts, kind) for kind in (KEYS, VELOCITIES))
                if keys[0] <= keys[1] and velocities[0] <= velocities[1]:
                    zones.append(Zone(amounts[SAMPLE], total, keys, velocities))
        if not zones:
            raise self.damage(f"preset {bank}:{program} has no samples")
        return tuple(zones)

    def _bags(self, letter: str, index: int, wanted: int) -> Iterator[dict[int, int]]:
        """Generators of each zone of a preset or an instrument that leads to something, the global zone's included."""
        heads = self.tables["phdr" if letter == "p" else "inst"]
        bags, generators = self.tables[f"{letter}bag"], self.tables[f"{letter}gen"]
        if not 0 <= index < len(heads) - 1:
            raise self.damage("an instrument is missing")
        first, last = int(heads[index]["bag"]), int(heads[index + 1]["bag"])
        if last >= len(bags):
            raise self.damage("a zone is missing")
        everywhere: dict[int, int] = {}
        for number in range(first, last):
            rows = generators[int(bags[number]["generator"]) : int(bags[number + 1]["generator"])]
            amounts = everywhere | dict(zip(rows["kind"].tolist(), rows["amount"].tolist(), strict=True))
            if wanted in amounts:
                yield amounts
            elif number == first:
                everywhere = amounts

    def sample(self, number: int, zone: Zone) -> Sample:
        """Decode what a zone plays, its address offsets applied.

        Raises
        ------
        InputError
            If the sample is missing or damaged.
        """
        import soundfile

        table = self.tables["shdr"]
        if not 0 <= number < len(table) - 1:
            raise self.damage("a sample is missing")
        row = {name: int(table[number][name]) for name in table.dtype.names or () if name != "name"}
        start, end = row["start"], row["end"]
        loop = [row["loop_start"], row["loop_end"]]
        if row["type"] & COMPRESSED:
            if not start < end <= self._samples_size:
                raise self.damage(f"sample {number} lies outside the file")
            packed = self._data[self._samples_at + start : self._samples_at + end]
            try:
                frames, _ = soundfile.read(io.BytesIO(packed), MAX_SAMPLE_FRAMES, dtype="float32", always_2d=True)
            except soundfile.LibsndfileError as error:
                raise self.damage(f"sample {number} cannot be decoded") from error
            frames = np.ascontiguousarray(frames[:, 0])
        else:
            start += zone.amount(START) + 32768 * zone.amount(START_COARSE)
            end += zone.amount(END) + 32768 * zone.amount(END_COARSE)
            if not 0 <= start < end <= self._samples_size // 2:
                raise self.damage(f"sample {number} lies outside the file")
            count = min(end - start, MAX_SAMPLE_FRAMES)
            shorts = np.frombuffer(self._data, "<i2", count, self._samples_at + 2 * start)
            frames = shorts.astype(np.float32) / np.float32(32768)
            loop[0] += zone.amount(LOOP_START) + 32768 * zone.amount(LOOP_START_COARSE) - start
            loop[1] += zone.amount(LOOP_END) + 32768 * zone.amount(LOOP_END_COARSE) - start
        if not 400 <= row["rate"] <= 400_000 or not np.isfinite(frames).all():
            raise self.damage(f"sample {number} cannot be decoded")
        if not 0 <= loop[0] < loop[1] <= len(frames) or not zone.amount(LOOP_MODE) & 1:
            loop = [0, 0]
        pitch = row["pitch"] if row["pitch"] <= 127 else 60
        return Sample(frames, row["rate"], pitch, row["correction"], *loop)


def _common(above: Mapping[int, int], below: Mapping[int, int], kind: int) -> tuple[int, int]:
    """Lowest and highest key or velocity that a preset's zone and an instrument's zone have in common."""
    pairs = [divmod(amounts.get(kind, 0x7F00) & 0xFFFF, 256) for amounts in (above, below)]
    return max(low for _, low in pairs), min(high for high, _ in pairs)
