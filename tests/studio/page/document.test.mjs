// The pure functions of the page's documents: what they change, and that they change nothing else.

import assert from "node:assert/strict";
import { test } from "node:test";
import * as edit from "../../../biaxial/studio/page/document.js";

/** A piece of two bars: a tune that is the user's, a free bass. */
function piece() {
  const notes = [60, 62, 64, 65].flatMap((pitch, n) => [
    { id: `n0-${n}`, voice: 0, onset: 8 * n, duration: 8, pitch: pitch + 12, lock: true, from: "you" },
    { id: `m3-${n}`, voice: 3, onset: 8 * n, duration: 8, pitch: pitch - 12, lock: false, from: "machine" },
  ]);
  return edit.emptyDocument({ notes, length: 32, key: "C major", title: "A piece" });
}

function deepFreeze(value) {
  if (value && typeof value === "object") Object.values(Object.freeze(value)).forEach(deepFreeze);
  return value;
}

const ids = (document) => document.notes.map((note) => note.id);

test("a note that is written is the user's, locked, and others of its voice make room", () => {
  const document = deepFreeze(piece());
  const after = edit.written(document, { voice: 3, onset: 4, duration: 8, pitch: 40 });
  const bass = after.notes.filter((note) => note.voice === 3).map(({ onset, duration, pitch }) => [onset, duration, pitch]);
  assert.deepEqual(bass, [[0, 4, 48], [4, 8, 40], [16, 8, 52], [24, 8, 53]]);
  const made = after.notes.find((note) => note.onset === 4);
  assert.deepEqual([made.lock, made.from], [true, "you"]);
  assert.deepEqual(after.notes.filter((n) => n.voice === 0), document.notes.filter((n) => n.voice === 0));
});

test("a note after the end makes the piece longer, one outside of music changes nothing", () => {
  const document = deepFreeze(piece());
  assert.equal(edit.written(document, { voice: 1, onset: 40, duration: 4, pitch: 60 }).length, 44);
  for (const place of [{ onset: -1, pitch: 60 }, { onset: 0, pitch: 128 }, { onset: 0, pitch: -1 }]) {
    assert.equal(edit.written(document, { voice: 1, duration: 4, ...place }), document);
  }
});

test("without its last notes a piece ends sooner, and nothing stands behind its end", () => {
  const document = deepFreeze({ ...piece(), chords: [{ onset: 0, name: "C" }, { onset: 24, name: "F" }], fermatas: [24] });
  const after = edit.removed(document, ["n0-3", "m3-3"]);
  assert.deepEqual([after.length, after.chords, after.fermatas], [24, [{ onset: 0, name: "C" }], null]);
  assert.equal(edit.removed(document, ["nobody"]), document);
  const rests = deepFreeze({ ...piece(), length: 48 });
  assert.equal(edit.removed(rests, ["n0-3", "m3-3"]).length, 48);
});

test("notes move together, as far as nothing is in their way", () => {
  const document = deepFreeze(piece());
  assert.deepEqual(edit.nudged(document, ["m3-0", "m3-1"], { pitch: 2 }).notes.filter((n) => n.voice === 3).map((n) => n.pitch), [50, 52, 52, 53]);
  assert.equal(edit.nudged(document, ["m3-0"], { steps: 1 }), document);
  assert.equal(edit.nudged(document, ["m3-0"], { steps: -1 }), document);
  assert.equal(edit.nudged(document, ["m3-0"], { pitch: 100 }), document);
  const last = edit.nudged(document, ["m3-3"], { steps: 3 });
  assert.deepEqual([last.length, last.notes.at(-1).onset, last.notes.at(-1).from], [35, 27, "you"]);
});

test("a note becomes longer up to the next one of its voice, never shorter than a step", () => {
  const document = deepFreeze(piece());
  assert.equal(edit.lengthened(document, ["m3-0"], 1), document);
  assert.equal(edit.lengthened(document, ["m3-3"], 2).length, 34);
  const short = edit.lengthened(document, ["m3-0"], -20);
  assert.equal(short.notes.find((n) => n.id === "m3-0").duration, 1);
  assert.equal(edit.lengthened(short, ["m3-0"], -1), short);
});

test("locks, pitches, fermatas and what is forbidden change what they name", () => {
  const document = deepFreeze(piece());
  const locked = edit.withLock(document, ["m3-0"], true);
  assert.deepEqual(locked.notes.map((n, i) => n.lock !== document.notes[i].lock), [false, true, ...Array(6).fill(false)]);
  assert.equal(edit.withLock(locked, ["m3-0"], true), locked);
  const pitch = edit.repitched(document, "m3-1", 43).notes.find((n) => n.id === "m3-1");
  assert.deepEqual([pitch.pitch, pitch.lock, pitch.from], [43, true, "you"]);
  const twice = edit.withFermata(edit.withFermata(document, 24), 8);
  assert.deepEqual(twice.fermatas, [8, 24]);
  assert.equal(edit.withFermata(edit.withFermata(twice, 8), 24).fermatas, null);
  const forbid = { first: 0, end: 8, pitch: 48, voice: 3 };
  const forbidden = edit.withForbidden(document, forbid);
  assert.deepEqual(forbidden.forbidden, [forbid]);
  assert.equal(edit.withForbidden(forbidden, { ...forbid }), forbidden);
});

test("bars begin after the pickup, which is bar 0", () => {
  const document = edit.emptyDocument({ metre: "3/4", pickup: 4, length: 28 });
  assert.deepEqual(edit.barsOf(document).map((bar) => [bar.number, bar.start, bar.end]), [[0, 0, 4], [1, 4, 16], [2, 16, 28]]);
  assert.equal(edit.barAt(edit.barsOf(document), 16), 2);
  assert.deepEqual(["4/4", "6/8", "3/2", "5/8", "what"].map(edit.barSteps), [16, 12, 24, 10, 16]);
  assert.equal(edit.barsOf(edit.emptyDocument()).length, 1);
});

test("a take writes its spans and nothing else; what was locked meanwhile stays", () => {
  const document = deepFreeze(piece());
  const spans = [{ voice: 3, first: 8, end: 24 }];
  const news = { id: "s7-3-8", voice: 3, onset: 8, duration: 16, pitch: 41, lock: false, from: "machine" };
  const take = deepFreeze({ ...document, seed: 7, notes: [...document.notes.filter((n) => !["m3-1", "m3-2"].includes(n.id)), news] });
  const chosen = edit.withTake(document, take, spans);
  assert.deepEqual(new Set(chosen.notes), new Set(take.notes));
  assert.equal(chosen.seed, 7);
  assert.equal(JSON.stringify(edit.withTake(chosen, document, spans)), JSON.stringify(document));
  const kept = edit.withTake(edit.withLock(document, ["m3-1"], true), take, spans);
  assert.ok(ids(kept).includes("m3-1") && !ids(kept).includes("s7-3-8"));
  const elsewhere = edit.repitched(chosen, "m3-3", 30);
  assert.equal(edit.withTake(elsewhere, document, spans).notes.find((n) => n.id === "m3-3").pitch, 30);
});

test("a take that goes on is taken back with its bars", () => {
  const document = deepFreeze(piece());
  const spans = [0, 1, 2, 3].map((voice) => ({ voice, first: 32, end: 100000 }));
  const more = { id: "s1-0-32", voice: 0, onset: 32, duration: 16, pitch: 72, lock: false, from: "machine" };
  const take = { ...document, length: 64, notes: [...document.notes, more] };
  const longer = edit.withTake(document, take, spans);
  assert.deepEqual([longer.length, longer.notes.length], [64, 9]);
  assert.equal(JSON.stringify(edit.withTake(longer, document, spans)), JSON.stringify(document));
});

test("gaps are where a voice is silent; there is room where a note is free or missing", () => {
  const document = deepFreeze(edit.removed(piece(), ["m3-1"]));
  const all = [0, 3].map((voice) => ({ voice, first: 0, end: 32 }));
  assert.deepEqual(edit.gaps(document, all), [{ voice: 3, first: 8, end: 16 }]);
  assert.equal(edit.gaps(document, [{ voice: 1, first: 4, end: 12 }]).length, 1);
  assert.equal(edit.hasRoom(document, [all[0]]), false);
  assert.equal(edit.hasRoom(document, [all[1]]), true);
  assert.equal(edit.hasRoom(edit.withLock(document, ids(document), true), [{ voice: 3, first: 16, end: 32 }]), false);
});

test("every new note has a name of its own", () => {
  let document = piece();
  for (let n = 0; n < 20; n += 1) document = edit.written(document, { voice: n % 4, onset: (n * 7) % 30, duration: 3, pitch: 60 });
  assert.equal(new Set(ids(document)).size, document.notes.length);
  for (const id of ids(document)) assert.match(id, /^[A-Za-z][A-Za-z0-9_-]{0,39}$/);
});

test("notes of a voice never overlap, whatever is done", () => {
  let state = 12345;
  const random = (most) => (state = (state * 1103515245 + 12345) % 2 ** 31) % most;
  let document = piece();
  for (let n = 0; n < 500; n += 1) {
    const some = ids(document).filter(() => random(4) === 0);
    document = [
      () => edit.written(document, { voice: random(4), onset: random(60), duration: 1 + random(9), pitch: 36 + random(40) }),
      () => edit.nudged(document, some, { pitch: random(5) - 2, steps: random(9) - 4 }),
      () => edit.lengthened(document, some, random(9) - 4),
      () => edit.withLock(document, some, random(2) === 0),
      () => (random(6) ? document : edit.removed(document, some.slice(0, 2))),
    ][random(5)]();
    for (const voice of [0, 1, 2, 3]) {
      const line = document.notes.filter((note) => note.voice === voice);
      line.slice(1).forEach((note, m) => assert.ok(line[m].onset + line[m].duration <= note.onset));
    }
    assert.ok(document.notes.every((note) => note.duration > 0 && note.onset + note.duration <= document.length));
  }
});
