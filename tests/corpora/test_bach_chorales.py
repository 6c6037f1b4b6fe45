"""Chorales out of music21: notes, bars, keys, fermatas; and the manifest that goes with them."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest

from biaxial.corpora.bach_chorales import (
    ManifestRow,
    NotFourPartsError,
    chorale_paths,
    manifest_bytes,
    manifest_path,
    read_chorale,
    read_manifest,
    read_with_signature,
)
from biaxial.formats.midi.midi_writer import midi_bytes, parse_midi
from biaxial.music.checksum import music_checksum
from biaxial.music.keys import musical_key
from biaxial.music.score import Key, Note, Score

SAMPLE = (
    "bwv269",  # 3/4, pickup of a quarter
    "bwv304",  # from 4/4 to 3/4, with a bar of 1/4 between
    "bwv324",  # a measure of ten quarters
    "bwv153.5",  # a tune that ends on the dominant
    "bwv432",  # thirty-second notes
    "bwv112.5",  # no fermatas
    "bwv299",  # grace notes
)


@cache
def paths() -> dict[str, Path]:
    return {path.name: path for path in chorale_paths()}


@cache
def chorale(name: str) -> Score:
    return read_chorale(paths()[f"{name}.mxl"])


@cache
def rows() -> dict[str, ManifestRow]:
    return {row.file: row for row in read_manifest()}


def quarters(score: Score, voice: int) -> list[tuple[float, float, int]]:
    return [(note.onset_ticks / 480, note.length_ticks / 480, note.pitch) for note in score.voice_notes(voice)]


def test_the_corpus_is_the_one_of_the_manifest() -> None:
    assert list(paths()) == list(rows())
    assert len(paths()) == 413


def test_a_chorale_in_every_field() -> None:
    score = chorale("bwv269")
    assert score.title == "BWV 269: Aus meines Herzens Grunde"
    assert score.key == Key(1, "major")
    assert [signature.name for signature in score.time_signatures] == ["3/4"]
    assert (score.pickup_ticks, score.length_ticks, score.tempo_bpm) == (480, 63 * 480, 80.0)
    assert score.num_voices == 4
    assert score.fermatas is not None
    assert [tick / 480 for tick in score.fermatas] == [10, 19, 28, 40, 52, 61]
    assert quarters(score, 0)[:5] == [(0, 1, 67), (1, 2, 67), (3, 1, 74), (4, 1.5, 71), (5.5, 0.5, 69)]
    assert quarters(score, 3)[:5] == [(0, 1, 43), (1, 1, 55), (2, 1, 52), (3, 1, 54), (4, 1, 55)]
    assert score.bar_starts()[:3] == (480, 480 * 4, 480 * 7)


def test_tied_notes_are_one() -> None:
    score = chorale("bwv269")
    across_bars = [
        note for note in score.notes for start in score.bar_starts() if note.onset_ticks < start < note.end_ticks
    ]
    assert across_bars, "a note over a bar line is written as two tied ones"
    for voice in range(4):
        notes = score.voice_notes(voice)
        assert all(first.end_ticks <= second.onset_ticks for first, second in pairwise(notes))


def test_a_change_of_metre_and_a_single_short_bar() -> None:
    found = [(signature.name, signature.onset_ticks / 480) for signature in chorale("bwv304").time_signatures]
    assert found == [("4/4", 0), ("1/4", 32), ("3/4", 33)]


def test_a_measure_that_is_too_long_is_divided() -> None:
    score = chorale("bwv324")
    assert [tick / 480 for tick in score.bar_starts()] == [0, 4, 8, 12, 16, 20, 24, 28, 32, 34, 38]


def test_a_bar_with_a_repeat_sign_inside_is_one_bar() -> None:
    score = chorale("bwv269")
    assert [signature.name for signature in score.time_signatures] == ["3/4"]
    assert len(score.bar_starts()) == 21


def test_short_notes_are_exact() -> None:
    assert any(note.onset_ticks % 120 == 60 for note in chorale("bwv432").notes)


def test_grace_notes_are_left_out() -> None:
    assert all(note.length_ticks >= 60 for note in chorale("bwv299").notes)


def test_fermatas_that_nobody_recorded() -> None:
    assert chorale("bwv112.5").fermatas is None


def test_what_has_five_parts_is_refused() -> None:
    with pytest.raises(NotFourPartsError, match="it has 5 parts") as caught:
        read_chorale(paths()["bwv1.6.mxl"])
    assert caught.value.num_parts == 5


@pytest.mark.parametrize("name", SAMPLE)
def test_the_manifest_tells_the_truth(name: str) -> None:
    score, printed = read_with_signature(paths()[f"{name}.mxl"])
    row = rows()[f"{name}.mxl"]
    assert music_checksum(score) == row.sha256
    assert parse_midi(midi_bytes(score)) == score
    assert score.key is not None
    assert (row.key, row.printed) == (score.key.name, printed)
    assert row.metre == " ".join(signature.name for signature in score.time_signatures)
    assert int(row.num_steps) * 120 == score.length_ticks
    assert row.num_fermatas == ("" if score.fermatas is None else str(len(score.fermatas)))
    assert score.title == (f"BWV {row.bwv}: {row.title}" if row.title else f"BWV {row.bwv}")


def bass(pitch: int) -> list[Note]:
    return [Note(0, 480, 50, 3), Note(480, 480, pitch, 3), Note(960, 480, 60, 0)]


@pytest.mark.parametrize(
    ("fifths", "mode", "final", "key"),
    [
        (0, "minor", "A", Key(0, "minor")),
        (0, "minor", "D", Key(-1, "minor")),  # dorian
        (0, "minor", "E", Key(0, "minor")),  # phrygian, or a close on the dominant
        (-7, "minor", "Db", Key(-7, "minor")),  # dorian, but there is no key with eight flats
        (0, "major", "C", Key(0, "major")),
        (0, "major", "A", Key(0, "minor")),  # the relative minor
        (0, "major", "G", Key(1, "major")),  # mixolydian
        (7, "major", "Ab", Key(7, "major")),  # mixolydian, with eight sharps
        (0, "major", "D", Key(0, "major")),
        (-1, None, "F", Key(-1, "major")),
        (-1, None, "D", Key(-1, "minor")),
    ],
)
def test_the_last_bass_note_decides_the_key(fifths: int, mode: str | None, final: str, key: Key) -> None:
    assert musical_key(fifths, mode, bass(36 + Key.from_name(f"{final} major").tonic)) == key


@pytest.mark.parametrize(("third", "mode"), [(64, "major"), (57, "minor")])
def test_without_mode_and_tonic_the_profile_decides(third: int, mode: str) -> None:
    tonic = 60 if mode == "major" else 69
    notes = [Note(480 * i, 480, pitch, 0) for i, pitch in enumerate((tonic, third, tonic + 7, tonic))]
    assert musical_key(0, None, [*notes, Note(1920, 1, 38, 3)]).mode == mode


def test_the_split_is_80_10_10_and_no_tune_is_on_two_sides() -> None:
    chorales = [row for row in rows().values() if not row.left_out]
    count = {split: sum(row.split == split for row in chorales) for split in ("train", "valid", "test")}
    assert count == {"train": 292, "valid": 36, "test": 36}
    sides: dict[str, set[str]] = {}
    for row in chorales:
        sides.setdefault(row.tune, set()).add(row.split)
    assert [tune for tune, found in sides.items() if len(found) > 1] == []


def test_settings_of_the_passion_tune_are_one_group() -> None:
    numbers = ("135.6", "153.5", "244.15", "244.17", "244.44", "244.54", "244.62", "248.5", "270", "271")
    assert len({rows()[f"bwv{number}.mxl"].tune for number in numbers}) == 1


def test_no_two_files_are_the_same() -> None:
    sums = [row.sha256 for row in rows().values() if not row.left_out]
    assert len(set(sums)) == len(sums) == 364
    assert all(re.fullmatch("[0-9a-f]{64}", text) for text in sums)


def test_data_readme_states_the_counts() -> None:
    readme = (Path(__file__).parents[2] / "data" / "README.md").read_text(encoding="utf-8")
    chorales = [row for row in rows().values() if not row.left_out]
    tunes = {split: len({row.tune for row in chorales if row.split == split}) for split in ("train", "valid", "test")}
    steps = sum(int(row.num_steps) for row in chorales)
    sentence = (
        f"{sum(tunes.values())} tunes (137 with one setting), 292 chorales for training ({tunes['train']} tunes), "
        f"36 for validation ({tunes['valid']}), 36 for testing ({tunes['test']})"
    )
    assert sentence in " ".join(readme.split())
    assert f"{steps:,} steps of a sixteenth" in readme
    assert f"In {sum(row.key != row.printed for row in chorales)} chorales" in readme
    assert f"{sum(row.pickup_quarters != '0' for row in chorales)} have a pickup" in readme


def test_the_manifest_is_the_one_in_data() -> None:
    in_tree = Path(__file__).parents[2] / "data" / "chorales.csv"
    assert manifest_path().read_bytes() == in_tree.read_bytes()


def test_the_manifest_comes_back(tmp_path: Path) -> None:
    some = (
        ManifestRow("bwv1.mxl", left_out="5 parts"),
        ManifestRow("b.mxl", name="b", title='Wär’ Gott, "nicht"', key="C major"),
    )
    (tmp_path / "m.csv").write_bytes(manifest_bytes(some))
    assert read_manifest(tmp_path / "m.csv") == some
