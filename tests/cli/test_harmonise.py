"""``biaxial-harmonise``: what it writes and says, and one line for whatever is wrong."""

from __future__ import annotations

import json
import subprocess
import sysconfig
from dataclasses import replace
from pathlib import Path

import pytest

import biaxial.cli.writing
from biaxial.cli.harmonise import main, read_voices
from biaxial.formats.json_score import read_json, write_json
from biaxial.formats.midi.midi_writer import read_midi, write_midi
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.repeats import Repeat
from biaxial.music.score import ChordSymbol, Key, Note, Score
from biaxial.render.files import WRITERS
from tests.formats.audio.conftest import ODE_PITCHES, ODE_STEPS, RATE, voice

Q = 480
TUNE = Score(tuple(Note(i * Q, Q, pitch) for i, pitch in enumerate((67, 69, 71, 72))), key=Key(1), tempo_bpm=100.0)
FAST = ("--particles", "1", "--quiet", "--seed", "1")


@pytest.fixture
def tune(folder: Path) -> str:
    write_midi(TUNE, folder / "tune.mid")
    return "tune.mid"


def harmonise(weights: Path, *words: str | Path) -> None:
    assert main([*map(str, words), *FAST, "--checkpoint", str(weights)]) == 0


def refusal(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line that a command line ends in; the working directory stays as it is."""
    before = {path: path.stat().st_mtime_ns for path in Path().rglob("*")}
    assert main([str(word) for word in words]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("biaxial-harmonise: ")
    assert {path: path.stat().st_mtime_ns for path in Path().rglob("*")} == before
    return captured.err.removeprefix("biaxial-harmonise: ").rstrip("\n")


def test_a_tune_in_a_file_gets_three_voices_more(
    tune: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    harmonise(weights, tune)
    captured = capsys.readouterr()
    assert captured.out.startswith("harmonised.mid: seed 1, ")
    assert captured.err == ""
    score = read_midi(folder / "harmonised.mid")
    assert [(n.onset_ticks, n.length_ticks, n.pitch) for n in score.voice_notes(0)] == [
        (n.onset_ticks, n.length_ticks, n.pitch) for n in TUNE.notes
    ]
    assert {note.voice for note in score.notes} == {0, 1, 2, 3}
    assert (score.key, score.tempo_bpm, score.length_ticks) == (Key(1), 100.0, 4 * Q)


def test_remarks_are_notes_on_stderr_and_in_the_json(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    low = replace(TUNE, notes=tuple(replace(n, pitch=n.pitch - 36) for n in TUNE.notes), key=None)
    write_json(low, folder / "low.json")
    harmonise(weights, "low.json", "-n", "2")
    captured = capsys.readouterr()
    lines = captured.err.splitlines()
    assert len(lines) == 2
    assert all(line.startswith("note: ") for line in lines)
    assert any("octaves higher and moved back" in line for line in lines)
    assert any("taken to be in" in line for line in lines)
    assert len(captured.out.splitlines()) == 2
    harmonise(weights, "low.json", "--json")
    captured = capsys.readouterr()
    assert captured.err == ""
    piece = json.loads(captured.out)["pieces"][0]
    assert sorted(f"note: {remark}" for remark in piece["remarks"]) == sorted(lines)
    assert (piece["seed"], piece["num_steps"], piece["path"]) == (1, 16, "harmonised.mid")


def test_options_say_the_voice_the_key_and_the_chords(tune: str, folder: Path, weights: Path) -> None:
    low = ("--voices", "B", "--key", "D minor", "--chords", "F / Dm D7/F#", "-o", "out.json")
    harmonise(weights, tune, *low)
    score = read_json(folder / "out.json")
    assert score.key == Key.from_name("D minor")
    assert [(c.name, c.onset_ticks) for c in score.chords] == [("F", 0), ("Dm", 2 * Q), ("D7/F#", 3 * Q)]
    assert [note.pitch for note in score.voice_notes(3)] == [67, 69, 71, 72]
    assert {note.voice for note in score.notes if note.locked} == {3}
    for beat, classes in enumerate(({5, 9, 0}, {5, 9, 0}, {2, 5, 9}, {2, 6, 9, 0})):
        sounding = [n for n in score.notes if n.onset_ticks <= beat * Q < n.end_ticks and not n.locked]
        assert {note.pitch % 12 for note in sounding} <= classes


def test_options_transpose_and_state_phrases(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tuple(Note(beat * Q, Q, 50 + beat % 4) for beat in range(32))
    write_midi(Score(notes, key=Key(0)), folder / "low.mid")
    harmonise(weights, "low.mid", "--phrases", "4+4", "--transpose", "+2", "-o", "up.json")
    assert capsys.readouterr().err.count("note: ") == 1
    up = read_json(folder / "up.json")
    assert [note.pitch for note in up.notes if note.locked] == [note.pitch + 2 for note in notes]
    assert {note.voice for note in up.notes if note.locked} == {3}
    assert up.key == Key.from_name("D major")
    options = ("--voices", "soprano", "--phrases", "none", "--transpose", "fit")
    harmonise(weights, "low.mid", *options, "-o", "fit.json")
    assert min(note.pitch for note in read_json(folder / "fit.json").notes if note.locked) == VOICE_RANGES[0][0]
    harmonise(weights, "low.mid", *options, "--transpose-back", "-o", "back.json")
    back = read_json(folder / "back.json")
    assert [note.pitch for note in back.notes if note.locked] == [note.pitch for note in notes]
    assert back.key == Key(0)
    assert capsys.readouterr().err == ""
    harmonise(weights, "low.mid", "-o", "guessed.json")
    assert "phrases are taken to end in bars 2, 4, 6, 8; --phrases says where they do" in capsys.readouterr().err
    assert read_json(folder / "guessed.json").fermatas is None


def test_a_part_is_chosen_by_its_name(folder: Path, weights: Path) -> None:
    two = (*(replace(n, voice=0) for n in TUNE.notes), *(replace(n, voice=3, pitch=n.pitch - 19) for n in TUNE.notes))
    write_midi(Score(two, key=Key(1)), folder / "two.mid")
    harmonise(weights, "two.mid", "--voices", "bass", "--part", "Bass")
    assert [note.pitch for note in read_midi(folder / "harmonised.mid").voice_notes(3)] == [48, 50, 52, 53]
    harmonise(weights, "two.mid", "--voices", "S,B")
    score = read_midi(folder / "harmonised-2.mid")
    assert tuple(note for note in score.notes if note.voice in (0, 3)) == Score(two).notes


def test_former_names_of_options_do_the_same(
    folder: Path, weights: Path, tune: str, capsys: pytest.CaptureFixture[str]
) -> None:
    harmonise(weights, tune, "--voices", "soprano", "--part", "1", "-o", "new.mid")
    assert capsys.readouterr().err == ""
    harmonise(weights, tune, "--voice", "soprano", "--line", "1", "-o", "old.mid")
    assert [line.partition(";")[0] for line in capsys.readouterr().err.splitlines()] == [
        "biaxial-harmonise: --voice is called --voices now",
        "biaxial-harmonise: --line is called --part now",
    ]
    assert (folder / "new.mid").read_bytes() == (folder / "old.mid").read_bytes()


def test_four_voices_with_a_bass_that_is_given(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    notes = tuple(Note(0, 4 * Q, pitch, voice) for voice, pitch in enumerate((72, 67, 64, 48)))
    write_midi(Score(notes, key=Key(0)), folder / "four.mid")
    harmonise(weights, "four.mid", "--voices", "bass", "-o", "out.mid")
    assert read_midi(folder / "out.mid").voice_notes(3) == (notes[3],)
    assert capsys.readouterr().err == "note: took the bass of music in several voices and left out 3 other notes\n"


def test_locked_notes_and_chords_of_a_document_are_kept(folder: Path, weights: Path) -> None:
    locked = (Note(Q, 2 * Q, 50, 3, 66, True), Note(3 * Q + 31, 200, 60, 2, 77, True))
    chords = (ChordSymbol(0, frozenset({7, 11, 2}), name="G"),)
    melody = tuple(replace(note, voice=0) for note in TUNE.notes)
    write_json(replace(TUNE, notes=(*melody, *locked), chords=chords), folder / "in.json")
    harmonise(weights, "in.json", "-o", "out.json")
    score = read_json(folder / "out.json")
    assert {note for note in score.notes if note.locked and note.voice} == set(locked)
    assert [replace(note, locked=False) for note in score.voice_notes(0)] == list(melody)
    assert score.chords == chords
    # and once more, from what was written
    harmonise(weights, "out.json", "-o", "again.json", "--seed", "2")
    again = read_json(folder / "again.json")
    assert {note for note in again.notes if note.locked} == {note for note in score.notes if note.locked}


def test_a_seed_gives_the_same_bytes_alone_and_among_others(tune: str, folder: Path, weights: Path) -> None:
    words = [tune, "--checkpoint", str(weights), "--quiet", "--particles", "2", "--best-of", "2"]
    assert main([*words, "--seed", "7", "-n", "3", "-o", "many"]) == 0
    assert main([*words, "--seed", "8", "-o", "one.mid"]) == 0
    assert sorted(path.name for path in (folder / "many").iterdir()) == ["0001.mid", "0002.mid", "0003.mid"]
    assert (folder / "many/0002.mid").read_bytes() == (folder / "one.mid").read_bytes()
    assert (folder / "many/0001.mid").read_bytes() != (folder / "one.mid").read_bytes()


def test_progress_counts_to_the_end(
    tune: str, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main([tune, "--checkpoint", str(weights), "-n", "2", "--best-of", "2", "--particles", "2"]) == 0
    assert "32/32" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("", "the following arguments are required: TUNE; biaxial-harmonise --help lists the options"),
        ("no.mid", "no.mid: no such file or directory; check the path"),
        ("tune.doc", "tune.doc: cannot read .doc; give a file that ends in .mid, .midi"),
        ("songs", "songs: a folder of tunes; add --shards N to harmonise all of them"),
        ("tune.mid --voices descant", "--voices: 'descant' is not a voice; give soprano, alto, tenor, bass"),
        ("tune.mid --voices S,,B", "--voices: '' is not a voice; give soprano, alto, tenor, bass"),
        ("tune.mid --phrases x", "--phrases: 'x' does not say phrases"),
        ("tune.mid --transpose up", "--transpose: 'up' does not say how far; give semitones, such as 3 or -5, or fit"),
        ("tune.mid --given-colour blue", "'blue' is not a colour"),
        ("tune.mid --key H", "--key: 'H' is not a key"),
        ("tune.mid --chords X7", "chords: bar 1: "),
        ("tune.mid --chords Hm", "chords: bar 1: "),
        ("tune.mid --chords C|C|C", "chords: 3 bars of them, but the tune has 1; take out the rest"),
        ("tune.mid --voices Soprano,X", "--voices: 'X' is not a voice"),
        ("tune.mid -o out.mp3", f"out.mp3: cannot write .mp3; end its name in {', '.join(WRITERS)}"),
        ("tune.mid -o songs", "songs: cannot write a file without a suffix"),
        ("tune.mid -o songs.mid", "--output: songs.mid is a folder; give the name of a file in it"),
        ("tune.mid -o no/out.mid", "--output: there is no folder no; make it, or write somewhere else"),
        ("tune.mid -n 2 -o out.mid", "--output: out.mid looks like one file; 2 pieces need the name of a folder"),
        ("tune.mid --ranges 60-79,x", "--ranges: '60-79,x' does not say ranges"),
        ("tune.mid --particles 65", "--particles: 65 is outside the range; give 1 to 64"),
        ("tune.mid --best-of 0", "--best-of: 0 is outside the range; give 1 to 64"),
        ("tune.mid --checkpoint no.safetensors", "no.safetensors: no such weights"),
        ("broken.mid", "broken.mid"),
        ("broken.json", "broken.json: not a JSON document"),
    ],
)
def test_one_line(words: str, line: str, tune: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert tune == "tune.mid"
    for name in ("songs", "songs.mid"):
        (folder / name).mkdir()
    (folder / "tune.doc").write_bytes(b"RIFF")
    (folder / "broken.mid").write_bytes(b"MThd\0\0")
    (folder / "broken.json").write_text("{")
    assert refusal(capsys, *words.split()).startswith(line)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("tune.mid --voices S,B", "the music does not say which notes are which voice"),
        ("tune.mid --part Flute", "tune.mid: no part 'Flute'; it has "),
        ("tune.mid --part 2", "tune.mid: no part '2'; it has "),
        ("tune.mid --min-voices 3 --max-voices 2", "polyphony is at least 0 and at most 4, not 3 to 2"),
        ("tune.mid --ranges 60-79", "1 ranges given for 4 voices"),
        ("tune.mid --ranges 79-60,55-72,48-67,40-60", "range 79 to 60 is empty"),
        ("empty.mid", "no notes"),
    ],
)
def test_one_line_with_the_network(
    words: str, line: str, tune: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_midi(Score((), 4 * Q), folder / "empty.mid")
    assert line in refusal(capsys, *words.split(), "--checkpoint", weights)


def test_names_of_voices() -> None:
    assert read_voices("Soprano") == ("soprano",)
    assert read_voices("s, B,tenor") == ("soprano", "bass", "tenor")


def test_interrupting_leaves_whole_pieces_alone(
    tune: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C in the second piece's frames, and then while a file is written."""
    from biaxial.tasks.drawing import fill

    monkeypatch.setattr(fill, "_BATCHES", {"cpu": (1, 1)})
    steps: list[int] = []

    class Bar:
        def __enter__(self) -> object:
            return self.advance

        def __exit__(self, *_: object) -> None: ...

        def advance(self, frames: int) -> None:
            steps.append(frames)
            if len(steps) == 20:
                raise KeyboardInterrupt

    monkeypatch.setattr(biaxial.cli.writing, "progress_bar", lambda *_, **__: Bar())
    words = [tune, *FAST, "--checkpoint", str(weights)]
    assert main([*words, "-n", "3", "-o", "many"]) == 130
    assert capsys.readouterr().err == "biaxial-harmonise: interrupted; 1 of 3 pieces are written\n"
    assert [path.name for path in (folder / "many").iterdir()] == ["0001.mid"]
    assert len(read_midi(folder / "many/0001.mid").voice_notes(0)) == 4

    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupted)
    (folder / "out.mid").write_bytes(b"an older piece")
    steps[:] = [0] * 100
    assert main([*words, "-o", "out.mid"]) == 130
    assert (folder / "out.mid").read_bytes() == b"an older piece"
    assert sorted(path.name for path in folder.iterdir()) == ["many", "out.mid", "tune.mid"]


def test_both_spellings_are_installed(folder: Path) -> None:
    for name in ("biaxial-harmonise", "biaxial-harmonize"):
        script = Path(sysconfig.get_path("scripts")) / name
        done = subprocess.run([script, "no.mid"], capture_output=True, text=True, cwd=folder, check=False)
        expected = "biaxial-harmonise: no.mid: no such file or directory; check the path\n"
        assert (done.returncode, done.stdout, done.stderr) == (2, "", expected)


def test_repeats_are_kept_written_out_or_read_once(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "tune.abc").write_text("X:1\nM:2/4\nL:1/4\nK:G\n|:G A:|B c|]\n")
    harmonise(weights, "tune.abc", "-o", "kept.json", "-o", "kept.mid")
    assert capsys.readouterr().err == ""
    kept = read_json(folder / "kept.json")
    assert kept.repeats == (Repeat(0, 2 * Q),)
    assert [note.pitch for note in kept.voice_notes(0)] == [67, 69, 71, 72]
    assert [note.pitch for note in read_midi(folder / "kept.mid").voice_notes(0)] == [67, 69, 67, 69, 71, 72]
    for word, pitches, remark in (
        ("expand", [67, 69, 67, 69, 71, 72], "note: bar 1 is repeated: written out, 3 bars\n"),
        ("once", [67, 69, 71, 72], "note: bar 1 is repeated: read once\n"),
    ):
        harmonise(weights, "tune.abc", "--repeats", word, "-o", "x.json")
        assert capsys.readouterr().err == remark
        found = read_json(folder / "x.json")
        assert ([note.pitch for note in found.voice_notes(0)], found.repeats) == (pitches, ())


@pytest.fixture
def hum(folder: Path) -> str:
    """The Ode to Joy, sung."""
    pytest.importorskip("swift_f0", reason="hearing a tune needs swift-f0: pip install -e '.[audio]'")
    soundfile = pytest.importorskip("soundfile")
    soundfile.write(folder / "hum.wav", voice(ODE_PITCHES, ODE_STEPS), RATE)
    return "hum.wav"


def test_a_tune_that_is_sung_is_written_down_and_set(
    hum: str, folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "out").mkdir()
    harmonise(weights, hum, "-o", "out/hymn.mid")
    said = [line for line in capsys.readouterr().err.splitlines() if "guessed from the sound" in line]
    assert len(said) == 1
    assert said[0].endswith("; out/hum.abc has the tune as it was heard; where that is wrong, correct and harmonise it")
    soprano = read_midi(folder / "out" / "hymn.mid").voice_notes(0)
    assert [note.pitch for note in soprano] == ODE_PITCHES
    harmonise(weights, "out/hum.abc", "-o", "again.mid")
    assert read_midi(folder / "again.mid").voice_notes(0) == soprano


def test_the_tune_that_is_heard_goes_where_it_is_wanted_and_over_nothing(hum: str, folder: Path, weights: Path) -> None:
    (folder / "hum.abc").write_text("mine")
    harmonise(weights, hum)
    assert (folder / "hum.abc").read_text() == "mine"
    assert (folder / "hum-2.abc").read_text().startswith("%abc")
    harmonise(weights, hum, "--heard", "tune.mid")
    assert [note.pitch for note in read_midi(folder / "tune.mid").notes] == ODE_PITCHES


def test_what_cannot_be_heard_or_written_is_one_line(
    hum: str, tune: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "not a sound file, so nothing is heard in it" in refusal(capsys, tune, "--heard", "x.abc")
    assert "cannot write .doc" in refusal(capsys, hum, "--heard", "x.doc")
    assert refusal(capsys, hum, "--heard", "none/x.abc").startswith("--heard: there is no folder none")
    (folder / "torn.mp3").write_bytes(b"ID3" + bytes(99))
    assert refusal(capsys, "torn.mp3").startswith("torn.mp3: cannot be read as sound")
