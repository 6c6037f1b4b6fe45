"""A listening test gives nothing away, and its answers are counted rightly."""

from __future__ import annotations

import importlib
import json
import re
import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import product
from math import comb
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from biaxial.formats.write import save_score
from biaxial.music.constants import VOICE_RANGES
from biaxial.music.score import Key, Note, Score, TimeSignature

Q = 480
ROOT = Path(__file__).parents[2]


def script(name: str) -> ModuleType:
    if str(ROOT) not in sys.path:
        sys.path.insert(0, str(ROOT))
    return importlib.import_module(f"scripts.listening.{name}")


def piece(seed: int, bars: int = 5) -> Score:
    """Four walks in quarters."""
    random = np.random.default_rng(seed)
    notes = []
    for voice, (low, high) in enumerate(VOICE_RANGES):
        steps = np.clip((low + high) // 2 + np.cumsum(random.integers(-2, 3, 4 * bars)), low, high)
        notes += [Note(Q * place, Q, int(pitch), voice) for place, pitch in enumerate(steps)]
    return Score(tuple(notes), key=Key(seed % 3), title=f"title{seed}", tempo_bpm=60 + seed)


def write(folder: Path, seeds: range) -> Path:
    folder.mkdir(parents=True)
    for seed in seeds:
        save_score(piece(seed), folder / f"name{seed}.mid")
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A test of five pairs and one catch pair."""
    folder = tmp_path_factory.mktemp("listening")
    write(folder / "ours", range(100, 108))
    write(folder / "corpus" / "train", range(50, 60))
    write(folder / "corpus" / "test", range(10))
    words = ["--pairs", "5", "--catches", "1", "--bars", "3", "--composer", "</script><b>A & B"]
    assert script("make").main([str(folder / "ours"), str(folder / "corpus"), str(folder / "t.html"), *words]) == 0
    return folder


def data_of(page: str) -> dict[str, Any]:
    (text,) = re.findall(r"const TEST = (.*);</script>", page)
    data: dict[str, Any] = json.loads(text)
    return data


@pytest.fixture(scope="module")
def key(folder: Path) -> dict[str, Any]:
    key: dict[str, Any] = json.loads((folder / "t.key.json").read_text())
    return key


def sheet(key: dict[str, Any], who: str, wrong: tuple[int, ...] = (), **changes: Any) -> dict[str, Any]:
    """What the page saves."""
    answers = []
    for place, pair in enumerate(key["pairs"]):
        other = "BA"["AB".index(pair["right"])]
        choice = other if place in wrong else pair["right"]
        answers.append({"choice": choice, "sure": "fairly", "preferred": other, "known": False, "heard": [9.0, 8.1]})
    found = {"format": "biaxial listening answers 1", "test": key["test"], "listener": who}
    return {**found, "experience": "player", "answers": answers, **changes}


def test_the_key_tells_the_side_that_holds_the_corpus(folder: Path, key: dict[str, Any]) -> None:
    data = data_of((folder / "t.html").read_text())
    pairs = script("pairs")
    assert data["id"] == key["test"]
    assert len(data["pairs"]) == len(key["pairs"]) == 6
    assert [pair["catch"] for pair in key["pairs"]].count(True) == 1
    for sides, pair in zip(data["pairs"], key["pairs"], strict=True):
        assert all(side["length"] == 3 * 4 * pairs.UNITS for side in sides)
        (bach,) = pairs.read_excerpts(folder / "corpus", [folder / "corpus" / f"{pair['corpus']}.mid"], 3)
        right = sides["AB".index(pair["right"])]
        assert right["notes"] == [number for note in bach.notes for number in note]
        other = sides[1 - "AB".index(pair["right"])]
        assert other["notes"] != right["notes"]
    names = [pair[side] for pair in key["pairs"] for side in ("corpus", "other")]
    assert len(set(names)) == 12


def test_the_page_says_nothing_and_fetches_nothing(folder: Path, key: dict[str, Any]) -> None:
    page = (folder / "t.html").read_text()
    data = data_of(page)
    assert set(data) == {"id", "composer", "secondsPerUnit", "pairs"}
    assert all(set(side) == {"length", "notes"} for sides in data["pairs"] for side in sides)
    for word in ("name", "title"):
        assert not re.search(rf"{word}\d", page)
    assert "random triads" not in page
    assert "{{" not in page
    assert not re.search(r"https?:|\bsrc=|@import|fetch\(", page)
    assert "default-src 'none'" in page
    assert data["composer"] == "</script><b>A & B"
    assert page.count("</script><b>") == 0
    assert "&lt;/script&gt;&lt;b&gt;A &amp; B" in page


def test_the_same_seed_makes_the_same_page(folder: Path, tmp_path: Path) -> None:
    def made(name: str, seed: str) -> Path:
        words = ["--pairs", "5", "--bars", "3", "--seed", seed]
        assert script("make").main([str(folder / "ours"), str(folder / "corpus"), str(tmp_path / name), *words]) == 0
        return tmp_path / name

    first, again, other = made("a.html", "0"), made("b.html", "0"), made("c.html", "1")
    assert first.read_bytes() == again.read_bytes()
    assert data_of(first.read_text())["id"] != data_of(other.read_text())["id"]


def test_sides_are_tossed_and_kinds_are_matched() -> None:
    pairs = script("pairs")
    others = [pairs.Excerpt(f"o{i}", replace(piece(i), key=Key(0, "minor" if i % 2 else "major"))) for i in range(40)]
    corpus = [
        pairs.Excerpt(f"c{i}", replace(piece(100 + i), key=Key(0, "minor" if i % 2 else "major"))) for i in range(60)
    ]
    rights = []
    for seed in range(20):
        drawn = pairs.draw_pairs(others, corpus, 20, 2, np.random.default_rng(seed))
        assert sum(pair.catch for pair in drawn) == 2
        assert len({pair.corpus.name for pair in drawn}) == 22
        assert all(pair.corpus.metre == pair.other.metre and pair.corpus.mode == pair.other.mode for pair in drawn)
        rights += [pair.right for pair in drawn]
    assert abs(rights.count("A") - 220) < 4 * (440 / 4) ** 0.5


def test_no_tune_comes_twice() -> None:
    pairs = script("pairs")
    others = [pairs.Excerpt("tune", piece(1)), pairs.Excerpt("moved", piece(1).transposed(3))]
    corpus = [pairs.Excerpt("set by the master", piece(1)), *(pairs.Excerpt(f"c{i}", piece(i)) for i in (5, 6))]
    assert others[0].tune == others[1].tune != corpus[1].tune
    with pytest.raises(
        ValueError, match="2 pieces of the folder and 3 of the corpus are long enough, and make 1 pairs"
    ):
        pairs.draw_pairs(others, corpus, 2, 0, np.random.default_rng(0))
    for seed in range(10):
        (pair,) = pairs.draw_pairs(others, corpus, 1, 0, np.random.default_rng(seed))
        assert pair.corpus.name in ("c5", "c6")
    with pytest.raises(ValueError, match=r"make 1 pairs .* not 1 and 2 to catch"):
        pairs.draw_pairs(others, corpus, 1, 2, np.random.default_rng(0))


def test_no_piece_stands_beside_one_of_another_metre_or_pickup() -> None:
    pairs = script("pairs")
    upbeat = [pairs.Excerpt(f"u{i}", replace(piece(i), pickup_ticks=Q)) for i in range(10)]
    triple = [pairs.Excerpt(f"t{i}", replace(piece(i), time_signatures=(TimeSignature(3, 4),))) for i in range(10, 20)]
    corpus = [pairs.Excerpt(f"c{i}", piece(i)) for i in range(20, 30)]
    corpus += [pairs.Excerpt(f"c{i}", replace(piece(i), pickup_ticks=Q)) for i in range(30, 34)]
    drawn = pairs.draw_pairs([*triple, *upbeat], corpus, 4, 0, np.random.default_rng(0))
    assert {pair.other.name[0] for pair in drawn} == {"u"}
    assert {pair.corpus.score.pickup_ticks for pair in drawn} == {Q}
    with pytest.raises(ValueError, match="make 4 pairs of one metre and pickup"):
        pairs.draw_pairs([*triple, *upbeat], corpus, 5, 0, np.random.default_rng(0))


def test_an_excerpt_hides_voices_and_has_no_ending(tmp_path: Path) -> None:
    pairs = script("pairs")
    unison = Score((Note(0, Q, 60, 1), Note(0, 2 * Q, 60, 2), Note(Q, Q, 64, 1)))
    alone = Score((Note(0, 2 * Q, 60, velocity=20), Note(Q, Q, 64)))
    assert pairs.Excerpt("", unison).notes == pairs.Excerpt("", alone).notes == [(0, 48, 60), (24, 24, 64)]
    path = tmp_path / "a.mid"
    save_score(piece(0, bars=4), path)
    assert pairs.read_excerpts(tmp_path, [path], 4) == []
    (excerpt,) = pairs.read_excerpts(tmp_path, [path], 3)
    assert excerpt.length == 3 * 96


@pytest.mark.parametrize(
    ("right", "of", "low", "high"), [(0, 10, 0.0, 0.2775), (8, 10, 0.4902, 0.9433), (10, 20, 0.2993, 0.7007)]
)
def test_the_interval_of_one_listener(right: int, of: int, low: float, high: float) -> None:
    estimates = script("estimates")
    assert estimates.wilson(right, of) == pytest.approx((low, high), abs=5e-5)
    table = np.arange(of)[None] < right
    assert estimates.interval(table, np.ones_like(table), np.random.default_rng(0)) == estimates.wilson(right, of)


def test_the_interval_of_several_allows_for_both_and_has_a_width() -> None:
    estimates = script("estimates")
    everything = np.ones((5, 20), dtype=bool)
    assert estimates.interval(everything, everything, np.random.default_rng(0)) == estimates.wilson(100, 100)
    agreed = np.tile(np.arange(20) < 10, (30, 1))  # half of the pairs told by all listeners, half by none
    low, high = estimates.interval(agreed, np.ones_like(agreed), np.random.default_rng(0))
    one = estimates.wilson(10, 20)
    assert low == pytest.approx(one.low, abs=0.03), "thirty listeners who agree are worth one"
    assert high == pytest.approx(one.high, abs=0.03)
    split = agreed.T.copy()  # half of the listeners tell all pairs, half none
    assert estimates.interval(split, np.ones_like(split), np.random.default_rng(0)) == pytest.approx(
        (low, high), abs=0.1
    )


def test_what_is_not_counted_changes_nothing() -> None:
    estimates = script("estimates")
    right = np.random.default_rng(0).random((4, 10)) < 0.5
    counts = np.arange(10)[None] < np.array([[5], [6], [7], [3]])
    found = [
        (estimates.interval(table, counts, np.random.default_rng(1)), estimates.pairs_p(table, counts))
        for table in (right & counts, right | ~counts)
    ]
    assert found[0] == found[1]


def test_exact_tests() -> None:
    estimates = script("estimates")
    assert estimates.binomial_p(14, 20) == estimates.binomial_p(6, 20) == pytest.approx(0.11532, abs=5e-6)
    assert estimates.binomial_p(10, 20) == 1
    for hits in (0, 3, 10, 17):
        one = np.arange(20)[None] < hits
        assert estimates.pairs_p(one, np.ones_like(one)) == pytest.approx(estimates.binomial_p(hits, 20))
    right = np.random.default_rng(2).random((3, 7)) < 0.7
    counts = np.ones_like(right)
    seen = abs(int(right.sum()) * 2 - 21)
    turned = [
        abs(sum((2 * int(right[:, p].sum()) - 3) * sign for p, sign in enumerate(signs)))
        for signs in product((-1, 1), repeat=7)
    ]
    assert estimates.pairs_p(right, counts) == pytest.approx(np.mean(np.array(turned) >= seen))
    agreed = np.tile(np.arange(20) < 14, (10, 1))
    assert estimates.pairs_p(agreed, np.ones_like(agreed)) == pytest.approx(estimates.binomial_p(14, 20))
    assert estimates.binomial_p(140, 200) < 1e-6


def test_power_is_counted_out() -> None:
    estimates = script("estimates")

    def plain(share: float, number: int) -> float:
        rejected = [k for k in range(number + 1) if estimates.binomial_p(k, number) <= 0.05]
        return sum(comb(number, k) * share**k * (1 - share) ** (number - k) for k in rejected)

    for share, number in ((0.6, 20), (0.7, 33), (0.5, 20), (0.8, 4), (0.3, 50)):
        assert estimates.power(share, number) == pytest.approx(plain(share, number), abs=1e-9)
    needed = estimates.answers_needed(0.7, 0.8)
    assert estimates.power(0.7, needed - 1) < 0.8
    assert all(estimates.power(0.7, number) >= 0.8 for number in range(needed, 4 * needed))


Writer = Callable[..., Path]


@pytest.fixture
def saved(key: dict[str, Any], tmp_path: Path) -> Writer:
    def write(who: str, *wrong: int, **changes: Any) -> Path:
        path = tmp_path / f"{who}{len(list(tmp_path.iterdir()))}.json"
        path.write_text(json.dumps(sheet(key, who, wrong, **changes)))
        return path

    return write


def test_answers_are_scored(
    folder: Path, key: dict[str, Any], saved: Writer, capsys: pytest.CaptureFixture[str]
) -> None:
    catch = next(place for place, pair in enumerate(key["pairs"]) if pair["catch"])
    hard, *_ = (place for place in range(6) if place != catch)
    files = [saved("a"), saved("b", hard, catch), saved("c", hard, experience="trained")]
    assert script("score").main([str(folder / "t.key.json"), *map(str, files)]) == 0
    said = capsys.readouterr().out
    assert "3 listeners, 5 pairs that count" in said
    assert "catch pairs: 2 of 3 listeners told all 1" in said
    assert "| all | 3 | 13 of 15 | 0.867 (" in said
    assert "| those who told all catch pairs | 2 | 9 of 10 | 0.900 (" in said
    assert "| experience: player | 2 | 9 of 10 | 0.900 (" in said
    low, high = script("estimates").wilson(4, 5)
    assert f"| experience: trained | 1 | 4 of 5 | 0.800 ({low:.3f} to {high:.3f}) |" in said
    assert "| sure: certain | 0 | 0 of 0 | |" in said
    first = said[said.index("taken for") :].splitlines()[2]
    assert first == f"| {key['pairs'][hard]['other']} | 2 of 3 | 3 of 3 | {key['pairs'][hard]['corpus']} |"
    assert key["pairs"][catch]["corpus"] not in said


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"test": "0123456789ab"}, 'answers of test "0123456789ab", not'),
        ({"answers": []}, "damaged (0 answers to 6 pairs); ask the listener to save it again"),
        ({"answers": 3}, "damaged (3 is no list)"),
        ({"answers": [{"choice": "C", "sure": None, "preferred": None, "known": False}] * 6}, '"C" is none of A, B'),
        ({"answers": [{"choice": None, "sure": None, "preferred": None, "known": False}] * 6}, "null is none of A, B"),
        ({"answers": [{"choice": "A", "sure": None, "known": False}] * 6}, "damaged ('preferred' is missing)"),
        ({"answers": [{"choice": ["A"], "sure": None, "preferred": None, "known": 1}] * 6}, "a list of 1 is none of"),
        ({"answers": [{"choice": "A", "sure": None, "preferred": None, "known": 1}] * 6}, "1 is neither true nor"),
        ({"answers": [7] * 6}, "damaged ("),
        ({"experience": None}, "null is none of listener, player"),
        ({"listener": ""}, "is no name"),
        ({"format": "biaxial listening key 1"}, "not a file of the format 'biaxial listening answers 1'"),
    ],
)
def test_a_damaged_file_is_refused_in_one_line(
    folder: Path, saved: Writer, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], message: str
) -> None:
    path = saved("a", **changes)
    assert script("score").main([str(folder / "t.key.json"), str(path)]) == 2
    said = capsys.readouterr().err
    assert message in said
    assert said.startswith(f"score: {path}: ")
    assert said.count("\n") == 1


def test_torn_and_doubled_files_are_refused(folder: Path, saved: Writer, capsys: pytest.CaptureFixture[str]) -> None:
    keys, score = str(folder / "t.key.json"), script("score").main
    one, two = saved("a"), saved("a", 1)
    assert score([keys, str(one), str(two)]) == 2
    assert f"{two}: by the same listener as {one}; keep one of the two" in capsys.readouterr().err
    one.write_text(one.read_text()[:200])
    assert score([keys, str(one)]) == 2
    assert "not a JSON document" in capsys.readouterr().err
    assert score([str(two), str(two)]) == 2
    assert "give the .key.json file that was written beside the page" in capsys.readouterr().err


def test_making_refuses_in_one_line(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str, out: str = "a.html") -> str:
        capsys.readouterr()
        given = [str(folder / "ours"), str(folder / "corpus"), str(tmp_path / out), "--bars", "3", *words]
        assert script("make").main(given) == 2
        return capsys.readouterr().err.splitlines()[-1]

    assert "8 pieces of the folder and 20 of the corpus are long enough, and make 8 pairs" in said("--pairs", "9")
    assert "end its name in .html" in said("--pairs", "2", out="a.htm")
    assert "--tempo 5" in said("--tempo", "5")
    assert "0 pieces of the folder" in said("--pairs", "1", "--bars", "5")
    assert "at least 1" in said("--pairs", "0")
    assert list(tmp_path.iterdir()) == []


def test_the_command_of_power(capsys: pytest.CaptureFixture[str]) -> None:
    assert script("power").main(["--share", "0.7"]) == 0
    assert "answers tell 0.7 from 0.5 with power 0.8" in capsys.readouterr().out
    assert script("power").main(["--share", "0.5"]) == 2
    assert "--share 0.5: give" in capsys.readouterr().err
