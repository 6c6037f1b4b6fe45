"""ABC, kern, LilyPond, MEI and MIDI: what is written is read back, by our readers and by programs that are not ours."""

from __future__ import annotations

import importlib
import random
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

from biaxial.formats.abc.abc_writer import abc_text
from biaxial.formats.kern.kern_writer import kern_text
from biaxial.formats.lilypond import lilypond_text
from biaxial.formats.read import read_score
from biaxial.formats.write import save_score
from biaxial.music.errors import InputError
from biaxial.music.repeats import Ending, Repeat
from biaxial.music.score import ChordSymbol, Key, Note, Score, Syllable, TimeSignature
from biaxial.music.symbols import parse_chord

ROOT = Path(__file__).parents[2]
Q = 480
METRES = ("4/4", "3/4", "6/8", "2/2", "12/8", "5/4", "3/8", "3/2", "9/8", "2/4", "7/8")
KEYS = ("G major", "D minor", "Eb major", "F# minor", "C major", "Cb major", "C# major", "G# minor", "A minor")
RHYTHMS = ((Q, Q), (2 * Q,), (Q // 2, Q // 2, Q), (3 * Q // 2, Q // 2), (Q, Q // 4, Q // 4, Q // 2), (5 * Q,))
TRIPLET = (Q // 3, Q // 3, Q // 3, Q)


def script(name: str) -> ModuleType:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"scripts.drills.{name}")


def piece(number: int, *, rests: float = 0.1, triplets: bool = True, marks: bool = True) -> Score:
    """Four voices of eight bars in a metre and key of their own, each second with a pickup."""
    draw, metre = random.Random(number), TimeSignature.from_name(METRES[number % len(METRES)])
    bar = metre.bar_ticks(Q)
    pickup = (number % 2) * 4 * Q // metre.denominator
    length = pickup + 8 * bar
    notes = []
    for voice, middle in enumerate((72, 65, 58, 48)):
        now = 0
        while now < length:
            for ticks in draw.choice((*RHYTHMS, TRIPLET) if triplets and now % Q == 0 else RHYTHMS):
                end = min(now + ticks, length)
                if end > now and draw.random() >= rests:
                    notes.append(Note(now, end - now, middle + draw.randint(-5, 5), voice))
                now = end
    soprano = [note.onset_ticks for note in notes if note.voice == 0]
    words = [Syllable(tick, draw.choice(("glo", "ri", "Ä-é", "a b")), draw.random() < 0.4) for tick in soprano[1:-1]]
    words.append(Syllable(soprano[-1], "a"))
    symbols = [(pickup + place * Q, draw.choice(("Am7", "F#m7b5", "Bb/D", "G", "N.C.", "C69"))) for place in (1, 4, 7)]
    return Score(
        tuple(notes),
        length,
        time_signatures=(metre,),
        pickup_ticks=pickup,
        key=Key.from_name(KEYS[number % len(KEYS)]),
        fermatas=tuple(sorted(draw.sample(soprano, 3))) if marks else (),
        tempo_bpm=draw.choice((72.0, 92.5)),
        title=f"Piece {number} & <more>, 100%",
        lyrics=tuple(words) if marks else (),
        chords=tuple(ChordSymbol(tick, *parse_chord(name), name) for tick, name in symbols) if marks else (),
    )


@pytest.mark.parametrize("suffix", [".abc", ".krn"])
@pytest.mark.parametrize("number", range(len(METRES)))
def test_a_score_comes_back_in_every_field(number: int, suffix: str, tmp_path: Path) -> None:
    score = piece(number)
    path = tmp_path / f"piece{suffix}"
    save_score(score, path)
    # Our reader of kern passes columns of harmony over.
    assert read_score(path) == (score if suffix == ".abc" else replace(score, chords=()))


@pytest.mark.parametrize("suffix", [".abc", ".krn"])
@pytest.mark.parametrize(
    "repeats",
    [
        (Repeat(0, 8 * Q), Repeat(8 * Q, 16 * Q)),
        (Repeat(8 * Q, 24 * Q, times=3),),
        (Repeat(0, 16 * Q, (Ending(8 * Q, 12 * Q, (1,)), Ending(12 * Q, 16 * Q, (2,)))),),
        (Repeat(2 * Q, 6 * Q),),  # inside bars
    ],
)
def test_repeats_come_back(repeats: tuple[Repeat, ...], suffix: str, tmp_path: Path) -> None:
    notes = tuple(Note(beat * Q, Q, 60 + beat * 5 % 12 + voice, 1 - voice) for beat in range(32) for voice in (0, 1))
    tune = Score(notes, key=Key(0), repeats=repeats)
    path = tmp_path / f"tune{suffix}"
    save_score(tune, path)
    assert read_score(path).repeats == repeats
    again = tmp_path / "again.json"
    save_score(read_score(path, "expand"), again)
    assert len(read_score(again).notes) == len(read_score(path, "expand").notes) > len(notes)


@pytest.mark.parametrize("suffix", [".abc", ".krn"])
def test_a_metre_that_changes_and_music_without_voices_come_back(suffix: str, tmp_path: Path) -> None:
    chords = [Note(beat * Q, 2 * Q, pitch) for beat in range(0, 14, 2) for pitch in (48, 64, 67 + beat)]
    held = Note(0, 6 * Q, 36)
    score = Score(
        (*chords, held), 14 * Q, time_signatures=(TimeSignature(), TimeSignature(3, 4, 8 * Q)), key=Key(1), title="Two"
    )
    path = tmp_path / f"two{suffix}"
    save_score(score, path)
    found = read_score(path)
    assert {(n.onset_ticks, n.length_ticks, n.pitch) for n in found.notes} == {
        (n.onset_ticks, n.length_ticks, n.pitch) for n in score.notes
    }
    assert (found.time_signatures, found.key, found.title) == (score.time_signatures, score.key, score.title)


def test_abc_writes_an_accidental_wherever_readers_could_disagree() -> None:
    pitches = (66, 66, 65, 78, 77, 66)
    tune = Score(tuple(Note(beat * Q, Q, pitch, 0) for beat, pitch in enumerate(pitches)), key=Key(0))
    music = abc_text(tune).splitlines()[-1]
    assert music == "^F2 F2 =F2 ^f2 | f2 ^F2 |]"


def test_a_chord_symbol_inside_a_note_cuts_it_in_abc() -> None:
    tune = Score((Note(0, 4 * Q, 67, 0),), key=Key(0), chords=(ChordSymbol(2 * Q, *parse_chord("Am7"), "Am7"),))
    assert abc_text(tune).splitlines()[-1] == 'G4- "Am7"G4 |]'


def test_kern_has_the_lowest_voice_on_the_left_and_words_beside_their_voice() -> None:
    score = replace(piece(0), chords=())
    rows = [line.split("\t") for line in kern_text(score).splitlines() if not line.startswith("!!!")]
    assert rows[0] == ["**kern", "**kern", "**kern", "**kern", "**text"]
    assert {len(row) for row in rows} == {5}
    assert ["*Ibass", "*Itenor", "*Ialto", "*Isoprn", "*"] in rows


def test_words_that_kern_would_take_for_something_else_are_read_as_words(tmp_path: Path) -> None:
    notes = tuple(Note(beat * Q, Q, 67, 0) for beat in range(4))
    words = tuple(Syllable(beat * Q, text) for beat, text in enumerate(("*a", "=2", "!", ".")))
    path = tmp_path / "words.krn"
    save_score(Score(notes, key=Key(0), lyrics=words), path)
    assert len(read_score(path).notes) == 4


@pytest.mark.parametrize(("suffix", "name"), [(".krn", "music21_reader"), (".abc", "music21_reader")])
@pytest.mark.filterwarnings("ignore")
def test_music21_hears_what_was_written(suffix: str, name: str, tmp_path: Path) -> None:
    check(piece(0, rests=0, triplets=False, marks=False), suffix, name, tmp_path)


@pytest.mark.parametrize("suffix", [".krn", ".mei"])
def test_verovio_hears_what_was_written(suffix: str, tmp_path: Path) -> None:
    pytest.importorskip("verovio")
    for number in range(4):
        check(replace(piece(number, triplets=False), lyrics=()), suffix, "verovio_reader", tmp_path)


@pytest.mark.skipif(shutil.which("abc2midi") is None, reason="abc2midi is not installed")
def test_abc2midi_hears_what_was_written(tmp_path: Path) -> None:
    for number in range(4):
        check(piece(number, marks=False), ".abc", "abc2midi_reader", tmp_path)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lilypond") is None, reason="lilypond is not installed")
def test_lilypond_hears_what_was_written(tmp_path: Path) -> None:
    for number in (1, 2, 4, 7):
        check(piece(number), ".ly", "lilypond_reader", tmp_path)


def test_pretty_midi_hears_notes_and_words(tmp_path: Path) -> None:
    score = piece(1, triplets=False)
    path = tmp_path / "piece.mid"
    save_score(replace(score, lyrics=tuple(replace(word, goes_on=False) for word in score.lyrics)), path)
    outside = script("outside_readers")
    heard, wanted = outside.pretty_midi_reader(path), outside.written(score)
    assert heard.voices == wanted.voices
    assert heard.words == tuple((tick, text.encode().decode("latin-1")) for tick, text in wanted.words)


def check(score: Score, suffix: str, reader: str, folder: Path) -> None:
    outside = script("outside_readers")
    path = folder / f"piece{suffix}"
    save_score(score, path)
    heard, wanted = getattr(outside, reader)(path), outside.written(score, 4 if suffix == ".krn" else 2)
    for fact in ("voices", "sharps", "mode", "metre", "pickup", "fermatas"):
        if getattr(heard, fact) is not None:
            assert getattr(heard, fact) == getattr(wanted, fact), (score.title, fact)


def test_lilypond_source_has_what_its_language_asks_for() -> None:
    notes = tuple(Note(beat * Q, Q, 60 + beat, 0) for beat in range(16))
    endings = (Ending(8 * Q, 12 * Q, (1,)), Ending(12 * Q, 16 * Q, (2,)))
    chords = tuple(
        ChordSymbol(4 * beat * Q, *parse_chord(name), name) for beat, name in enumerate(("Am7/G", "N.C.", "C69", "F/G"))
    )
    words = (Syllable(0, 'a"b', True), Syllable(2 * Q, "c"))
    tune = Score(notes, key=Key(-3, "minor"), chords=chords, lyrics=words, repeats=(Repeat(0, 16 * Q, endings),))
    text = lilypond_text(tune)
    assert "\\key c \\minor" in text
    assert "\\repeat volta 2 { \\time 4/4 c'4 " in text
    assert "} \\alternative { \\volta 1 { " in text
    assert "a1*1:m7/g r1*1 <c d e g a>1*1 f1*1/+g" in text
    assert '"a\\"b" -- _ "c"' in text
    assert text.count("{") == text.count("}")


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("lilypond") is None, reason="lilypond is not installed")
def test_lilypond_takes_repeats_chords_words_and_odd_names_without_a_warning(tmp_path: Path) -> None:
    notes = tuple(Note(beat * Q, Q, 60 + beat % 12, voice) for beat in range(32) for voice in range(5))
    endings = (Ending(14 * Q, 16 * Q, (1, 2)), Ending(16 * Q, 18 * Q, (3,)))
    chords = tuple(ChordSymbol(4 * beat * Q, *parse_chord(name), name) for beat, name in enumerate(("Am7/G", "C69")))
    words = (Syllable(0, 'a"b', True), Syllable(2 * Q, "c\\d"))
    score = Score(
        notes,
        time_signatures=(TimeSignature(), TimeSignature(3, 8, 20 * Q)),
        key=Key(0),
        title='A "title" \\',
        chords=chords,
        lyrics=words,
        repeats=(Repeat(4 * Q, 18 * Q, endings, 3), Repeat(20 * Q, 26 * Q)),
    )
    check(score, ".ly", "lilypond_reader", tmp_path)


def test_a_score_saves_itself_by_the_endings_of_its_paths(tmp_path: Path) -> None:
    score = piece(0)
    paths = score.save(tmp_path / "a.abc", str(tmp_path / "a.krn"))
    assert [read_score(path).notes for path in paths] == [score.notes, score.notes]
    with pytest.raises(InputError, match="give the name of a file"):
        score.save()
    with pytest.raises(InputError, match=r"cannot write \.doc"):
        score.save(tmp_path / "b.abc", tmp_path / "b.doc")
    assert not (tmp_path / "b.abc").exists()
