"""Inputs of the fuzzer: kinds of files with their readers and mutations, whole files, and one damaged by its number."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import numpy as np
import torch

from biaxial.corpora.bach_chorales import read_chorale
from biaxial.corpora.benchmark_frames import read_frames
from biaxial.corpora.corpus import Corpus
from biaxial.corpora.splits import SPLITS, FolderItem
from biaxial.formats.json_score import score_to_dict
from biaxial.formats.melody_file import read_melody
from biaxial.formats.midi.midi_writer import midi_bytes
from biaxial.formats.read import read_score
from biaxial.models.biaxial import BiaxialLSTM
from biaxial.models.config import PRESETS
from biaxial.music.grid import Grid
from biaxial.music.roll import Roll
from biaxial.music.score import Score
from biaxial.weights import load_weights, pretrained_path, save_weights
from scripts.drills.mutate_any import (
    Draw,
    Mutate,
    deleted,
    flipped,
    inserted,
    lines,
    nothing,
    numbered,
    repeated,
    truncated,
    words,
)
from scripts.drills.mutate_arrays import npy_header, npz_array, weights_header, weights_values
from scripts.drills.mutate_json import json_many, json_nested, json_value
from scripts.drills.mutate_midi import midi_event, midi_header, midi_size
from scripts.drills.mutate_notation import abc_piece, kern_piece
from scripts.drills.mutate_xml import xml_encoded, xml_entities, xml_many, xml_nested, xml_piece
from scripts.drills.mutate_zip import inside, members_of, zip_bomb, zip_members


@dataclass(frozen=True)
class Kind:
    """A kind of file: how often it comes, what is done to it, and what reads it."""

    suffix: str
    share: int
    mutations: tuple[Mutate, ...]
    read: Callable[[Path, int], Any]


def read_music(path: Path, index: int) -> Any:
    """Read a file by its suffix, in turns as a score and as a melody."""
    return read_score(path) if index % 2 else read_melody(path).score


ANY: tuple[Mutate, ...] = (truncated, flipped, flipped, inserted, deleted, repeated, words, nothing)
XML: tuple[Mutate, ...] = (xml_entities, xml_piece, xml_piece, xml_nested, xml_encoded, xml_many, numbered, numbered)
JSON: tuple[Mutate, ...] = (json_value, json_value, json_value, json_value, json_nested, json_many, numbered)
MIDI: tuple[Mutate, ...] = (midi_header, midi_size, midi_event, midi_event, midi_event)
KINDS: Final[dict[str, Kind]] = {
    "MIDI": Kind(".mid", 20, ANY + MIDI, read_music),
    "MusicXML": Kind(".musicxml", 11, (*ANY, lines, *XML), read_music),
    "packed": Kind(".mxl", 9, (*ANY, zip_bomb, zip_members, zip_members, *map(inside, (*ANY, *XML))), read_music),
    "kern": Kind(".krn", 10, (*ANY, lines, numbered, kern_piece, kern_piece, kern_piece), read_music),
    "ABC": Kind(".abc", 15, (*ANY, lines, numbered, numbered, abc_piece, abc_piece, abc_piece), read_music),
    "document": Kind(".json", 10, (*ANY, *JSON), read_music),
    "frames": Kind(".json", 10, (*ANY, *JSON), lambda path, _: read_frames(path)),
    "corpus": Kind(
        ".npz", 5, (*ANY, zip_bomb, zip_members, npy_header, npz_array, npz_array), lambda path, _: Corpus.load(path)
    ),
    "weights": Kind(
        ".safetensors",
        10,
        (*ANY, weights_header, weights_header, weights_header, weights_values),
        lambda path, _: load_weights(path),
    ),
}
SUFFIXES = tuple({kind.suffix: None for kind in KINDS.values()})
TUNES = (
    "X:1\nT:Air\nM:3/4\nL:1/8\nQ:1/4=100\nK:Ddor\n"
    'A2 | "Dm"d2 e2 f2- | f2 "C/E"(3efg !fermata!a2 |\n"Bb7"[FA]2 z2 d2 |: HA4 :|\n',
    'X:1\nM:4/4\nL:1/4\nV:1 name="S"\nV:2 clef=bass\nK:G\n'
    "V:1\nG>A B/c/ d | Z2 |]\n[V:2] G,, D, G,2 | [M:3/4] {ag}F3 | (5ABcde x2 |\n",
)


def make_seeds() -> dict[str, list[bytes]]:
    """Whole files of every kind, small."""
    from music21 import corpus

    music = Path(corpus.__file__).parent
    chorales = [_two_bars(read_chorale(music / "bach" / f"{name}.mxl")) for name in ("bwv66.6", "bwv125.6")]
    packed = [
        (music / "demos" / "ComprehensiveChordSymbolsTestFile.mxl"),
        music / "theoryExercises" / "TriadExercise.mxl",
    ]
    packed += [music / "demos" / "chord_realization_exercise.mxl", music / "bach" / "bwv125.6.mxl"]
    rolls = [Roll.from_score(score, Grid(), 0, 128) for score in chorales]
    frames = [[[note.pitch for voice in range(4) for note in score.voice_notes(voice)[:1]]] * 4 for score in chorales]
    sounding = [[np.flatnonzero(frame).tolist() for frame in roll.states[::4]] for roll in rolls]
    unpacked = [content for path in packed for name, content in members_of(path.read_bytes()) if "META" not in name]
    torch.manual_seed(0)
    network, made = BiaxialLSTM(PRESETS["tiny"]), load_weights(pretrained_path())[1]
    with tempfile.TemporaryDirectory() as folder:
        items = [FolderItem(f"p{i}", split, chorales[i % 2]) for i, split in enumerate(SPLITS)]
        Corpus.from_items(items, Grid()).save(Path(folder) / "c.npz")
        for dtype in (torch.float16, torch.float32):
            save_weights(Path(folder) / f"{dtype}.safetensors", network, made, dtype)
        binary = {path.name: path.read_bytes() for path in Path(folder).iterdir()}
    return {
        "MIDI": [midi_bytes(score) for score in chorales],
        "MusicXML": [*unpacked, (music / "demos" / "two-voices.xml").read_bytes()],
        "packed": [path.read_bytes() for path in packed],
        "kern": [(music / "palestrina" / f"{name}.krn").read_bytes() for name in ("Credo_67_e", "Gloria_16_b")],
        "ABC": [*map(str.encode, TUNES), (music / "ryansMammoth" / "PaddyMilesFricasseeReel.abc").read_bytes()],
        "document": [json.dumps(score_to_dict(score)).encode() for score in chorales],
        "frames": [json.dumps(value).encode() for value in ({"train": frames, "valid": [], "test": frames}, sounding)],
        "corpus": [binary["c.npz"]],
        "weights": [binary[f"{dtype}.safetensors"] for dtype in (torch.float16, torch.float32)],
    }  # fmt: skip


def _two_bars(score: Score) -> Score:
    end = 8 * score.ticks_per_quarter
    return replace(score, notes=tuple(n for n in score.notes if n.end_ticks <= end), length_ticks=end, fermatas=(480,))


def make_input(seeds: dict[str, list[bytes]], seed: int, index: int) -> tuple[str, str, str, bytes | None]:
    """Kind, mutation, suffix and content of an input; no content makes a folder."""
    draw = Draw(f"{seed},{index}")
    name = draw.choices(list(seeds), [KINDS[name].share for name in seeds])[0]
    kind = KINDS[name]
    data = draw.choice(seeds[name])
    chance = draw.random()
    if chance < 0.005:
        return name, "folder", kind.suffix, None
    if chance < 0.02:
        other = draw.choice([key for key in seeds if key != name] or [name])
        return name, f"is {other}", kind.suffix, draw.choice(seeds[other])
    mutate = draw.choice(kind.mutations)
    data = mutate(data, draw)
    if draw.random() < 0.15:
        data = draw.choice(ANY)(data, draw)
    return name, mutate.__name__, kind.suffix, data
