"""Pieces as sound: duration, loudness, peak, pitch, repeated notes, files, and what cannot be played."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from biaxial.music.errors import InputError
from biaxial.music.repeats import Repeat
from biaxial.music.score import Note, Score
from biaxial.render.audio import (
    FORMATS,
    INSTRUMENTS,
    MAX_SECONDS,
    PLACES,
    SOUNDFONT,
    fallbacks,
    played,
    render_audio,
    render_stems,
    save_audio,
)
from biaxial.render.sound.loudness import PEAK_DBFS, TARGET_LUFS, loudness
from biaxial.render.sound.sampler import Sampler, Struck
from biaxial.render.sound.soundfont import SoundFont
from tests.render.conftest import WriteFont

RATE = 44100
CHORDS = ((72, 67, 64, 48), (74, 67, 62, 47), (76, 67, 60, 48), (74, 65, 59, 43), (72, 67, 64, 48))
CADENCE = Score(
    tuple(
        Note(480 * beat, 480, pitch, voice) for beat, chord in enumerate(CHORDS) for voice, pitch in enumerate(chord)
    ),
    tempo_bpm=100.0,
    fermatas=(960, 1920),
)


def seconds(frames: NDArray[np.float32]) -> float:
    return len(frames) / RATE


def level(frames: NDArray[np.float32], start: float, end: float) -> float:
    return float(10 * np.log10(np.square(frames[round(start * RATE) : round(end * RATE)]).mean() + 1e-20))


def true_peak(frames: NDArray[np.float32]) -> float:
    fine = np.fft.irfft(np.fft.rfft(frames.T), 4 * len(frames)) * 4
    return float(20 * np.log10(np.abs(fine).max()))


@pytest.fixture(scope="module")
def sounds() -> Mapping[str, NDArray[np.float32]]:
    return {name: render_audio(CADENCE, instrument=name) for name in INSTRUMENTS}


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_loudness_peak_and_offset(sounds: Mapping[str, NDArray[np.float32]], name: str) -> None:
    frames = sounds[name]
    assert frames.dtype == np.float32
    assert frames.shape[1:] == (2,)
    assert loudness(np.ascontiguousarray(frames.T), RATE) == pytest.approx(TARGET_LUFS, abs=0.1)
    assert 20 * np.log10(np.abs(frames).max()) <= PEAK_DBFS
    assert true_peak(frames[: 8 * RATE]) <= PEAK_DBFS
    assert np.abs(frames.mean(axis=0)).max() < 1e-3


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_it_begins_at_once_and_dies_away(sounds: Mapping[str, NDArray[np.float32]], name: str) -> None:
    frames = sounds[name]
    loudest = max(level(frames, at, at + 0.2) for at in np.arange(0, 3, 0.1))
    assert level(frames, 0.0, 0.2) > loudest - 15
    assert not frames[-1].any()
    assert level(frames, seconds(frames) - 0.05, seconds(frames)) < loudest - 55
    assert np.abs(np.diff(frames[-RATE // 2 :], axis=0)).max() < 0.01


def test_fermatas_and_the_end_take_time_unless_the_tempo_is_strict(sounds: Mapping[str, NDArray[np.float32]]) -> None:
    strict = render_audio(CADENCE, strict_tempo=True)
    assert CADENCE.duration_seconds < seconds(strict) < CADENCE.duration_seconds + 3
    plain = render_audio(replace(CADENCE, fermatas=None))
    assert 0.4 < seconds(plain) - seconds(strict) < 1.5
    assert 0.5 < seconds(sounds["organ"]) - seconds(plain) < 1.2  # two fermatas of half a beat, one of them slowed


def test_both_sides_sound_alike_and_are_not_the_same(sounds: Mapping[str, NDArray[np.float32]]) -> None:
    for frames in sounds.values():
        left, right = (level(side, 0, 3) for side in frames.T)
        assert abs(left - right) < 2
        assert np.asarray(np.corrcoef(frames[: 3 * RATE].T))[0, 1] < 0.95


def test_the_soprano_stands_on_the_left_and_the_bass_on_the_right() -> None:
    balance = []
    for voice in (0, 3, None):
        left, right = render_audio(Score(tuple(Note(240 * step, 240, 54 + step, voice) for step in range(13)))).T
        balance.append(level(left, 0, 4) - level(right, 0, 4))
    assert balance[0] > 2
    assert balance[1] < -2
    assert abs(balance[2]) < 1.5


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=() if name == "organ" else pytest.mark.slow) for name in INSTRUMENTS]
)
def test_every_key_is_in_tune(name: str) -> None:
    font = SoundFont(SOUNDFONT)
    sampler = Sampler(font, font.zones(0, INSTRUMENTS[name].program), RATE)
    off = []
    for pitch in range(36, 85):
        mix = np.zeros((2, 5 * RATE), np.float32)
        sampler.play([Struck(0, 4.5, pitch)], mix)
        off.append(out_of_tune([side[RATE // 4 : 17 * RATE // 4] for side in mix], pitch))
    assert np.abs(off).max() < 2.0


def out_of_tune(sides: Sequence[NDArray[np.float32]], pitch: int) -> float:
    """Cents by which the strongest of four partials lies beside the pitch, its centre taken over 45 cents each way."""
    size = 1 << 20
    power = np.sum([np.square(np.abs(np.fft.rfft(side * np.hanning(len(side)), size))) for side in sides], axis=0)
    places = np.arange(len(power)) * RATE / size
    found = []
    for partial in range(1, 5):
        wanted = 440 * 2 ** ((pitch - 69) / 12) * partial
        near = np.abs(1200 * np.log2(np.maximum(places, 1) / wanted)) < 45
        centre = np.average(places[near], weights=power[near])
        found.append((power[near].sum(), 1200 * np.log2(centre / wanted)))
    weights, cents = zip(*found, strict=True)
    return float(np.average(cents, weights=weights))


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_repeated_note_is_heard_as_repeated(name: str) -> None:
    dips: dict[bool, list[float]] = {True: [], False: []}
    for pitch in (48, 55, 60, 67, 72):
        four = Score(tuple(Note(480 * beat, 480, pitch, 0) for beat in range(4)), tempo_bpm=80.0)
        one = Score((Note(0, 1920, pitch, 0),), tempo_bpm=80.0)
        for score in (four, one):
            frames = render_audio(score, instrument=name, strict_tempo=True)
            for beat in (0.75, 1.5, 2.25):
                before = level(frames, beat - 0.4, beat - 0.15)
                lowest = min(level(frames, beat + at, beat + at + 0.02) for at in np.arange(-0.08, 0.06, 0.01))
                dips[score is four].append(before - lowest)
    assert np.median(dips[True]) > 6
    assert np.median(dips[True]) > np.median(dips[False]) + 4


def test_only_a_note_that_its_own_voice_repeats_is_cut_short() -> None:
    same = [Note(0, 480, 60, 0), Note(480, 480, 60, 0)]
    other = [Note(0, 480, 64, 1), Note(480, 480, 64, 2)]
    rest = [Note(0, 400, 67, 3), Note(480, 480, 67, 3)]
    struck = played(Score((*same, *other, *rest), tempo_bpm=60.0), INSTRUMENTS["organ"], strict_tempo=True)
    cut = {(note.pitch, note.start_seconds): round(note.end_seconds, 3) for note in struck if note.choked}
    assert cut == {(60, 0.0): 0.9}
    assert [round(note.end_seconds, 3) for note in struck if note.pitch != 60] == [1.0, 0.833, 2.0, 2.0]


@pytest.mark.parametrize("name", INSTRUMENTS)
def test_a_unison_sounds_as_two(name: str) -> None:
    instrument = INSTRUMENTS[name]
    both = played(Score((Note(0, 1920, 60, 0), Note(0, 1920, 60, 1))), instrument)
    assert both[0].cents - both[1].cents == 2 * instrument.spread_cents
    font = SoundFont(SOUNDFONT)
    levels = []
    for notes in (both[:1], both):
        mix = np.zeros((2, 2 * RATE), np.float32)
        Sampler(font, font.zones(0, instrument.program), RATE).play(notes, mix)
        levels.append(level(mix.T, 0, 2))
    assert 1.5 < levels[1] - levels[0] < 6


def test_voices_stand_apart_and_the_outer_ones_are_louder() -> None:
    assert len({place.pan for place in PLACES}) == 4
    assert sum(place.pan for place in PLACES) == pytest.approx(0)
    assert min(PLACES[0].gain_db, PLACES[3].gain_db) > max(PLACES[1].gain_db, PLACES[2].gain_db)


def test_music_without_voices_and_pitches_at_the_ends() -> None:
    frames = render_audio(Score((Note(0, 480, 0), Note(0, 480, 127), Note(480, 480, 60))))
    assert np.isfinite(frames).all()
    assert level(frames, 0, 0.5) > -60


def test_one_very_short_note() -> None:
    frames = render_audio(Score((Note(0, 1, 60),)))
    assert 0 < np.abs(frames).max() <= 10 ** (PEAK_DBFS / 20)


def test_a_rest_sounds_as_long_as_it_is_written() -> None:
    silent = render_audio(Score(length_ticks=4800, tempo_bpm=60.0))
    assert silent.shape == (10 * RATE, 2)
    assert not silent.any()
    assert seconds(render_audio(Score((Note(0, 480, 60),), length_ticks=9600, tempo_bpm=60.0))) >= 20


def test_the_same_piece_gives_the_same_sound(sounds: Mapping[str, NDArray[np.float32]]) -> None:
    np.testing.assert_array_equal(render_audio(CADENCE), sounds["organ"])


def test_another_sample_rate(sounds: Mapping[str, NDArray[np.float32]]) -> None:
    frames = render_audio(CADENCE, sample_rate=22050)
    assert len(frames) == pytest.approx(len(sounds["organ"]) / 2, rel=0.05)


def test_a_soundfont_of_ones_own_with_a_single_preset(write_font: WriteFont) -> None:
    frames = render_audio(CADENCE, soundfont=str(write_font(program=7)))
    assert loudness(np.ascontiguousarray(frames.T), RATE) == pytest.approx(TARGET_LUFS, abs=0.1)


@pytest.mark.parametrize("suffix", FORMATS)
def test_files(tmp_path: Path, sounds: Mapping[str, NDArray[np.float32]], suffix: str) -> None:
    path = tmp_path / f"piece{suffix.upper()}"
    save_audio(CADENCE, path)
    frames, rate = soundfile.read(path)
    assert (rate, soundfile.info(path).format) == (RATE, FORMATS[suffix][0])
    assert len(frames) == len(sounds["organ"])
    difference = np.sqrt(np.square(frames - sounds["organ"]).mean())
    assert difference < (0.01 if suffix == ".ogg" else 2e-5)
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.slow
def test_a_long_ogg_file(tmp_path: Path) -> None:  # given to the encoder at once, this much ends the process
    notes = tuple(Note(9600 * beat, 9600, 60) for beat in range(20))
    save_audio(Score(notes, tempo_bpm=60.0), tmp_path / "long.ogg", sample_rate=8000)
    assert soundfile.info(tmp_path / "long.ogg").duration > 400


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"instrument": "flute"}, "no instrument 'flute'; choose one of organ, choir, piano, strings"),
        ({"sample_rate": 10}, "8000 to 192000 frames a second, not 10"),
        ({"score": Score()}, "the piece has no length"),
        ({"score": replace(CADENCE, tempo_bpm=0.01)}, f"at most {MAX_SECONDS // 60}"),
    ],
)
def test_what_cannot_be_played(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        render_audio(**{"score": CADENCE, **options})  # type: ignore[arg-type]
    assert "\n" not in str(caught.value)


def test_an_instrument_that_the_soundfont_lacks(tmp_path: Path) -> None:
    data = SOUNDFONT.read_bytes()
    heads = data.index(b"phdr") + 8
    changed = bytearray(data)
    changed[heads + 38 + 20] = 99  # the program of the second preset, the organ
    (tmp_path / "other.sf3").write_bytes(changed)
    with pytest.raises(InputError, match=r"no preset 0:19 in this soundfont; it has Grand Piano \(0:0\), Church Organ"):
        render_audio(CADENCE, soundfont=tmp_path / "other.sf3")


def test_a_suffix_that_is_no_sound(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"piece\.mp3: sound files end in \.flac, \.wav, \.ogg"):
        save_audio(CADENCE, tmp_path / "piece.mp3")


def test_nothing_of_it_is_imported_unless_asked_for() -> None:
    program = "import sys, biaxial, biaxial.render.audio; print('soundfile' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_what_is_repeated_sounds_again() -> None:
    once = render_audio(replace(CADENCE, fermatas=()), strict_tempo=True)
    repeated = replace(CADENCE, fermatas=(), repeats=(Repeat(0, CADENCE.length_ticks),))
    again = render_audio(repeated, strict_tempo=True)
    added = CADENCE.length_ticks / 480 * 60 / CADENCE.tempo_bpm
    assert seconds(again) == pytest.approx(seconds(once) + added, abs=0.05)


@pytest.mark.parametrize("instrument", ["organ", "piano", "choir"])
def test_stems_add_up_to_the_piece(instrument: str) -> None:
    lines = ((72, 74, 76), (67, 65, 67), (64, 62, 60), (48, 50, 52))
    notes = [Note(i * 480, 480, pitch, voice) for voice, line in enumerate(lines) for i, pitch in enumerate(line)]
    score = Score(tuple(notes), fermatas=(480,))
    whole, stems = render_audio(score, instrument=instrument), render_stems(score, instrument=instrument)
    assert {stem.shape for stem in stems} == {whole.shape}
    assert np.abs(np.sum(stems, axis=0) - whole).max() < 1e-5
    for voice, stem in enumerate(stems):  # each has its own voice, room and all, and no other
        others = Score(tuple(note for note in notes if note.voice != voice), fermatas=(480,))
        silent = render_stems(others, instrument=instrument)[voice]
        assert np.abs(stem).max() > 0.02
        assert not silent.any()


def test_each_voice_sounds_as_its_instrument_or_the_nearest_that_there_is() -> None:
    solo = replace(CADENCE, notes=CADENCE.voice_notes(0))
    piano = render_audio(solo, instruments=("piano",))
    np.testing.assert_allclose(piano, render_audio(solo, instrument="piano"), atol=1e-6)
    quartet = render_audio(CADENCE, instruments=("violin", "violin", "viola", "cello"))
    np.testing.assert_allclose(quartet, render_audio(CADENCE, instrument="strings"), atol=1e-6)
    mixed = render_audio(CADENCE, instruments=("piano", "strings"))
    assert mixed.shape[1] == 2
    assert not np.array_equal(mixed[:RATE], quartet[:RATE])
    assert fallbacks(("violin", "piano")) == {"violin": "strings"}
    with pytest.raises(InputError, match="no instrument 'kazoo'"):
        render_audio(CADENCE, instruments=("kazoo",))


def test_a_loud_note_is_louder() -> None:
    notes = (Note(0, 480, 60, 0, 112), Note(960, 480, 60, 0, 33))
    frames = render_audio(Score(notes, tempo_bpm=60.0), strict_tempo=True)
    fall = level(frames, 0.2, 0.8) - level(frames, 2.2, 2.8)
    assert fall == pytest.approx(40 * np.log10(112 / 33), abs=1.0)


def test_played_as_people_play_it_takes_longer_and_a_strict_tempo_does_not() -> None:
    plain, human = render_audio(CADENCE), render_audio(CADENCE, humanise=1.0)
    assert 0 < seconds(human) - seconds(plain) < 0.5
    strict = render_audio(CADENCE, humanise=1.0, strict_tempo=True)
    assert seconds(strict) == pytest.approx(seconds(render_audio(CADENCE, strict_tempo=True)), abs=0.2)
    assert not np.array_equal(strict[: RATE // 2], render_audio(CADENCE, strict_tempo=True)[: RATE // 2])
