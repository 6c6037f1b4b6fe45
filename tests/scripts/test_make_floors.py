"""Floors differ from the chorales in one known way and in nothing else."""

from __future__ import annotations

import importlib
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from biaxial.formats.read import read_score
from biaxial.formats.write import save_score
from biaxial.metrics.writing.slices import Slices
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.score import Key, Note, Score, TimeSignature

Q = 480
KEYS = ("C major", "G major", "Eb major", "A major", "F major", "D minor", "G minor", "A minor", "E minor")


def script(name: str) -> ModuleType:
    root = str(Path(__file__).parents[2])
    if root not in sys.path:
        sys.path.insert(0, root)
    return importlib.import_module(f"scripts.{name}")


@pytest.fixture(scope="module")
def floors() -> ModuleType:
    """What makes them, one by one."""
    return script("listening.floors")


@pytest.fixture(scope="module")
def command() -> ModuleType:
    """What writes them."""
    return script("make.make_floors")


def chorale(seed: int, key: str, bars: int = 6, pickup: int = Q) -> Score:
    """Four walks in narrow ranges, in quarters and eighths; as long as it says."""
    random = np.random.default_rng(seed)
    length = bars * 4 * Q
    notes = []
    for voice, (low, high) in enumerate(VOICE_RANGES):
        tick, pitch = 0, (low + high) // 2
        while tick < length:
            long = min(int(random.choice([Q // 2, Q, Q])), length - tick)
            pitch = int(np.clip(pitch + random.integers(-2, 3), low + 7, high - 7))
            notes.append(Note(tick, long, pitch, voice))
            tick += long
    fermatas = (pickup + 3 * Q,)
    return Score(tuple(notes), length, pickup_ticks=pickup, key=Key.from_name(key), fermatas=fermatas, title="secret")


def corpus(folder: Path, split: str = "test") -> Path:
    (folder / split).mkdir(parents=True)
    for seed, key in enumerate(KEYS):
        save_score(chorale(seed, key), folder / split / f"piece{seed}.mid")
    return folder


def read(folder: Path) -> dict[str, Score]:
    return {path.stem: read_score(path) for path in sorted(folder.glob("*.mid"))}


def line(score: Score, voice: int, end: int) -> list[tuple[int, int, int]]:
    notes = [note for note in score.voice_notes(voice) if note.onset_ticks < end]
    return [(note.onset_ticks, min(note.end_ticks, end) - note.onset_ticks, note.pitch) for note in notes]


@pytest.fixture(scope="module")
def made(command: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("floors")
    words = [str(corpus(folder / "corpus")), str(folder / "out"), "--pieces", "13", "--bars", "4"]
    assert command.main(words) == 0
    return folder


def test_every_floor_has_the_outline_of_a_chorale(made: Path) -> None:
    bach = read(made / "out" / "bach")
    assert sorted(bach) == [f"test-piece{seed}" for seed in range(9)]
    for kind in ("mixed", "diatonic", "corrupted"):
        pieces = read(made / "out" / kind)
        assert len(pieces) == 13
        hosts = Counter(name[4:] for name in pieces)
        assert set(hosts) == set(bach), "every chorale serves"
        assert max(hosts.values()) == 2, "before any serves a third time"
        for name, score in pieces.items():
            assert score.outline == bach[name[4:]].outline
            assert score.notes != bach[name[4:]].notes
    whole = read(made / "corpus" / "test")
    for name, score in bach.items():
        assert score.length_ticks == Q + 4 * 4 * Q
        assert score.title == ""
        assert line(score, 2, score.length_ticks) == line(whole[name[5:]], 2, score.length_ticks)


def test_mixed_voices_are_those_of_four_chorales_in_one_key(made: Path) -> None:
    bach = read(made / "out" / "bach")
    for name, score in read(made / "out" / "mixed").items():
        host, end = bach[name[4:]], score.length_ticks
        assert line(score, 0, end) == line(host, 0, end)
        lenders = []
        for voice in range(1, 4):
            mine = np.array(line(score, voice, end))
            for other, lender in bach.items():
                theirs = np.array(line(lender, voice, end))
                if mine.shape == theirs.shape and (mine[:, :2] == theirs[:, :2]).all():
                    (shift,) = set((mine[:, 2] - theirs[:, 2]).tolist())
                    lenders.append(other)
                    assert lender.key is not None
                    assert host.key is not None
                    assert lender.key.mode == host.key.mode
                    assert (lender.key.tonic + shift - host.key.tonic) % 12 == 0
            assert all(VOICE_RANGES[voice][0] <= pitch <= VOICE_RANGES[voice][1] for pitch in mine[:, 2])
        assert len({*lenders, name[4:]}) == len(lenders) + 1 == 4


@pytest.mark.parametrize("key", ["C major", "E minor"])
def test_random_chords_are_triads_of_the_key_in_order(floors: ModuleType, key: str) -> None:
    host = chorale(0, key, bars=40)
    score = floors.diatonic(host, np.random.default_rng(0))
    slices = Slices.from_score(score)
    degrees: Counter[Sequence[int]] = Counter()
    assert len(score.notes) == 4 * 160
    assert {note.length_ticks for note in score.notes} == {Q}
    for chord in (score.notes[place : place + 4] for place in range(0, len(score.notes), 4)):
        assert len({note.onset_ticks for note in chord}) == 1
        pitches = [note.pitch for note in chord]
        assert pitches == sorted(pitches, reverse=True)
        assert all(low <= pitch <= high for pitch, (low, high) in zip(pitches, VOICE_RANGES, strict=True))
        assert host.key is not None
        degrees[tuple(sorted({(pitch - host.key.tonic) % 12 for pitch in pitches}))] += 1
    assert slices.num_voices == 4
    major = {(0, 4, 7), (2, 5, 9), (4, 7, 11), (0, 5, 9), (2, 7, 11), (0, 4, 9), (2, 5, 11)}
    minor = {(0, 3, 7), (2, 5, 8), (3, 7, 10), (0, 5, 8), (2, 7, 11), (0, 3, 8), (2, 5, 11)}
    assert set(degrees) == (major if key == "C major" else minor)
    assert max(abs(number - 160 / 7) for number in degrees.values()) < 4 * (160 * 6 / 49) ** 0.5


def test_random_chords_keep_pickup_rests_and_beats(floors: ModuleType) -> None:
    notes = (Note(240, 240, 70, 0), Note(480, 1440, 70, 0), Note(2880, 960, 70, 0))
    score = Score(notes, 3840, pickup_ticks=240, time_signatures=(TimeSignature(3, 4),), key=Key(0))
    assert floors.beats(score) == [
        (0, 240), *((tick, tick + 480) for tick in range(240, 3600, 480)), (3600, 3840)
    ]  # fmt: skip
    soprano = floors.diatonic(score, np.random.default_rng(0)).voice_notes(0)
    assert [note.onset_ticks for note in soprano] == [240, 720, 1200, 1680, 3120, 3600]


def test_one_note_in_twenty_is_moved_by_a_step(floors: ModuleType) -> None:
    for seed in range(20):
        host = chorale(seed, "C major", bars=12)
        score = floors.corrupted(host, np.random.default_rng(seed))
        moved = 0
        for voice in range(4):
            before, after = host.voice_notes(voice), score.voice_notes(voice)
            for place, (was, note) in enumerate(zip(before, after, strict=True)):
                assert replace(note, pitch=was.pitch) == was
                if note != was:
                    moved += 1
                    assert abs(note.pitch - was.pitch) in (1, 2)
                    assert VOICE_RANGES[voice][0] <= note.pitch <= VOICE_RANGES[voice][1]
                    near = [after[other].pitch for other in (place - 1, place + 1) if 0 <= other < len(after)]
                    assert note.pitch not in near
        assert moved == round(0.05 * len(host.notes))


def test_a_short_piece_has_one_wrong_note_which_is_no_repetition(floors: ModuleType) -> None:
    low = VOICE_RANGES[3][0]
    notes = (Note(0, Q, low + 1, 3), Note(Q, Q, low, 3), Note(2 * Q, Q, low + 2, 3))
    for seed in range(20):
        moved = floors.corrupted(Score(notes, key=Key(0)), np.random.default_rng(seed)).notes
        assert [a == b for a, b in zip(moved, notes, strict=True)].count(False) == 1
        assert moved[1] == notes[1], "the lowest note has nowhere to go"


def test_the_same_seed_gives_the_same_bytes(command: ModuleType, made: Path, tmp_path: Path) -> None:
    def files(folder: Path) -> dict[str, bytes]:
        return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.mid")}

    for seed in ("0", "1"):
        words = [str(made / "corpus"), str(tmp_path / seed), "--pieces", "13", "--bars", "4", "--seed", seed]
        assert command.main(words) == 0
    assert files(tmp_path / "0") == files(made / "out")
    assert files(tmp_path / "1") != files(made / "out")


def test_only_held_out_pieces_are_used(command: ModuleType, tmp_path: Path) -> None:
    corpus(tmp_path, "train")
    corpus(tmp_path, "valid")
    assert {path.parent.name for path in command.held_out(tmp_path)} == {"valid"}
    assert len(command.held_out(tmp_path / "train")) == 9, "a folder that is not split is used whole"


def test_bad_input_is_one_line(
    command: ModuleType, made: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*words: object) -> str:
        capsys.readouterr()
        assert command.main([str(word) for word in words]) == 2
        return capsys.readouterr().err.splitlines()[-1]

    assert "not empty; remove it" in said(made / "corpus", made / "out")
    assert "no such folder" in said(tmp_path / "none", tmp_path / "out")
    assert "at least 1" in said(made / "corpus", tmp_path / "out", "--pieces", 0)
    corpus(tmp_path / "learnt", "train")
    assert "nothing is held out" in said(tmp_path / "learnt", tmp_path / "out")
    for seed in range(3):
        save_score(chorale(seed, "C major"), tmp_path / f"{seed}.mid")
    save_score(replace(chorale(3, "C major"), key=None), tmp_path / "3.mid")
    save_score(chorale(4, "C major", pickup=0), tmp_path / "4.mid")
    (tmp_path / "learnt").rename(made / "learnt")
    assert "no four chorales of one mode, metre and pickup" in said(tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()
