// Undo and redo give back the very same documents; a selection means what it says.

import assert from "node:assert/strict";
import { test } from "node:test";
import { App, USUAL } from "../../../biaxial/studio/page/app.js";
import { emptyDocument, written } from "../../../biaxial/studio/page/document.js";
import { begun, current, moved, recorded, redone, undone } from "../../../biaxial/studio/page/history.js";
import * as selection from "../../../biaxial/studio/page/selection.js";

globalThis.localStorage = {
  kept: new Map(),
  getItem(name) { return this.kept.get(name) ?? null; },
  setItem(name, text) { this.kept.set(name, text); },
  removeItem(name) { this.kept.delete(name); },
};

function tune() {
  let document = emptyDocument({ length: 32 });
  [67, 69, 71, 72].forEach((pitch, n) => (document = written(document, { voice: 0, onset: 8 * n, duration: 8, pitch })));
  [48, 53].forEach((pitch, n) => (document = written(document, { voice: 3, onset: 16 * n, duration: 16, pitch })));
  return document;
}

test("a hundred steps back are the first document byte for byte, a hundred forward the last", () => {
  let state = 99;
  const random = (most) => (state = (state * 1103515245 + 12345) % 2 ** 31) % most;
  const app = new App();
  app.history = begun(tune(), USUAL);
  const first = JSON.stringify([app.document, app.settings]);
  const acts = [
    () => app.pick(app.document.notes[random(app.document.notes.length)]?.id ?? "", random(2) === 0),
    () => app.walk(["left", "right", "up", "down"][random(4)], random(3) === 0),
    () => app.nudge(random(5) - 2, 0),
    () => app.nudge(0, random(5) - 2),
    () => app.lengthen(random(5) - 2),
    () => app.lock(),
    () => app.lockVoice(random(4)),
    () => app.fermata(),
    () => app.write(50 + random(30)),
    () => (app.document.notes.length > 3 ? app.delete() : app.selectAll()),
    () => app.change("Title changed", { ...app.document, title: `Number ${random(1000)}` }),
    () => app.set("Bars changed", { bars: 1 + random(100) }),
    () => app.change("Metre changed", { ...app.document, metre: ["3/4", "4/4", "6/8"][random(3)] }),
  ];
  while (app.history.at < 100) acts[random(acts.length)]();
  const last = JSON.stringify([app.document, app.settings]);
  for (let n = 0; n < 100; n += 1) assert.ok(app.undo());
  assert.equal(app.undo(), false);
  assert.equal(JSON.stringify([app.document, app.settings]), first);
  for (let n = 0; n < 100; n += 1) assert.ok(app.redo());
  assert.equal(app.redo(), false);
  assert.equal(JSON.stringify([app.document, app.settings]), last);
  clearTimeout(app.later);
});

test("a step after steps back forgets what had been undone; what says the same is no step", () => {
  const document = tune();
  let history = recorded(begun(document, USUAL), "One", { document: { ...document, title: "One" } });
  assert.equal(recorded(history, "Again", { document: { ...document, title: "One" } }), history);
  history = recorded(undone(history), "Two", { document: { ...document, title: "Two" } });
  assert.deepEqual(history.steps.map((step) => step.label), ["Started", "Two"]);
  assert.equal(redone(history), history);
  assert.equal(moved(history, 7), history);
  assert.equal(current(moved(history, 0)).document, document);
});

test("typing is one step, however many letters it has", () => {
  const document = tune();
  let history = begun(document, USUAL);
  for (const title of "abc") history = recorded(history, "Typed", { document: { ...document, title } }, true);
  assert.equal(history.steps.length, 2);
  assert.equal(current(history).document.title, "c");
  assert.equal(current(undone(history)).document, document);
});

test("what is kept in the browser comes back, and its steps with it", () => {
  localStorage.kept.clear();
  const app = new App();
  assert.equal(app.restore(), false);
  app.history = begun(tune(), USUAL);
  app.set("Bars changed", { bars: 7 });
  app.pick(app.document.notes[0].id, false);
  app.nudge(1, 0);
  clearTimeout(app.later);
  app.keepSteps();
  const again = new App();
  assert.ok(again.restore());
  assert.equal(JSON.stringify(again.history), JSON.stringify(app.history));
  localStorage.setItem("biaxial-studio-steps", "{");
  const third = new App();
  third.restore();
  assert.equal(JSON.stringify(third.document), JSON.stringify(app.document));
  localStorage.setItem("biaxial-studio", "not JSON");
  assert.equal(new App().restore(), false);
});

test("arrows walk in the voice and to what sounds in the next one", () => {
  const document = tune();
  const at = (way, id) => selection.neighbour(document, id, way);
  const [first, second, third] = document.notes.filter((note) => note.voice === 0);
  const bass = document.notes.filter((note) => note.voice === 3);
  assert.equal(at("right", first.id), second);
  assert.equal(at("left", first.id), first);
  assert.equal(at("down", second.id), bass[0]);
  assert.equal(at("down", third.id), bass[1]);
  assert.equal(at("down", bass[0].id), bass[0]);
  assert.equal(at("up", bass[1].id), third);
  assert.equal(at("left", null), document.notes[0]);
  assert.equal(selection.neighbour(emptyDocument(), null, "right"), null);
});

test("selections join, become whole bars, and end where the piece ends", () => {
  const document = tune();
  const [first] = document.notes;
  const both = selection.joined(selection.ofNote(first), selection.ofSpan(20, 24, [2]));
  assert.deepEqual([both.start, both.end, both.voices], [0, 24, [0, 1, 2]]);
  const bars = selection.inBars(document, selection.ofSpan(18, 20));
  assert.deepEqual([bars.start, bars.end], [16, 32]);
  assert.equal(selection.kept(document, selection.ofSpan(16, 64))?.end, 32);
  assert.equal(selection.kept(document, selection.ofSpan(40, 64)), null);
  assert.ok(selection.touches(selection.ofSpan(4, 6), first));
  assert.ok(!selection.touches(selection.ofSpan(8, 12), first));
  assert.deepEqual(selection.selectedNotes(document, selection.ofSpan(4, 17, [0])).map((n) => n.onset), [8, 16]);
});
