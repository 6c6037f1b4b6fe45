"""A folder of music -> pieces whose arrays are mapped from one store, and a verdict for every file.

What the cache knows is taken from it, the rest is read by worker processes into it. Arrays go to the store one piece at
a time as they come, so neither memory nor the cost of a file depends on how many there are. Of files with the same
music the first by path is used.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from biaxial.corpora.corpus_piece import Arrays, CorpusPiece, Store
from biaxial.corpora.reading.entry import Reading, cache_key, unpacked, unpacked_score
from biaxial.corpora.reading.worker import answers, num_workers, worker_command
from biaxial.corpora.splits import FolderItem, Split, folder_of, music_paths, piece_name, splits_of, states_splits
from biaxial.corpora.verdicts import Kind, Verdict, voices_reason, write_verdicts
from biaxial.files.cache import Cache, default_cache
from biaxial.formats.melody_file import read_part
from biaxial.formats.repeat_reading import Repeats, check_repeats
from biaxial.music.errors import InputError
from biaxial.music.grid import Grid
from biaxial.music.score import Score

_Refusal = tuple[Kind, str]
"""Why a file is not used, and the line that says so."""
_Entry = tuple[Reading, Arrays, bytes]


@dataclass(frozen=True)
class ReadConfig:
    """How a folder of music is read.

    Parameters
    ----------
    max_off_grid
        Mean distance of a file's onsets from the grid, in steps, above which it is left out: 0 is exact, and 0.25 what
        a file has that follows no beat, so 0.25 and more lets everything in.
    file_seconds
        Seconds that one file may take.
    readers
        Processes that read at once, 0 for one on each processor but at most 8.
    cache
        Folder that keeps what was read, for the next time (default: biaxial in the user's cache folder).
    verdicts
        File for the list of what became of every file, as JSON.
    part
        What of a file is read: ``all``, its parts merged; ``chords``, the part that strikes most chords; ``melody``,
        its highest line; or the name or number of a part.
    repeats
        What becomes of repeat signs: ``once``, what they repeat is read once; ``expand``, it is written out; ``keep``,
        once too, but the signs stay in what is read as scores.
    """

    max_off_grid: float = 0.125
    file_seconds: float = 30.0
    readers: int = 0
    cache: Path | None = None
    verdicts: Path | None = None
    part: str = "all"
    repeats: Repeats = "once"

    def __post_init__(self) -> None:
        if not self.max_off_grid >= 0:
            raise ValueError(f"max_off_grid is at least 0 steps, not {self.max_off_grid}")
        if not 0 < self.file_seconds <= 86_400:
            raise ValueError(f"file_seconds is above 0 and at most a day, not {self.file_seconds}")
        if not 0 <= self.readers <= 256:
            raise ValueError(f"readers is 0 to 256, not {self.readers}")
        check_repeats(self.repeats)


@dataclass(frozen=True, eq=False)
class FolderPieces:
    """What a folder holds.

    Parameters
    ----------
    pieces
        By name.
    verdicts
        One for each file, by path.
    store
        Where the arrays of the pieces lie.
    scores
        The music of each piece, if it was asked for.
    states_splits
        Whether folders say which split a piece belongs to.
    """

    pieces: tuple[CorpusPiece, ...]
    verdicts: tuple[Verdict, ...]
    store: Store
    scores: tuple[Score, ...] = ()
    states_splits: bool = False


def read_pieces(
    folder: Path,
    grid: Grid,
    config: ReadConfig | None = None,
    pitches: tuple[int, int] | None = None,
    advance: Callable[[int], None] | None = None,
    *,
    num_voices: int = 0,
    with_scores: bool = False,
) -> FolderPieces:
    """Read a folder.

    Parameters
    ----------
    folder
        Searched through to any depth; or one file.
    grid
        The time grid.
    config
        Limits, and where things go.
    pitches
        Lowest and highest pitch that can be used; a file with another one is left out. Without them all are.
    advance
        Called with 1 after every file.
    num_voices
        How many voices a file has that can be used; 0 for any number.
    with_scores
        Whether the scores come too; they take memory for every piece.

    Raises
    ------
    InputError
        If there is no such folder, no music in it, nothing that can be used, or no place for the cache.
    OSError
        If the disk of the cache is full, or the verdicts cannot be written.
    """
    config = config or ReadConfig()
    if config.verdicts is not None and not config.verdicts.parent.is_dir():
        raise InputError(f"--verdicts: there is no folder {config.verdicts.parent}; make it, or write somewhere else")
    paths = music_paths(folder)
    files = [path.relative_to(folder_of(folder)).as_posix() for path in paths]
    cache = Cache(config.cache or default_cache())
    with Store(cache.folder) as store:
        found = _Found(store, lambda reading: _refusal(reading, config.max_off_grid, pitches, num_voices), with_scores)
        for index, entry in _entries(paths, cache, grid, config):
            found.take(index, entry)
            if advance is not None:
                advance(1)
        verdicts = tuple(found.verdict(index, files) for index in range(len(files)))
        if config.verdicts is not None:
            write_verdicts(config.verdicts, verdicts)
        used = [index for index, verdict in enumerate(verdicts) if verdict.verdict == "used"]
        if not used:
            raise InputError(_nothing_used(folder, verdicts))
        store.map()
    names = [piece_name(folder_of(folder), paths[index]) for index in used]
    order = sorted(zip(names, splits_of(names), used, strict=True))
    pieces = tuple(found.piece(index, name, split) for name, split, index in order)
    scores = tuple(found.score(index, paths[index], config) for *_, index in order if with_scores)
    return FolderPieces(pieces, verdicts, store, scores, states_splits(names))


def read_folder(
    folder: Path,
    grid: Grid | None = None,
    config: ReadConfig | None = None,
    advance: Callable[[int], None] | None = None,
) -> tuple[list[FolderItem], tuple[Verdict, ...]]:
    """Read a folder as scores: of the files that :func:`read_pieces` uses, on a grid of sixteenths by default.

    Returns
    -------
    What can be used, by name, and the verdict of every file.

    Raises
    ------
    InputError, OSError
        As :func:`read_pieces`.
    """
    found = read_pieces(folder, grid or Grid(4), config, advance=advance, with_scores=True)
    pairs = zip(found.pieces, found.scores, strict=True)
    return [FolderItem(piece.name, piece.split, score) for piece, score in pairs], found.verdicts


class _Found:
    """What has been read so far, in any order, by the index of each file."""

    def __init__(self, store: Store, refuse: Callable[[Reading], _Refusal | None], with_scores: bool) -> None:
        self._store, self._refuse, self._with_scores = store, refuse, with_scores
        self._readings: dict[int, Reading] = {}
        self._documents: dict[int, bytes] = {}
        self._refused: dict[int, _Refusal] = {}
        self._first_steps: dict[int, int] = {}
        self._first_of: dict[str, int] = {}  # of the files with the same music the first

    def take(self, index: int, entry: _Entry | _Refusal) -> None:
        """Keep what there is of a file; its arrays go to the store if it may be used."""
        if not isinstance(entry[0], Reading):
            self._refused[index] = entry
            return
        self._readings[index] = reading = entry[0]
        if refusal := self._refuse(reading):
            self._refused[index] = refusal
        elif index <= self._first_of.get(reading.music, index):
            self._first_of[reading.music] = index
            self._first_steps[index] = self._store.append(entry[1])
            if self._with_scores:
                self._documents[index] = entry[2]

    def verdict(self, index: int, files: Sequence[str]) -> Verdict:
        """The verdict of a file, when all have been read."""
        refusal, reading = self._refused.get(index), self._readings.get(index)
        if reading is None:
            return Verdict(files[index], *self._refused[index])
        if refusal is None and (first := self._first_of[reading.music]) != index:
            refusal = "duplicate", f"the same music as {files[first]}"
        kind, reason = refusal or ("used", reading.reason)
        size = (reading.num_notes, reading.num_steps, reading.num_voices)
        return Verdict(files[index], kind, reason, *size, off_grid=reading.off_grid, num_lost=reading.num_lost)

    def piece(self, index: int, name: str, split: Split) -> CorpusPiece:
        """A file that is used, as a piece; its arrays are mapped."""
        reading = self._readings[index]
        arrays = self._store.arrays(self._first_steps[index], reading.num_steps)
        return CorpusPiece(name, split, *arrays, reading.ranges)

    def score(self, index: int, path: Path, config: ReadConfig) -> Score:
        """The music of a file that is used; it is only read again where the cache cannot hold it."""
        try:
            return unpacked_score(self._documents[index])
        except (ValueError, zlib.error):
            return read_part(path, config.part, config.repeats)


def _entries(
    paths: Sequence[Path], cache: Cache, grid: Grid, config: ReadConfig
) -> Iterator[tuple[int, _Entry | _Refusal]]:
    """What there is of each file, by its index: first those that the cache knows, then the others as they are read."""
    unknown: dict[str, list[int]] = {}
    for index, path in enumerate(paths):
        try:
            key = cache_key(path, grid, config.part, config.repeats)
        except OSError as error:
            yield index, ("unreadable", (error.strerror or str(error)).lower())
            continue
        entry = None if key in unknown else _known(cache, key)
        if entry is None:
            unknown.setdefault(key, []).append(index)
        else:
            yield index, entry
    if not unknown:
        return
    same = list(unknown.values())  # files with the same bytes are read once
    command = worker_command(cache.folder, grid.steps_per_quarter, config.part, config.repeats)
    first = [paths[indices[0]] for indices in same]
    for place, answer in answers(first, command, num_workers(config.readers, len(first)), config.file_seconds):
        if "fatal" in answer:
            raise InputError(answer["fatal"])
        entry = _known(cache, answer.get("key", ""))
        for index in same[place]:
            yield index, entry or _lost(answer, config.file_seconds)


def _known(cache: Cache, key: str) -> _Entry | None:
    """The entry of a key; ``None`` where there is none that can be read."""
    content = cache.get(key) if key else None
    try:
        return None if content is None else unpacked(content)
    except (ValueError, TypeError, KeyError, zlib.error):
        return None


def _lost(answer: dict[str, str], seconds: float) -> _Refusal:
    if answer.get("lost") == "too slow":
        return "too slow", f"not read within {seconds:g} seconds; allow more with --file-seconds"
    if "lost" in answer:
        return "crashed", "reading it ended the process that read it; export it again, or save it as MIDI"
    return "unreadable", answer.get("problem", "what was read of it is gone from the cache; run again")


def _nothing_used(folder: Path, verdicts: Sequence[Verdict]) -> str:
    """The line for a folder of which nothing can be used."""
    first = next((each for each in verdicts if each.verdict == "other voices"), verdicts[0])
    advice = ""
    if first.verdict == "other voices":
        advice = f"; biaxial-train --num-voices {first.num_voices} makes a network for such music"
    return f"{folder}: none of its {len(verdicts)} files can be used ({first.file}: {first.reason}){advice}"


def _refusal(
    reading: Reading, max_off_grid: float, pitches: tuple[int, int] | None, num_voices: int
) -> _Refusal | None:
    """Why a file that was read is not used, if it is not."""
    if reading.problem:
        return reading.problem, reading.reason
    if reading.off_grid > max_off_grid:
        return "badly quantised", (
            f"its notes begin {reading.off_grid:.3f} steps off the grid on average, above {max_off_grid:g} (0.25: no "
            "beat at all); try another --steps-per-quarter, or allow more with --max-off-grid"
        )
    if num_voices not in (0, reading.num_voices):
        return "other voices", voices_reason(reading.num_voices, num_voices)
    low, high = reading.ranges[0]
    if pitches is not None and (low < pitches[0] or high > pitches[1]):
        return "out of range", (
            f"pitches {low} to {high} leave the note range {pitches[0]} to {pitches[1]}; "
            "set --low-pitch and --num-notes"
        )
    return None
