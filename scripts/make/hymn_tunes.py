"""Hymn tunes with phrase ends: the sopranos of Open Hymnal and of the chorales as MIDI files, split by tune.

``python scripts/make/hymn_tunes.py OPEN-HYMNAL CHORALES TUNES`` reads a folder of the ABC files of the Open Hymnal
Project (https://openhymnal.org, public domain) and one made by ``biaxial-chorales``, and writes ``train``, ``valid``
and ``test`` below ``TUNES`` in two minutes. What is there already with the same music is left alone. Then ``python
scripts/make/train_events.py melody TUNES`` trains on them.

Chorales keep their sides and their fermatas. A hymn is left out if it cannot be read, leaves the grid of sixteenths, is
another one's copy, does not end on its tonic, or shares :data:`HELD_OUT_NOTES` notes or more with the soprano of a
held-out chorale, as :mod:`biaxial.corpora.splits` aligns them; a chorale only for the first and the fourth reason. The
settings of one tune are on one side, that of the training chorales if one of them has it.

Where a hymn's phrases end its file says in other words: ``%OHMETRICAL 8 6 8 6`` counts the syllables of the lines of a
verse, and the words under the notes have just as many in nine of ten files. The last note of each line ends a phrase.
In the others a line ends where a mark of punctuation stands before a capital letter. (The lines of the ABC text are
lines of print, which end anywhere.) A rest after the last note is left out.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file: where the package is
from biaxial.cli.common import Arguments, command
from biaxial.corpora.splits import (
    SPLITS,
    Split,
    beat_melody,
    music_paths,
    similarities,
    split_groups,
    splits_of,
    tune_groups,
)
from biaxial.files.atomic import atomic_write
from biaxial.formats.abc.tune import read_abc
from biaxial.formats.melody_file import skyline
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.formats.read import read_score
from biaxial.music.errors import InputError
from biaxial.music.score import Key, Note, Score, Syllable

HELD_OUT_NOTES: Final = 13
"""A hymn that shares so many notes with a held-out chorale is taken for a setting of its tune."""
STEPS_PER_QUARTER: Final = 4
_METRICAL = re.compile(r"%OHMETRICAL *(.*)")
_STOPS = re.compile(r"[.,;:!?]['\")]*$")


@dataclass(frozen=True)
class Tune:
    """A soprano.

    Parameters
    ----------
    name
        Name of its file, without the ending.
    score
        One line in voice 0, from its first note to the end of its last one, phrase ends as fermatas.
    """

    name: str
    score: Score


def line_ends(words: Sequence[Syllable], lengths: Sequence[int]) -> list[int]:
    """Index of the last syllable of every line of a verse but the last one.

    Parameters
    ----------
    words
        The syllables.
    lengths
        Syllables of each line, as the metre of the hymn has them; another number of syllables is not a metre of these
        words, which are then asked themselves.
    """
    if lengths and sum(lengths) == len(words):
        return [end - 1 for end in accumulate(lengths[:-1])]
    return [
        index
        for index, (word, following) in enumerate(pairwise(words))
        if not word.goes_on and _STOPS.search(word.text) and following.text[:1].isupper()
    ]


def phrase_ends(notes: Sequence[Note], words: Sequence[Syllable], lengths: Sequence[int]) -> tuple[int, ...]:
    """Onsets of the last notes of the lines of a verse; the last note of all ends a phrase too.

    Parameters
    ----------
    notes
        A line, sorted.
    words, lengths
        As for :func:`line_ends`.
    """
    nexts = [words[index + 1].onset_ticks for index in line_ends(words, lengths)]
    ends = {max((note.onset_ticks for note in notes if note.onset_ticks < tick), default=0) for tick in nexts}
    return tuple(sorted(ends | {notes[-1].onset_ticks}))


def hymn_phrase_ends(path: Path, notes: Sequence[Note], words: Sequence[Syllable]) -> tuple[int, ...]:
    """As :func:`phrase_ends`, given the file that says how many syllables the lines have."""
    metrical = _METRICAL.search(path.read_text("latin-1"))
    lengths = [int(number) for number in re.findall(r"\d+", metrical[1])] if metrical else []
    return phrase_ends(notes, words, lengths)


def read_hymn(path: Path) -> Tune:
    """The soprano of a file of the hymnal.

    Raises
    ------
    InputError
        If the file cannot be read, or has no words or notes.
    """
    parts = read_abc(path)
    outline = parts.outline
    if not parts.parts or not outline.lyrics or outline.key is None:
        raise InputError(f"{path}: it has no words under its notes, or no notes")
    notes, _, _ = skyline(parts.parts[0].notes)
    relative = Key(outline.key.fifths, "minor")
    key = relative if notes[-1].pitch % 12 == relative.tonic else outline.key
    ends = hymn_phrase_ends(path, notes, outline.lyrics)
    return Tune(f"hymn-{path.stem}", _soprano(replace(outline, key=key, fermatas=ends, chords=(), lyrics=()), notes))


def read_chorale(path: Path) -> Tune:
    """The soprano of a chorale."""
    score = read_score(path)
    ends = tuple(tick for tick in score.fermatas or () if tick < score.length_ticks)
    notes = score.voice_notes(0)
    known = replace(score, fermatas=(*ends, notes[-1].onset_ticks)) if ends else replace(score, fermatas=None)
    return Tune(f"chorale-{path.stem}", _soprano(known, notes))


def _soprano(outline: Score, notes: Sequence[Note]) -> Score:
    line = tuple(replace(note, voice=0) for note in notes)
    return replace(outline, notes=line, length_ticks=notes[-1].end_ticks)


def refusal(tune: Tune) -> str:
    """Why a tune cannot be used, or nothing."""
    score = tune.score
    step = score.ticks_per_quarter // STEPS_PER_QUARTER
    if any(note.onset_ticks % step or note.length_ticks % step for note in score.notes):
        return "off the grid of sixteenths"
    if score.key is None or score.notes[-1].pitch % 12 != score.key.tonic:
        return "does not end on its tonic"
    return ""


def sides(hymns: Sequence[Tune], trained: Sequence[Tune], held_out: Sequence[Tune]) -> list[Split | None]:
    """The side of each hymn; ``None`` for a tune of a held-out chorale."""
    tunes = [*hymns, *trained, *held_out]
    melodies = [beat_melody(tune.score) for tune in tunes]
    shared = similarities(melodies)
    known = len(hymns) + len(trained)
    kept = [index for index in range(len(hymns)) if shared[index, known:].max(initial=0) < HELD_OUT_NOTES]
    both = [*kept, *range(len(hymns), known)]
    titles = [tunes[index].score.title for index in both]
    groups = tune_groups([melodies[index] for index in both], titles, shared[both][:, both])
    taken = set(groups[len(kept) :])
    new = [(index, group) for index, group in zip(kept, groups, strict=False) if group not in taken]
    split = split_groups([tunes[index].name for index, _ in new], [group for _, group in new])
    found: dict[int, Split] = dict.fromkeys(kept, "train")
    found |= {index: side for (index, _), side in zip(new, split, strict=True)}
    return [found.get(index) for index in range(len(hymns))]


def gathered(hymnal: Path, chorales: Path) -> tuple[list[tuple[Split, Tune]], list[tuple[str, str]]]:
    """All tunes with their sides; and name and reason of each that is left out."""
    left_out: list[tuple[str, str]] = []

    def usable(tunes: Iterator[Tune]) -> Iterator[Tune]:
        for tune in tunes:
            if why := refusal(tune):
                left_out.append((tune.name, why))
            else:
                yield tune

    def readable() -> Iterator[Tune]:
        seen: dict[tuple[tuple[int, int, int], ...], str] = {}
        for path in sorted(hymnal.glob("*.abc")):
            try:
                tune = read_hymn(path)
            except ValueError as error:
                left_out.append((f"hymn-{path.stem}", str(error)))
                continue
            first = tune.score.notes[0].pitch
            music = tuple((note.onset_ticks, note.length_ticks, note.pitch - first) for note in tune.score.notes)
            if (other := seen.setdefault(music, tune.name)) == tune.name:
                yield tune
            else:
                left_out.append((tune.name, f"the tune of {other}"))

    paths = music_paths(chorales)
    split = splits_of([path.relative_to(chorales).as_posix() for path in paths])
    sung = [(side, read_chorale(path)) for path, side in zip(paths, split, strict=True)]
    hymns = list(usable(readable()))
    if not hymns:
        raise InputError(f"{hymnal}: no hymn in it can be used; give the folder of the ABC files of Open Hymnal")
    trained = [tune for side, tune in sung if side == "train"]
    held_out = [tune for side, tune in sung if side != "train"]
    found: list[tuple[Split, Tune]] = []
    for hymn, side in zip(hymns, sides(hymns, trained, held_out), strict=True):
        if side is None:
            left_out.append((hymn.name, "the tune of a held-out chorale"))
        else:
            found.append((side, hymn))
    found += [(side, tune) for side, tune in sung for tune in usable(iter([tune]))]
    return found, left_out


def write(tunes: Sequence[tuple[Split, Tune]], folder: Path) -> int:
    """Write what is not there yet; the number of files written.

    Raises
    ------
    InputError
        If a tune lies on another side already.
    """
    written = 0
    for side, tune in tunes:
        for other in SPLITS:
            path = folder / other / f"{tune.name}.mid"
            if other != side and path.exists():
                raise InputError(f"{path}: belongs to {side} now; remove it, or give an empty folder")
        target = folder / side / f"{tune.name}.mid"
        line = tuple(replace(note, voice=None) for note in tune.score.notes)
        content = midi_bytes(replace(tune.score, notes=line))
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            atomic_write(target, content)
            written += 1
    return written


@command("hymn_tunes")
def main(arguments: Arguments) -> None:
    """Read the command line, write the folder, and say what is in it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("hymnal", type=Path, help="folder of the ABC files of Open Hymnal")
    parser.add_argument("chorales", type=Path, help="folder made by biaxial-chorales")
    parser.add_argument("output", type=Path, help="folder to write to")
    options = parser.parse_args(arguments)
    tunes, left_out = gathered(options.hymnal, options.chorales)
    written = write(tunes, options.output)
    counts = Counter((side, tune.name.partition("-")[0]) for side, tune in tunes)
    listed = "; ".join(f"{side} {counts[side, 'hymn']} hymns, {counts[side, 'chorale']} chorales" for side in SPLITS)
    print(f"{options.output}: {len(tunes)} tunes, {written} written ({listed})")
    for name, reason in left_out:
        print(f"left out: {name}: {reason}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main(None))
