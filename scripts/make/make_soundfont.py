"""Cut the soundfont of the package out of FluidR3 and pack it: ``biaxial/assets/fluid-chorale.sf3``.

``python scripts/make/make_soundfont.py FluidR3_GM.sf2`` takes a few seconds. FluidR3 (Frank Wen, MIT) is Debian's
package fluid-soundfont-gm; its licence stands beside the file. What is kept:

- the presets church organ, choir, strings and grand piano;
- of each, the zones that sound for velocity :data:`VELOCITY`, opened to all velocities, and for keys 36 to 84, the
  outermost opened to all keys;
- every sample up to the end of its loop, in Ogg Vorbis of the quality in :data:`PRESETS`.

What is mended: FluidR3's samples are up to 38 cents out of tune (the choir; the organ is 5 to 16 sharp), up to 4 dB
louder than their neighbours, and those of the strings have an offset.

The same versions of libsndfile and libvorbis give the same bytes: the streams are numbered in order, where the library
would number them by the clock.
"""

from __future__ import annotations

import argparse
import io
import struct
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from numpy.typing import NDArray

from biaxial.files.atomic import atomic_write
from biaxial.render.audio import SOUNDFONT
from biaxial.render.sound.loudness import loudness
from biaxial.render.sound.soundfont import (
    ADDRESSES,
    COMPRESSED,
    INSTRUMENT,
    KEYS,
    PAN,
    RECORDS,
    ROOT_KEY,
    SAMPLE,
    VELOCITIES,
    Sample,
    SoundFont,
    Zone,
)

PRESETS = {0: ("Grand Piano", 0.3), 19: ("Church Organ", 0.5), 48: ("Strings", 0.3), 52: ("Choir", 0.3)}
"""Name of each program, and the quality of its samples, 0 to 1."""
VELOCITY = 80
MIN_KEY, MAX_KEY = 36, 84
GUARD = 8
"""Frames kept behind a loop."""
MONO, RIGHT, LEFT = 1, 2, 4
LEVEL_SECONDS = 1.5
"""How much of a sample its loudness is taken from."""
DROPPED = {KEYS, VELOCITIES, SAMPLE, INSTRUMENT, ROOT_KEY, *ADDRESSES}
"""Generators that are written otherwise, or that are in the samples."""

Rows = list[tuple[Any, ...]]


@dataclass(frozen=True)
class Cut:
    """A sample as it is written.

    Parameters
    ----------
    name
        As in FluidR3.
    frames, rate
        The sound, and its frames a second.
    loop
        First frame of the loop, and the first one behind it.
    pitch, cents
        The key at which it sounds, and what must be added to be in tune.
    side
        Which of a pair it is, as soundfonts write it.
    """

    name: str
    frames: NDArray[np.float32]
    rate: int
    loop: tuple[int, int]
    pitch: int
    cents: int
    side: int


def kept_zones(font: SoundFont, program: int) -> list[list[Zone]]:
    """Zones of a preset that are kept, with the keys that they will sound for; left and right of a pair together."""
    zones = [zone for zone in font.zones(0, program) if zone.velocities[0] <= VELOCITY <= zone.velocities[1]]
    zones = [zone for zone in zones if zone.keys[0] <= MAX_KEY and zone.keys[1] >= MIN_KEY]
    lowest, highest = min(zone.keys[0] for zone in zones), max(zone.keys[1] for zone in zones)
    groups: dict[tuple[int, int], list[Zone]] = {}
    for zone in sorted(zones, key=lambda zone: (zone.keys, zone.pan)):
        keys = 0 if zone.keys[0] == lowest else zone.keys[0], 127 if zone.keys[1] == highest else zone.keys[1]
        groups.setdefault(keys, []).append(Zone(zone.sample, zone.amounts, keys, (0, 127)))
    return list(groups.values())


def cut(font: SoundFont, zones: list[Zone]) -> list[Cut]:
    """The samples of a pair of zones, cut behind their loops, without an offset, and how far off they are together."""
    samples = [font.sample(zone.sample, zone) for zone in zones]
    root = zones[0].amount(ROOT_KEY)
    pitch = root if root >= 0 else samples[0].pitch
    cents = -round(out_of_tune([sustained(sample) for sample in samples], samples[0].rate, pitch))
    cuts = []
    for zone, sample in zip(zones, samples, strict=True):
        frames = sample.frames[: sample.loop_end + GUARD]
        offset = frames[sample.loop_start : sample.loop_end].mean()
        frames = frames - offset * np.minimum(np.arange(len(frames), dtype=np.float32) / (0.03 * sample.rate), 1)
        name = font.tables["shdr"][zone.sample]["name"].decode()
        side = {-1: LEFT, 0: MONO, 1: RIGHT}[int(np.sign(zone.amount(PAN)))]
        cuts.append(Cut(name, frames, sample.rate, (sample.loop_start, sample.loop_end), pitch, cents, side))
    return cuts


def sustained(sample: Sample) -> NDArray[np.float32]:
    """Four seconds of a sample, its loop repeated, without its attack."""
    loop = sample.frames[sample.loop_start : sample.loop_end]
    count = 4 * sample.rate
    return np.concatenate((sample.frames[: sample.loop_end], np.resize(loop, count)))[sample.rate // 4 :][:count]


def out_of_tune(sides: list[NDArray[np.float32]], rate: int, pitch: int) -> float:
    """Cents by which a sound is too high: centres of its first four partials, weighted by their power."""
    size = 1 << 20
    power = np.sum([np.square(np.abs(np.fft.rfft(side * np.hanning(len(side)), size))) for side in sides], axis=0)
    cents = 0.0
    for width in (80, 60, 45, 45):
        found, weights = [], []
        for partial in range(1, 5):
            near = 440 * 2 ** ((pitch - 69) / 12 + cents / 1200) * partial
            low, high = (round(near * 2 ** (side * width / 1200) * size / rate) for side in (-1, 1))
            weights.append(power[low : high + 1].sum())
            centre = np.average(np.arange(low, high + 1), weights=power[low : high + 1])
            found.append(1200 * np.log2(centre * rate / size / near))
        cents += float(np.average(found, weights=weights))
    return cents


def evened(groups: list[list[Cut]]) -> list[list[Cut]]:
    """The same samples, each pair as loud as a straight line over the keys says, and the highest peak at 0.9."""
    keys = [group[0].pitch for group in groups]
    levels = np.array([loudness(together(group), group[0].rate) for group in groups])
    gains = 10 ** ((np.polyval(np.polyfit(keys, levels, 1), keys) - levels) / 20)
    peak = max(gain * np.abs(one.frames).max() for gain, group in zip(gains, groups, strict=True) for one in group)
    return [
        [replace(one, frames=(one.frames * (gain * 0.9 / peak)).astype(np.float32)) for one in group]
        for gain, group in zip(gains, groups, strict=True)
    ]


def together(group: list[Cut]) -> NDArray[np.float32]:
    """The beginning of a pair as planar sound."""
    size = min(round(LEVEL_SECONDS * group[0].rate), *(len(one.frames) for one in group))
    return np.stack([one.frames[:size] for one in group])


def ogg(frames: NDArray[np.float32], rate: int, quality: float, serial: int) -> bytes:
    """One sample as an Ogg Vorbis stream of a given serial number."""
    buffer = io.BytesIO()
    soundfile.write(buffer, frames, rate, format="OGG", subtype="VORBIS", compression_level=1 - quality)
    decoded, _ = soundfile.read(io.BytesIO(buffer.getvalue()))
    if len(decoded) != len(frames):
        raise RuntimeError(f"Vorbis gave {len(decoded)} frames for {len(frames)}")
    data, place, pages = buffer.getvalue(), 0, []
    while place < len(data):
        segments = data[place + 26]
        size = 27 + segments + sum(data[place + 27 : place + 27 + segments])
        page = bytearray(data[place : place + size])
        page[14:18] = struct.pack("<I", serial)
        page[22:26] = bytes(4)
        page[22:26] = struct.pack("<I", checksum(page))
        pages.append(bytes(page))
        place += size
    return b"".join(pages)


def checksum(page: bytearray) -> int:
    """The checksum of an Ogg page (RFC 3533): polynomial 0x04c11db7, not reflected, from 0."""
    register = 0
    for byte in page:
        register = (register << 8) & 0xFFFFFFFF ^ TABLE[register >> 24 ^ byte]
    return register


def crc_table() -> list[int]:
    """The checksum of each byte."""
    table = []
    for byte in range(256):
        value = byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04C11DB7 if value & 0x80000000 else value << 1) & 0xFFFFFFFF
        table.append(value)
    return table


TABLE = crc_table()


def chunk(name: str, data: bytes) -> bytes:
    """A RIFF chunk."""
    return name.encode() + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def table(name: str, rows: Rows) -> bytes:
    """A chunk of records."""
    return chunk(name, np.array(rows, RECORDS[name]).tobytes())


def soundfont(font: SoundFont) -> bytes:
    """The whole file."""
    presets: Rows = []
    preset_bags: Rows = []
    preset_rows: Rows = []
    instruments: Rows = []
    bags: Rows = []
    rows: Rows = []
    heads: Rows = []
    body = b""
    for number, (program, (name, quality)) in enumerate(PRESETS.items()):
        presets.append((name, program, 0, number, (0, 0, 0)))
        preset_bags.append((number, 0))
        preset_rows.append((INSTRUMENT, number))
        instruments.append((name, len(bags)))
        zones = kept_zones(font, program)
        cuts = evened([cut(font, group) for group in zones])
        for zone, one in zip(chain.from_iterable(zones), chain.from_iterable(cuts), strict=True):
            bags.append((len(rows), 0))
            rows.append((KEYS, zone.keys[0] | zone.keys[1] << 8))
            rows += [(kind, value) for kind, value in sorted(zone.amounts.items()) if kind not in DROPPED]
            rows.append((SAMPLE, len(heads)))
            stream = ogg(one.frames, one.rate, quality, len(heads) + 1)
            place = len(body), len(body) + len(stream)
            heads.append(
                (one.name, *place, *one.loop, one.rate, one.pitch, one.cents, len(heads), one.side | COMPRESSED)
            )
            body += stream
    info = {
        "ifil": struct.pack("<HH", 3, 0),
        "isng": b"EMU8000\0",
        "INAM": b"Fluid for chorales\0\0",
        "ICOP": b"Copyright (c) 2000-2002, 2008 Frank Wen; MIT\0\0",
        "ICMT": b"Piano, church organ, strings, choir of FluidR3, packed\0\0",
    }
    lists = {
        "INFO": b"".join(chunk(name, text) for name, text in info.items()),
        "sdta": chunk("smpl", body),
        "pdta": b"".join(
            (
                table("phdr", [*presets, ("EOP", 0, 0, len(preset_bags), (0, 0, 0))]),
                table("pbag", [*preset_bags, (len(preset_rows), 0)]),
                chunk("pmod", bytes(10)),
                table("pgen", [*preset_rows, (0, 0)]),
                table("inst", [*instruments, ("EOI", len(bags))]),
                table("ibag", [*bags, (len(rows), 0)]),
                chunk("imod", bytes(10)),
                table("igen", [*rows, (0, 0)]),
                table("shdr", [*heads, ("EOS", *[0] * 9)]),
            )
        ),
    }
    return chunk("RIFF", b"sfbk" + b"".join(chunk("LIST", name.encode() + data) for name, data in lists.items()))


def main() -> None:
    """Read the command line and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="FluidR3_GM.sf2")
    parser.add_argument("-o", "--output", type=Path, default=SOUNDFONT, help="the SF3 file to write")
    options = parser.parse_args()
    try:
        data = soundfont(SoundFont(options.source))
        atomic_write(options.output, data)
    except (OSError, ValueError) as error:
        parser.error(str(error))
    print(f"{options.output}: {len(data)} bytes")


if __name__ == "__main__":
    main()
