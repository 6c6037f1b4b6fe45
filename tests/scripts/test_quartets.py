"""The corpus of string quartets: movements, bars in whole, passages on the grid, works on one side."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from biaxial.corpora.corpus import Corpus
from biaxial.features.conditions import UNKNOWN, Condition
from biaxial.music.score import Key, Note, Score, TimeSignature

sys.path.insert(0, str(Path(__file__).parents[2]))
from scripts.make import quartets
from scripts.tables import composer_table

Q = 480
PITCHES = (("G", 5), ("E", 5), ("C", 4), ("C", 3))


def bar(number: str, lengths: list[int], pitch: tuple[str, int], *, before: str = "", after: str = "") -> str:
    """A bar of notes of one pitch, in twelfths of a quarter note."""
    step, octave = pitch
    notes = "".join(
        f"<note><pitch><step>{step}</step><octave>{octave}</octave></pitch><duration>{length}</duration></note>"
        for length in lengths
    )
    return f'<measure number="{number}">{before}{notes}{after}</measure>'


def metre(beats: int, fifths: int | None = None) -> str:
    key = "" if fifths is None else f"<key><fifths>{fifths}</fifths></key>"
    return (
        f"<attributes><divisions>12</divisions>{key}<time><beats>{beats}</beats><beat-type>4</beat-type></time>"
        "</attributes>"
    )


FORTE = "<direction><direction-type><dynamics><f/></dynamics></direction-type></direction>"
FINAL = '<barline location="right"><bar-style>light-heavy</bar-style></barline>'


def write(path: Path) -> None:
    """Two movements of four players: 3/4 in G with a pickup, and thirteen bars of 2/4 in C, one of triplets."""
    parts = []
    for place, pitch in enumerate(PITCHES):
        bars = [bar("0", [12], pitch, before=metre(3, 1) + FORTE)]
        bars += [bar(str(n), [12, 12, 12], pitch) for n in range(1, 9)]
        bars += [bar("9", [24], pitch, after=FINAL)]
        bars += [bar("1", [12, 12], pitch, before=metre(2, 0))]
        bars += [bar(str(n), [4] * 6 if n == 9 else [12, 12], pitch) for n in range(2, 13)]
        bars += [bar("13", [24], pitch, after=FINAL)]
        parts.append(f'<part id="P{place}">{"".join(bars)}</part>')
    names = "".join(f'<score-part id="P{place}"><part-name>Violin</part-name></score-part>' for place in range(4))
    text = f'<score-partwise version="4.0"><part-list>{names}</part-list>{"".join(parts)}</score-partwise>'
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("score.xml", text)


CONTAINER = '<container><rootfiles><rootfile full-path="score.xml"/></rootfiles></container>'


def test_a_file_is_cut_into_movements_with_their_own_keys_and_pickups(tmp_path: Path) -> None:
    write(tmp_path / "composer" / "Quartet.mxl")
    first, second = quartets.movements(tmp_path / "composer" / "Quartet.mxl")
    short = TimeSignature(2, 4, 25 * Q)  # the last bar, which the pickup fills up
    assert (first.pickup_ticks, first.time_signatures, first.key) == (Q, (TimeSignature(3, 4), short), Key(1, "major"))
    assert first.length_ticks == (1 + 8 * 3 + 2) * Q
    assert (second.pickup_ticks, second.time_signatures, second.key) == (0, (TimeSignature(2, 4),), Key(0, "major"))
    assert {note.velocity for note in first.notes} == {96}
    assert len(first.bar_starts()) == 9


def test_bars_that_a_repeat_sign_divides_are_whole() -> None:
    signatures = (
        TimeSignature(1, 8),
        TimeSignature(2, 4, Q // 2),
        TimeSignature(3, 8, Q // 2 + 4 * Q),
        TimeSignature(1, 8, 6 * Q),
        TimeSignature(2, 4, 6 * Q + Q // 2),
        TimeSignature(3, 4, 8 * Q + Q // 2),
    )
    divided = Score((Note(0, Q, 60),), 11 * Q + Q // 2, time_signatures=signatures)
    whole = quartets.in_whole_bars(divided)
    assert whole.pickup_ticks == Q // 2
    assert whole.time_signatures == (TimeSignature(2, 4), TimeSignature(3, 4, 8 * Q + Q // 2))
    assert quartets.in_whole_bars(whole) == whole


def test_passages_leave_out_bars_beside_the_grid_or_beyond_the_range() -> None:
    notes = [Note(beat * Q, Q, 60) for beat in range(80)]
    movement = Score(tuple(notes), 80 * Q)
    assert list(quartets.passages(movement)) == [(0, 80 * Q)]
    triplet = Score((*notes, Note(33 * Q + Q // 3, Q // 3, 72)), 80 * Q)
    assert list(quartets.passages(triplet)) == [(0, 32 * Q), (36 * Q, 80 * Q)]
    high = Score((*notes, Note(35 * Q, 2 * Q, 99)), 80 * Q)
    assert list(quartets.passages(high)) == [(0, 32 * Q), (40 * Q, 80 * Q)]


def test_a_passage_knows_where_it_stands_in_its_movement() -> None:
    movement = Score(tuple(Note(beat * Q, Q, 60, velocity=33) for beat in range(60)), 60 * Q, key=Key(0, "major"))
    opening = quartets.piece_of(movement, 0, 32 * Q, "a/b/1", "train")
    assert opening.conditions[0, Condition.FIRST] == 1
    assert (opening.conditions[:, Condition.TO_END] == UNKNOWN).all()
    assert opening.levels is not None
    assert set(np.unique(opening.levels)) == {0, 2}
    closing = quartets.piece_of(movement, 28 * Q, 60 * Q, "a/b/1", "train")
    assert closing.conditions[0, Condition.FIRST] == 0
    assert closing.conditions[0, Condition.SINCE_START] == 28 * 4
    assert closing.conditions[-1, Condition.TO_END] == 0
    assert (closing.conditions[:, Condition.TO_FERMATA] == UNKNOWN).all()


def test_works_lie_on_one_side_and_few_make_no_composer() -> None:
    found = [quartets.Work("haydn", f"Op.{number}", ()) for number in range(20)]
    side = quartets.sides(found)
    assert sorted(side.values()).count("test") == 3
    assert sorted(side.values()).count("valid") == 1
    assert quartets.sides(found[::-1]) == side


def test_the_command_writes_a_corpus_of_composers_with_enough_works(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(4):
        write(tmp_path / "in" / "mayer" / f"Quartet_{number}.sq{number}.mxl")
    write(tmp_path / "in" / "mayer" / "Quartet_3.sq99.mxl")
    write(tmp_path / "in" / "fauré" / "Quartet.sq1.mxl")
    assert quartets.main([str(tmp_path / "in"), str(tmp_path / "out.npz"), "--readers", "1"]) == 0
    assert "mayer | 2, 1, 1 | 10 | 215 |" in capsys.readouterr().out
    corpus = Corpus.load(tmp_path / "out.npz")
    assert {piece.name.split("/")[0] for piece in corpus.pieces} == {"mayer"}
    works = {split: {piece.name.split("/")[1] for piece in corpus.split(split)} for split in ("train", "valid", "test")}
    assert [len(names) for names in works.values()] == [2, 1, 1]
    assert len(set.union(*works.values())) == 4
    passages = list(composer_table.passages(corpus.pieces[0], 4))
    assert [passage.num_steps for passage in passages] == [4 * 3 * 4] * 2
    assert [passage.name for passage in composer_table.spread(passages * 3, 2)] == [passages[0].name, passages[1].name]
    assert composer_table.work_of(passages[0].name)[0] == "mayer"


def test_folders_of_works_are_works_too(tmp_path: Path) -> None:
    names = ("Quartet_No.1,_Op.1_No.1/sq1.mxl", "Quartet_No.1,_Op.1_No.1/sq2.mxl", "Quartet_in_B♭_(Op.2)/sq3.mxl")
    for name in (*names, "Quartet_3/1_Allegro/sq4.mxl", "Quartet_4.sq5.mxl"):
        write(tmp_path / "Mayer,_Emilie" / name)
    found = quartets.works(tmp_path)
    assert {work.composer for work in found} == {"mayer"}
    assert {work.name: len(work.paths) for work in found} == {
        "Quartet_No.1_Op.1_No.1": 2,
        "Quartet_in_B_Op.2": 1,
        "Quartet_3": 1,
        "Quartet_4": 1,
    }


def test_a_folder_without_enough_works_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "in" / "mayer" / "Quartet.mxl")
    assert quartets.main([str(tmp_path / "in"), str(tmp_path / "out.npz")]) == 2
    assert "no composer with 4 works" in capsys.readouterr().err
