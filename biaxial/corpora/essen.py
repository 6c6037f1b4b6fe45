"""The folk songs of the Essen collection that music21 carries, and a split that keeps the variants of a tune together.

The files are ABC with many tunes each; :mod:`biaxial.formats.abc.tune` reads them one by one. Every ``K:`` field states
a tonic and no mode, so the mode is found from the notes: of the thirds above the tonic the one that sounds longer; a
tune that ends on the relative minor's tonic is in that key.

Two tunes are variants if their numbers in the collection differ by a letter only (E0617, E0617A), or if half of the
figures of the shorter one (eight notes in a row, without repetitions, up to transposition) stand in the other. All
variants of a tune, and the variants of these, are on one side of the split.

Source: the Essen Folksong Collection (H. Schaffrath, E. Dahlig-Turek), in the ABC transcription of S. Shlien.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Final

from biaxial.corpora.splits import Split, split_groups
from biaxial.formats.abc.tune import parse_abc
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score

PARTS: Final = ("altdeu", "ballad", "boehme", "dva", "erk", "fink", "kinder", "variant", "zuccal")
"""The German-speaking parts of the collection, by the beginnings of their files' names."""
DEFAULT_PARTS: Final = ("erk",)
FIGURE_STEPS: Final = 7
"""Steps from note to note in a figure. With fewer, or a smaller share, chance resemblances join most of the collection
into one tune; with these the largest tune of the Erk part has 20 songs."""
SAME_TUNE: Final = 0.5
"""Share of the figures of the shorter of two variants that the other has too."""


@dataclass(frozen=True)
class FolkSong:
    """A tune.

    Parameters
    ----------
    name
        Its number in the collection, such as ``"E0617A"``; with the number of its place where that occurs twice.
    score
        The line; its notes have no voice.
    """

    name: str
    score: Score


def song_paths(parts: Sequence[str] = DEFAULT_PARTS) -> list[Path]:
    """The files of some parts of the collection.

    Raises
    ------
    InputError
        If a part does not exist, or music21 carries none of its files.
    """
    import music21

    folder = Path(music21.__file__).parent / "corpus" / "essenFolksong"
    paths = []
    for part in parts:
        if part not in PARTS:
            raise InputError(f"there is no part {part!r}; give some of {', '.join(PARTS)}")
        found = [path for path in folder.glob("*.abc") if re.fullmatch(rf"{part}\d*", path.stem)]
        if not found:
            raise InputError(f"{folder}: no files of the part {part!r}; install music21 10.5.1")
        paths += sorted(found, key=lambda path: (len(path.stem), path.stem))
    return paths


def read_songs(path: Path) -> tuple[list[FolkSong], list[tuple[str, str]]]:
    """Read a file of the collection.

    Returns
    -------
    Its tunes, and number and reason of each one that cannot be used.
    """
    songs, refused = [], []
    for text in re.split(r"(?m)^(?=X:)", path.read_text("latin-1"))[1:]:
        number = re.search(r"(?m)^N: *(\S+)", text) or re.search(r"(?m)^X: *(\S+)", text)
        name = number[1] if number else path.stem
        try:
            piece = parse_abc(text, name)
            if len(piece.parts) != 1 or not piece.parts[0].is_line:
                raise InputError(f"{name}: it is not one line")
            notes = piece.parts[0].notes
            key = None if piece.outline.key is None else sung_key(piece.outline.key, notes)
            song = FolkSong(name, replace(piece.outline, notes=notes, key=key, repeats=()))
            midi_bytes(song.score)  # what MIDI cannot say is refused here
            songs.append(song)
        except ValueError as error:
            refused.append((name, str(error)))
    return songs, refused


def sung_key(stated: Key, notes: Sequence[Note]) -> Key:
    """The key of a tune of which only the tonic, or that of the relative major, is stated."""
    final = max(notes, key=lambda note: note.end_ticks).pitch % 12
    relative = Key(stated.fifths, "minor")
    if final == relative.tonic:
        return relative
    thirds = [sum(n.length_ticks for n in notes if (n.pitch - stated.tonic) % 12 == third) for third in (3, 4)]
    return Key(stated.fifths - 3, "minor") if thirds[0] > thirds[1] and stated.fifths >= -4 else stated


def numbered(songs: Sequence[FolkSong]) -> list[FolkSong]:
    """The same songs with a name of its own each."""
    seen: Counter[str] = Counter()
    found = []
    for song in songs:
        seen[song.name] += 1
        found.append(song if seen[song.name] == 1 else replace(song, name=f"{song.name}-{seen[song.name]}"))
    return found


def figures(score: Score) -> frozenset[tuple[int, ...]]:
    """All runs of eight notes of a line, repeated notes left out, as the steps between them."""
    pitches = [note.pitch for note in score.notes]
    steps = [after - before for before, after in pairwise(pitches) if after != before]
    return frozenset(tuple(steps[i : i + FIGURE_STEPS]) for i in range(len(steps) - FIGURE_STEPS + 1))


def variants(songs: Sequence[FolkSong]) -> list[int]:
    """Number the songs by tune: variants share a number, counted from 0 in the order of first appearance."""
    parents = list(range(len(songs)))

    def root(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    for first, second in _pairs(songs):
        one, other = sorted((root(first), root(second)))
        parents[other] = one
    numbers: dict[int, int] = {}
    return [numbers.setdefault(root(index), len(numbers)) for index in range(len(songs))]


def _pairs(songs: Sequence[FolkSong]) -> Iterator[tuple[int, int]]:
    """Indices of two variants each."""
    found = [figures(song.score) for song in songs]
    having: dict[tuple[int, ...], list[int]] = {}
    by_number: dict[str, int] = {}
    for index, song in enumerate(songs):
        number = re.sub(r"[A-Z]*(-\d+)?$", "", song.name)
        if number in by_number:
            yield by_number[number], index
        by_number.setdefault(number, index)
        shared: Counter[int] = Counter(other for figure in found[index] for other in having.get(figure, ()))
        for other, count in shared.items():
            if count >= SAME_TUNE * min(len(found[index]), len(found[other])):
                yield other, index
        for figure in found[index]:
            having.setdefault(figure, []).append(index)


def split_songs(songs: Sequence[FolkSong]) -> list[Split]:
    """The side of each song; a tune with more than four variants is always trained on."""
    return split_groups([song.name for song in songs], variants(songs))
