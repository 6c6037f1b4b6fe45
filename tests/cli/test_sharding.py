"""``--shards`` of the commands that write or judge: what they write, print and refuse, and how they go on."""

from __future__ import annotations

import json
import tarfile
from importlib import import_module
from pathlib import Path

import pytest

from biaxial.cli.sharding import read_cluster, read_shard_range
from biaxial.formats.midi.midi_writer import write_midi
from biaxial.jobs import read_shards
from biaxial.music.score import Key, Note, Score

Q = 480
FAST = ["--particles", "1", "-q"]


def run(command: str, *words: object) -> int:
    status: int = import_module(f"biaxial.cli.{command}").main([str(word) for word in words])
    return status


def refusal(capsys: pytest.CaptureFixture[str], command: str, *words: object) -> str:
    assert run(command, *words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    return captured.err.partition(": ")[2].rstrip("\n")


def tune(*pitches: int, voice: int | None = None) -> Score:
    return Score(tuple(Note(i * Q, Q, pitch, voice) for i, pitch in enumerate(pitches)), key=Key(0))


@pytest.fixture
def tunes(folder: Path) -> Path:
    """Three tunes, one of them empty."""
    place = folder / "tunes"
    place.mkdir()
    write_midi(tune(67, 69, 71, 72), place / "a.mid")
    write_midi(Score(length_ticks=4 * Q), place / "b.mid")
    write_midi(tune(72, 71, 69, 67), place / "c.mid")
    return place


def members(path: Path) -> list[str]:
    with tarfile.open(path) as tar:
        return tar.getnames()


def test_pieces_go_to_shards_and_a_run_goes_on(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--bars", 1, "--seed", 3, "-n", 5, "--shards", 2, "--checkpoint", weights, "--no-cadence", *FAST]
    assert run("compose", *words, "-o", "set", "-o", ".musicxml", "--title", "Ode") == 0
    out = capsys.readouterr().out
    assert out.startswith("set: 2 shards, 5 pieces, ")
    assert out.rstrip().endswith(" pieces a second")
    assert members(folder / "set/shard-00000.tar") == [
        *(f"00000{number}{ending}" for number in (0, 1) for ending in (".json", ".mid", ".musicxml")),
        "__shard__",
    ]
    assert [each.piece.score.title for each in read_shards("set")] == [f"Ode {number}" for number in range(1, 6)]
    before = (folder / "set/shard-00001.tar").read_bytes()
    (folder / "set/shard-00001.tar").unlink()
    assert run("compose", "--resume", "set", "--json", "-q") == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["folder"], report["shards"], report["pieces"], report["made"]) == ("set", 2, 5, 3)
    assert (folder / "set/shard-00001.tar").read_bytes() == before


def test_parts_of_a_run_are_the_run(folder: Path, weights: Path) -> None:
    words = ["--bars", 1, "--seed", 3, "-n", 4, "--shards", 4, "--checkpoint", weights, "--no-cadence", *FAST]
    assert run("compose", *words, "-o", "whole") == 0
    for shards in ("2-3", "0", "1"):
        assert run("compose", *words, "-o", "parts", "--shard-range", shards) == 0
    whole, parts = (
        {path.name: path.read_bytes() for path in (folder / name).glob("*.tar")} for name in ("whole", "parts")
    )
    assert whole == parts
    assert [path.name for path in (folder / "parts").glob("*.jsonl")] == ["manifest.jsonl"]


@pytest.mark.usefixtures("folder")
def test_a_folder_of_tunes_is_harmonised_each_as_it_would_be_alone(
    tunes: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--checkpoint", weights, "--seed", 4, "-n", 2, "--no-cadence", *FAST]
    assert run("harmonise", tunes, *words, "--shards", 2, "-o", "set") == 0
    out = capsys.readouterr().out
    assert out.startswith("set: 2 shards, 4 pieces, 2 that could not be written (b.mid: ")
    pieces = list(read_shards("set"))
    found = [(each.name, each.given, each.piece.seed) for each in pieces]
    assert found == [("000000", "a.mid", 4), ("000001", "a.mid", 5), ("000004", "c.mid", 4), ("000005", "c.mid", 5)]
    assert run("harmonise", tunes / "c.mid", *words[:4], "-n", 1, *words[6:], "-o", "alone.mid") == 0
    assert pieces[2].read() == Path("alone.mid").read_bytes()


def test_a_tune_that_changes_on_the_way_ends_the_run(
    folder: Path, tunes: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--checkpoint", weights, "--seed", 4, "--no-cadence", *FAST, "--shards", 3, "-o", "set"]
    assert run("harmonise", tunes, *words) == 0
    capsys.readouterr()
    (folder / "set/shard-00002.tar").unlink()
    write_midi(tune(60, 62, 64, 65), tunes / "c.mid")
    line = refusal(capsys, "harmonise", "--resume", "set", "-q")
    assert "c.mid: it was changed after the order was made; begin again in a new folder; 2 of 3 shards" in line


def test_shards_are_read_where_folders_are(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--checkpoint", weights, "--seed", 0, "--no-cadence", *FAST]
    assert run("compose", *words, "--bars", 1, "-n", 3, "--shards", 2, "-o", "set") == 0
    assert run("continue_", "set", *words, "--bars", 1, "--shards", 1, "-o", "longer") == 0
    assert run("infill", "set/shard-00000.tar", *words[:4], *FAST, "--bars", 1, "--voices", "A", "--shards", 1) == 0
    places = ["shard-00000.tar/000000.mid", "shard-00001.tar/000001.mid", "shard-00001.tar/000002.mid"]
    assert [each.given for each in read_shards("longer")] == places
    first, longer = next(read_shards("set")).piece.score, next(read_shards("longer")).piece.score
    assert len(longer.bar_starts()) == len(first.bar_starts()) + 1
    capsys.readouterr()
    assert run("evaluate", "set", "--checkpoint", weights, "-q", "--json", "--cache", folder / "cache") == 0
    assert json.loads(capsys.readouterr().out)["num_pieces"] == 3
    assert run("evaluate", "set/shard-00000.tar/000000.mid", "--checkpoint", weights, "-q", "--json") == 0
    assert json.loads(capsys.readouterr().out)["num_pieces"] == 1
    assert [each.given for each in read_shards("infilled")] == ["000000.mid"]


def test_judging_in_shards_says_what_judging_says(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--checkpoint", weights, "--seed", 0, "--no-cadence", *FAST]
    assert run("compose", *words, "--bars", 2, "-n", 3, "--shards", 2, "-o", "set") == 0
    capsys.readouterr()
    judging = ["set", "--against", "bach", "--checkpoint", weights, "-q", "--json"]
    assert run("evaluate", *judging, "--cache", folder / "cache") == 0
    plain = json.loads(capsys.readouterr().out)
    assert run("evaluate", *judging, "--cluster", "local", "--shards", 2, "-o", "judged") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["measures"].keys() == plain["measures"].keys()
    for name, row in plain["measures"].items():
        assert {key: value or 0 for key, value in report["measures"][name].items()} == pytest.approx(
            {key: value or 0 for key, value in row.items()}, rel=1e-5
        )
    grades = [piece["grade"] for piece in plain["pieces"]]
    assert report["grade"] == pytest.approx(sum(grades) / 3)
    lines = [json.loads(line) for line in (folder / "judged/manifest.jsonl").read_text().splitlines()]
    assert sum(line["grade"] * line["written"] for line in lines) == pytest.approx(sum(grades))
    (folder / "judged/shard-00001.tar").unlink()
    assert run("evaluate", "--resume", "judged", "-q") == 0
    assert (
        capsys.readouterr().out.rstrip().endswith("judged: the judgements of 3 pieces, of which the nearest are shown")
    )


def test_a_corpus_of_ones_own_is_measured_once_for_all_workers(
    folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "mine").mkdir()
    for shift in range(3):
        chords = [Note(beat * Q, Q, pitch + shift, v) for beat in range(8) for v, pitch in enumerate((72, 67, 64, 48))]
        write_midi(Score(tuple(chords), key=Key(shift)), folder / f"mine/{shift}.mid")
    words = ["mine", "--against", "mine", "--checkpoint", weights, "-q", "--cache", folder / "cache"]
    assert run("evaluate", *words, "--cluster", "local", "-o", "judged") == 0
    assert (folder / "judged/reference.npz").is_file()
    assert "judged: the judgements of 3 pieces" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("-n 10000", "--num-outputs: 10000 pieces would be as many files; add --shards N to pack them into N"),
        ("-n 2 --cluster ray", "--cluster says how shards are made; add --shards N, or leave it out"),
        ("-n 2 --shard-range 0-3", "--shard-range says how shards are made"),
        ("-n 4 --shards 4 --shard-range 0-3", "--shard-range needs --seed"),
        ("-n 2 --shards 3", "--shards: 3 shards cannot be made of 2 pieces; give 1 to 2"),
        ("-n 2 --shards 1 -o one.mid", "--output: one.mid looks like one file; shards need the name of a folder"),
        ("-n 2 --shards 1 -o a -o b", "--output: shards go to one folder, not to a and b"),
        (
            "--shards 1 --cluster dask",
            "--cluster: 'dask' is not a place to compute; give local, processes, ray or ray://",
        ),
        ("--resume set --bars 4", "'--bars' is not an option or argument of this command"),
        ("--resume nowhere", "nowhere: no order.json in it; give the folder of a run with --shards"),
        ("--resume nowhere --shards 2", "--shards: nowhere knows how many there are; leave it out"),
    ],
)
@pytest.mark.usefixtures("folder")
def test_what_does_not_go_together_is_one_line(
    words: str, line: str, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = [] if "--resume" in words else ["--checkpoint", weights, "-q"]
    assert refusal(capsys, "compose", *words.split(), *more).startswith(line)


def test_a_folder_goes_on_with_the_command_that_began_it(
    folder: Path, tunes: Path, weights: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("harmonise", tunes, "--checkpoint", weights, "--shards", 1, "-o", "set", "--no-cadence", *FAST) == 0
    capsys.readouterr()
    assert refusal(capsys, "compose", "--resume", "set").startswith("set: was begun by biaxial-harmonise; go on with")
    assert refusal(capsys, "harmonise", tunes).startswith(f"{tunes}: a folder of tunes; add --shards N")
    words = ["compose", "-n", 2, "--shards", 1, "--checkpoint", weights, "-o", "set", "-q"]
    assert refusal(capsys, *map(str, words)).startswith("set: another order was begun there; go on with it by --resume")
    assert (folder / "set/shard-00000.tar").is_file()


def test_judging_takes_what_belongs_to_it(folder: Path, weights: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_midi(tune(60, 62, 64, 65), folder / "a.mid")
    assert refusal(capsys, "evaluate", "a.mid", "--cluster", "ray").startswith(
        "--shards, --cluster and the like are for"
    )
    words = ["a.mid", "--against", "bach", "--checkpoint", weights, "-q", "--cluster", "local", "-o", "judged"]
    assert refusal(
        capsys, "evaluate", *words, "--max-failures", 0, "--max-off-grid", 0.0, "--part", "nothing"
    ).startswith("1 pieces could not be written, and --max-failures is 0")


def test_places_and_ranges_are_read() -> None:
    assert [read_cluster(text) for text in ("local", "processes", "ray", "ray://10.0.0.1:10001", "ray://[::1]:9")]
    assert (read_shard_range("0-99"), read_shard_range("7")) == (range(100), range(7, 8))
    for text in ("", "5-4", "-1", "a"):
        with pytest.raises(ValueError, match="does not say which shards"):
            read_shard_range(text)
    for text in ("Ray", "ray://", "http://head:1", "ray://head", "ray://a b:1"):
        with pytest.raises(ValueError, match="is not a place to compute"):
            read_cluster(text)


def test_a_table_of_figures_stands_beside_a_shard(folder: Path, weights: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    words = ["--bars", 1, "--seed", 3, "-n", 3, "--shards", 2, "--checkpoint", weights, "--no-cadence", *FAST]
    assert run("compose", *words, "-o", "plain") == 0
    assert run("compose", *words, "-o", "set", "-o", ".parquet") == 0
    rows = [
        row for shard in (0, 1) for row in parquet.read_table(folder / f"set/shard-0000{shard}.parquet").to_pylist()
    ]
    pieces = list(read_shards("set"))
    assert [(row["piece"], row["seed"]) for row in rows] == [(0, 3), (1, 4), (2, 5)]
    assert [row["nats"] for row in rows] == [each.piece.likelihood.nats for each in pieces]
    assert [row["num_notes"] for row in rows] == [len(each.piece.score.notes) for each in pieces]
    assert all("parallel_fifths" in row for row in rows)
