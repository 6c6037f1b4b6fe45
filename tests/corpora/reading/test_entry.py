"""One file as arrays: bars, voices, short notes, and what the cache keeps."""

from __future__ import annotations

import random
import zlib
from collections.abc import Iterable
from operator import itemgetter
from pathlib import Path

import numpy as np
import pytest
from mido import Message, MetaMessage

from biaxial.corpora.reading import entry as reading
from biaxial.corpora.reading.entry import cache_key, off_grid, packed, read_file, unpacked, unpacked_score
from biaxial.features.conditions import Condition
from biaxial.formats.midi.midi_messages import encode
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.formats.read import read_score
from biaxial.music.constants import SILENT, STRIKE
from biaxial.music.grid import Grid
from biaxial.music.score import Note, Score, TimeSignature


def midi(path: Path, tracks: Iterable[tuple[str, int, list[tuple[int, int, int]]]], per_quarter: int = 480) -> Path:
    """A file with tracks of a name, a channel, and notes as onset, end and pitch."""
    encoded = []
    for name, channel, notes in tracks:
        events = [(off, Message("note_off", channel=channel, note=pitch)) for _, off, pitch in notes]
        events += [(on, Message("note_on", channel=channel, note=pitch, velocity=80)) for on, _, pitch in notes]
        events.sort(key=itemgetter(0))
        encoded.append(([(0, MetaMessage("track_name", name=name)), *events], events[-1][0]))
    path.write_bytes(encode(per_quarter, encoded))
    return path


@pytest.mark.parametrize("steps", [1, 4, 12, 24, 96])
@pytest.mark.parametrize("per_quarter", [24, 96, 480, 1000, 1023, 32766, 32767])
def test_bars_stay_where_they_are_on_every_grid(tmp_path: Path, steps: int, per_quarter: int) -> None:
    q = per_quarter
    metres = (TimeSignature(3, 4), TimeSignature(6, 8, 7 * q), TimeSignature(4, 4, 13 * q))  # after a quarter's pickup
    score = Score(
        tuple(Note(quarter * q, q, 60) for quarter in range(21)),
        ticks_per_quarter=q,
        time_signatures=metres,
        pickup_ticks=q,
    )
    write_midi(score, tmp_path / "a.mid")
    found, (states, _, conditions, _), _ = read_file(tmp_path / "a.mid", Grid(steps))
    assert (found.problem, found.num_steps, found.off_grid) == ("", 21 * steps, 0)
    assert np.flatnonzero(states[:, 60] == STRIKE).tolist() == [steps * quarter for quarter in range(21)]
    in_bar = conditions[::steps, Condition.STEP_IN_BAR]
    assert (in_bar // steps).tolist() == [2, *(0, 1, 2) * 4, *(0, 1, 2, 3) * 2]
    assert (conditions[::steps, Condition.BAR_STEPS] // steps).tolist() == [3] * 13 + [4] * 8


@pytest.mark.parametrize(
    ("metres", "pickup", "first_bars"),
    [
        ((TimeSignature(4, 4), TimeSignature(3, 4, 1920), TimeSignature(2, 4, 1930)), 0, [16, 8, 8]),
        ((TimeSignature(4, 4), TimeSignature(3, 4, 10)), 0, [12, 12, 12]),
        ((TimeSignature(4, 4),), 1900, [16, 16, 16]),
    ],
)
def test_metres_beside_the_grid_are_moved_to_it(
    metres: tuple[TimeSignature, ...], pickup: int, first_bars: list[int]
) -> None:
    notes = tuple(Note(480 * quarter, 480, 60) for quarter in range(20))
    score, _ = Grid(4).quantised(Score(notes, time_signatures=metres, pickup_ticks=pickup))
    starts = [tick // 120 for tick in score.bar_starts()]
    assert np.diff(starts)[:3].tolist() == first_bars
    assert starts[0] == 0


def test_a_unison_of_two_tracks_keeps_both_notes(tmp_path: Path) -> None:
    tracks = [("Soprano", 0, [(0, 480, 67)]), ("Alto", 1, [(0, 480, 60)]), ("Tenor", 2, [(0, 960, 60)])]
    found, (states, voices, _, _), _ = read_file(midi(tmp_path / "a.mid", tracks), Grid(4))
    assert (found.num_notes, found.num_voices, found.num_lost) == (3, 3, 0)
    assert voices[:8, 60].tolist() == [0b110] * 4 + [0b100] * 4
    assert states[0, 60] == STRIKE
    assert found.ranges == ((60, 67), (67, 67), (60, 60), (60, 60))


def test_short_notes_survive_and_drums_do_not(tmp_path: Path) -> None:
    tracks = [("Right", 0, [(0, 10, 60), (500, 505, 64)]), ("Kit", 9, [(0, 480, 36)])]
    found, (states, _, _, _), _ = read_file(midi(tmp_path / "a.mid", tracks), Grid(4))
    assert (found.num_notes, found.num_voices, found.ranges) == (2, 0, ((60, 64),))
    assert (states[:, 60] == STRIKE).sum() == (states[:, 64] == STRIKE).sum() == 1
    found, arrays, _ = read_file(midi(tmp_path / "b.mid", tracks[1:]), Grid(4))
    assert (found.problem, len(arrays[0])) == ("empty", 0)


@pytest.mark.parametrize(
    ("names", "chord", "num_voices"),
    [
        (("Right", "Left"), True, 0),  # ordinary piano music
        (("Right", "Left"), False, 0),
        (("Soprano", "Bass"), False, 4),
        (("Soprano", "Bass"), True, 0),  # a chord in a track that is named as a voice
        (("Voice 5", "Voice 9"), False, 0),  # more voices than a cell can have
    ],
)
def test_chords_are_no_voices(tmp_path: Path, names: tuple[str, str], chord: bool, num_voices: int) -> None:
    left = [(0, 960, 48), (0, 960, 52)] if chord else [(0, 480, 48), (480, 960, 52)]
    tracks = [(names[0], 0, [(0, 480, 72), (480, 960, 74)]), (names[1], 1, left)]
    found, (states, _, _, _), _ = read_file(midi(tmp_path / "a.mid", tracks), Grid(4))
    assert (found.num_voices, found.num_notes, found.num_lost) == (num_voices, 4, 0)
    assert (states == STRIKE).sum() == 4
    assert ("without voices" in found.reason) == (names[0] != "Right" and num_voices == 0)


def test_a_key_that_is_held_a_moment_too_long_leaves_a_voice_a_voice(tmp_path: Path) -> None:
    notes = [(480 * i, 480 * i + 490, 60 + i) for i in range(8)]
    found, _, _ = read_file(midi(tmp_path / "a.mid", [("Soprano", 0, notes)]), Grid(4))
    assert (found.num_voices, found.reason) == (1, "")


def test_how_far_off_the_grid() -> None:
    draw = random.Random(0)
    exact = [480 * i for i in range(2000)]
    triplets = [160 * i for i in range(3000)]
    free = [draw.randrange(480 * 2000) for _ in range(5000)]
    cases = ((exact, 4, 0.0), (triplets, 4, 2 / 9), (triplets, 12, 0.0), (free, 4, 0.25), (free, 24, 0.25))
    for onsets, steps, expected in cases:
        score = Score(tuple(Note(onset, 10, 60) for onset in onsets))
        assert off_grid(score, Grid(steps)) == pytest.approx(expected, abs=0.01)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    path = midi(tmp_path / "a.mid", [("Soprano", 0, [(0, 480, 67)]), ("Alto", 1, [(0, 480, 60)])])
    found, arrays, score = read_file(path, Grid(4))
    again, same, document = unpacked(packed(found, arrays, score))
    assert again == found
    assert unpacked_score(document) == score == read_score(path)
    for place in range(3):
        assert np.array_equal(arrays[place], same[place])
        assert arrays[place].dtype == same[place].dtype
    for wrong in (b"", b"{}\n", b"[]\n", packed(found, arrays, score)[:-5]):
        with pytest.raises((ValueError, TypeError, KeyError, zlib.error)):
            unpacked(wrong)


def test_the_key_is_that_of_bytes_kind_grid_and_readers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a.abc").write_text("X:1\nK:C\nCDEF|\n")
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.ABC").write_text("X:1\nK:C\nCDEF|\n")
    key = cache_key(tmp_path / "a.abc", Grid(4))
    assert cache_key(tmp_path / "deep" / "b.ABC", Grid(4)) == key
    assert cache_key(tmp_path / "a.abc", Grid(12)) != key
    (tmp_path / "a.abc").rename(tmp_path / "a.krn")
    assert cache_key(tmp_path / "a.krn", Grid(4)) != key
    monkeypatch.setattr(reading, "reader_version", lambda: "other")
    assert cache_key(tmp_path / "deep" / "b.ABC", Grid(4)) != key


def test_a_mistake_in_a_reader_is_a_verdict(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = midi(tmp_path / "a.mid", [("Soprano", 0, [(0, 480, 67)])])

    def broken(path: Path, repeats: str) -> Score:
        raise KeyError("oh")

    monkeypatch.setattr(reading, "read_music", broken)
    found, (states, _, _, _), _ = read_file(path, Grid(4))
    assert (found.problem, found.reason) == ("unreadable", "KeyError: 'oh'")
    assert (states == SILENT).all()


def test_repeats_are_read_once_unless_asked_for_and_that_is_said(tmp_path: Path) -> None:
    path = tmp_path / "a.abc"
    path.write_text("X:1\nL:1/4\nK:C\n|:CDEF:|\n")
    for repeats, notes, reason in (
        ("once", 4, "bar 1 is repeated: read once"),
        ("expand", 8, "bar 1 is repeated: written out, 2 bars"),
        ("keep", 4, ""),
    ):
        found, (states, _, _, _), score = read_file(path, Grid(4), repeats=repeats)  # type: ignore[arg-type]
        assert (found.num_notes, found.reason, len(score.notes)) == (notes, reason, notes)
        assert len(states) == 4 * notes
        assert bool(score.repeats) is (repeats == "keep")
    keys = {cache_key(path, Grid(4), repeats=word) for word in ("once", "expand", "keep")}
    assert len(keys) == 3
    assert cache_key(path, Grid(4)) in keys
