// Names and places as musicians have them, and the clock of the sound.

import assert from "node:assert/strict";
import { test } from "node:test";
import { emptyDocument, written } from "../../../biaxial/studio/page/document.js";
import * as music from "../../../biaxial/studio/page/music.js";
import { pitchWindow } from "../../../biaxial/studio/page/roll.js";
import { ofNote, ofSpan } from "../../../biaxial/studio/page/selection.js";
import { gains, positionAfter, secondsAt, soundingAt, stepAt } from "../../../biaxial/studio/page/sound.js";

test("pitches are spelled as their key has them", () => {
  const names = (pitches, key) => pitches.map((pitch) => music.pitchName(pitch, key)).join(" ");
  assert.equal(names([60, 61, 63, 66, 68, 70], "C major"), "C4 C♯4 E♭4 F♯4 G♯4 B♭4");
  assert.equal(names([61, 63, 66, 68, 70, 71], "Gb major"), "D♭4 E♭4 G♭4 A♭4 B♭4 C♭5");
  assert.equal(names([68, 73, 75], "A minor"), "G♯4 C♯5 E♭5");
  assert.equal(names([60, 65, 71], "F# major"), "B♯3 E♯4 B4");
  assert.equal(music.spokenPitch(66, "G major"), "F sharp 4");
  for (const key of music.KEYS) {
    for (let pitch = 24; pitch < 96; pitch += 1) assert.match(music.pitchName(pitch, key), /^[A-G](♯{1,2}|♭{1,2})?\d$/);
  }
});

test("a name gives back its pitch", () => {
  const steps = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 };
  for (const key of music.KEYS) {
    for (let pitch = 24; pitch < 96; pitch += 1) {
      const [, letter, signs, octave] = /^(.)([♯♭]*)(\d)$/.exec(music.pitchName(pitch, key));
      const shift = [...signs].reduce((sum, sign) => sum + (sign === "♯" ? 1 : -1), 0);
      assert.equal(12 * (Number(octave) + 1) + steps[letter] + shift, pitch);
    }
  }
});

test("there are 26 keys of at most six signs", () => {
  assert.equal(new Set(music.KEYS).size, 26);
  assert.deepEqual(["C major", "A minor", "Eb major", "F# minor", null].map(music.fifthsOf), [0, 0, -3, 3, 0]);
  assert.ok(music.KEYS.every((key) => Math.abs(music.fifthsOf(key)) <= 6));
});

test("places are bars and beats, the pickup is bar 0 and ends as a bar does", () => {
  const document = emptyDocument({ pickup: 4, length: 64 });
  assert.deepEqual(music.placeOf(document, 0), { bar: 0, beat: 4 });
  assert.deepEqual(music.placeOf(document, 4), { bar: 1, beat: 1 });
  assert.deepEqual(music.placeOf(document, 30), { bar: 2, beat: 3.5 });
  assert.equal(music.placeWords(document, 1), "pickup, beat 4.25");
});

test("a note and a selection are said in words", () => {
  const document = { ...written(emptyDocument({ key: "G major", length: 32 }), { voice: 0, onset: 16, duration: 6, pitch: 66 }), fermatas: [16] };
  assert.equal(music.noteWords(document, document.notes[0]), "F sharp 4, dotted quarter, bar 2, beat 1, yours, locked, fermata");
  assert.equal(music.selectionWords(document, ofNote(document.notes[0])), "Soprano F♯4, bar 2, beat 1");
  assert.equal(music.selectionWords(document, ofSpan(0, 32)), "Bars 1–2, all voices");
  assert.equal(music.selectionWords(document, ofSpan(16, 32, [1, 2])), "Bar 2, Alto, Tenor");
  assert.match(music.selectionWords(document, ofSpan(4, 12)), /^Bar 1, beat 2 to bar 1, beat 3.75, all voices$/);
});

test("chord symbols are lines, and lines are chord symbols", () => {
  const document = emptyDocument({ pickup: 4, length: 68 });
  const text = "0:4 G\n1:1 C\n2:3.5 D7/F#";
  const chords = music.chordsFrom(document, text);
  assert.deepEqual(chords, [{ onset: 0, name: "G" }, { onset: 4, name: "C" }, { onset: 30, name: "D7/F#" }]);
  assert.equal(music.chordText({ ...document, chords }), text);
  assert.deepEqual(music.chordsFrom(document, "3 Am"), [{ onset: 36, name: "Am" }]);
  for (const wrong of ["C", "9:1 C", "1:7 C", "0:1 C", "one:1 C"]) assert.throws(() => music.chordsFrom(document, wrong), /“/);
});

test("seconds and steps are each other's inverse along the table", () => {
  const table = { steps: [0, 16, 32], times: [0, 3, 7] };
  assert.deepEqual([0, 8, 16, 24, 40].map((step) => secondsAt(table, step)), [0, 1.5, 3, 5, 7]);
  for (let step = 0; step <= 32; step += 1) assert.ok(Math.abs(stepAt(table, secondsAt(table, step)) - step) < 1e-9);
});

test("a loop comes round, other sound goes on", () => {
  assert.equal(positionAfter(5, 1, null), 6);
  assert.equal(positionAfter(1, 1, { start: 1, end: 3 }), 2);
  assert.equal(positionAfter(5.5, 1, { start: 1, end: 3 }), 2.5);
  assert.equal(positionAfter(-1, 1, null), 1);
  assert.equal(positionAfter(9, 1, { start: 2, end: 2 }), 10);
});

test("what sounds is what has begun and not ended", () => {
  const notes = [{ note: "a", start: 0, end: 1 }, { note: "b", start: 1, end: 2 }];
  assert.deepEqual(soundingAt({ notes }, 1), ["b"]);
  assert.deepEqual(soundingAt({ notes }, 0.999), ["a"]);
});

test("a solo voice is alone, a muted one silent even so", () => {
  const off = [false, false, false, false];
  assert.deepEqual(gains(off, off), [1, 1, 1, 1]);
  assert.deepEqual(gains([true, false, false, false], off), [0, 1, 1, 1]);
  assert.deepEqual(gains([true, false, false, false], [true, false, true, false]), [0, 0, 1, 0]);
});

test("the roll has room for two octaves and every note", () => {
  assert.deepEqual(pitchWindow([]), { low: 45, high: 75 });
  const { low, high } = pitchWindow([{ pitch: 0 }, { pitch: 127 }]);
  assert.deepEqual([low, high], [0, 127]);
  assert.ok(pitchWindow([{ pitch: 60 }]).high - pitchWindow([{ pitch: 60 }]).low >= 28);
});
