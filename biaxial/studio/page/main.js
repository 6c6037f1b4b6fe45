// The page put together: its parts, what each button and each key does, and what moves with the sound.

import { App } from "./app.js";
import { emptyDocument, repitched, withForbidden, written } from "./document.js";
import { Grid } from "./grid.js";
import { Roll } from "./roll.js";
import { SAMPLES } from "./samples.js";
import { Score } from "./score.js";
import { joined, ofSpan } from "./selection.js";
import { Player, gains } from "./sound.js";
import { Verbs } from "./verbs.js";
import { buildVoices, by, make, showBadge, showDeck, showPlace, showTakes, showTop, showWhy } from "./views.js";

const TYPING_MS = 450;

const app = new App();
const player = new Player();
const grid = new Grid(by("grid"));
let faultsOpen = false;
let folded = false;

/** Give score and roll the focus, where letters act. */
const toMusic = () => grid.focus();

/**
 * @param {string} id
 * @param {boolean} extend
 */
function pick(id, extend) {
  app.pick(id, extend);
  hear();
  queueMicrotask(toMusic);
}

const score = new Score(by("score"), {
  pick,
  pickBar: (start, end, extend) => {
    const bar = ofSpan(start, Math.min(end, Math.max(app.document.length, start + 1)));
    app.select(extend && app.selection ? joined(app.selection, bar) : bar);
    queueMicrotask(toMusic);
  },
  clear: () => app.select(null),
});

const roll = new Roll(by("roll-box"), by("roll"), {
  pick,
  span: (start, end, voices) => {
    app.select(ofSpan(start, end, voices));
    queueMicrotask(toMusic);
  },
  caret: (step) => {
    app.select(null);
    app.caret = step;
    queueMicrotask(toMusic);
  },
  write: (step, pitch) => {
    const { voice, duration } = app.entry;
    const onset = Math.floor(step / Math.min(duration, 4)) * Math.min(duration, 4);
    app.change("Note written", written(app.document, { voice, onset, duration, pitch }));
    const note = app.document.notes.find((one) => one.voice === voice && one.onset === onset);
    if (note) app.pick(note.id, false);
    hear();
  },
  move: (id, pitch, steps) => {
    app.pick(id, false);
    app.nudge(pitch, steps);
    hear();
  },
});

const verbs = new Verbs(app, player, score);

/** Let the selected note be heard, unless music plays. */
function hear() {
  const note = app.document.notes.find((one) => one.id === app.selection?.note);
  if (note && !app.playing) player.note(note.pitch, app.settings.instrument).catch((error) => verbs.failed("music", error));
}

let before = app.document;
/** Show the state. */
function show() {
  const { document: music, selection } = app;
  showTop(app);
  showTakes(app);
  showBadge(app, faultsOpen);
  showDeck(app);
  showWhy(app);
  const faulty = new Set((app.judged?.faults ?? []).flatMap((fault) => fault.notes));
  score.mark(selection, faulty);
  Object.assign(roll, { selection, faulty, caret: app.caret });
  roll.show(music);
  grid.show(music, selection);
  by("score-empty").hidden = !app.empty;
  by("score").hidden = app.empty;
  by("legend").hidden = app.empty;
  const tune = /** @type {HTMLTextAreaElement} */ (by("abc"));
  if (document.activeElement !== tune && tune.value !== app.abc) {
    tune.value = app.abc;
    tune.scrollTop = tune.scrollHeight;
  }
  if (app.ways.length && !folded && document.activeElement !== tune) text(!(folded = true));
  verbs.follow();
  if (app.playing && player.playing && verbs.played !== music && before !== music) void verbs.play(null);
  before = music;
}
app.watchers.push(show);

/** Follow the clock of the sound, a frame after the other. */
function frame() {
  const now = app.playing ? verbs.step() : null;
  if (now) {
    roll.lookAt(now.at);
    showPlace(app, now.at);
  }
  if (now || roll.playing !== null) {
    score.light(now?.ids ?? [], now?.at ?? null, true);
    Object.assign(roll, { lit: new Set(now?.ids ?? []), playing: now?.at ?? null });
    roll.draw();
  }
  requestAnimationFrame(frame);
}

/** Play, or stop. */
const toggle = () => (app.playing ? verbs.stop() : void verbs.play(app.caret < app.document.length ? app.caret : 0));

/** @type {(id: string, then: () => unknown) => void} */
const press = (id, then) => by(id).addEventListener("click", () => void then());

press("undo", () => app.undo());
press("redo-step", () => app.redo());
press("harmonise", () => verbs.harmonise());
press("again", () => verbs.redo());
press("fill", () => verbs.fill());
press("continue", () => verbs.goOn());
press("ask", () => verbs.why());
press("lock", () => app.lock());
press("delete", () => app.delete());
press("higher", () => (app.nudge(1, 0), hear()));
press("lower", () => (app.nudge(-1, 0), hear()));
press("cancel", () => verbs.cancel());
press("play", toggle);
press("to-start", () => {
  app.caret = 0;
  if (app.playing) void verbs.play(0);
  app.tell();
});
press("loop", () => {
  app.loop = !app.loop;
  if (app.loop && !app.selection) app.selectAll();
  if (app.playing) void verbs.play(null);
  app.tell();
});

press("show-voices", () => {
  const open = by("voices").classList.toggle("open");
  by("show-voices").setAttribute("aria-expanded", String(open));
});
by("voices").addEventListener("click", (event) => {
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!button) return;
  const voice = Number(button.dataset.voice);
  if (button.dataset.what === "mute") app.muted[voice] = !app.muted[voice];
  else if (button.dataset.what === "solo") app.solo[voice] = !app.solo[voice];
  else app.lockVoice(voice);
  player.mix(gains(app.muted, app.solo));
  app.tell();
});

by("take-list").addEventListener("click", (event) => {
  const take = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.take;
  if (take !== undefined) app.choose(Number(take));
});
by("take-list").addEventListener("keydown", (event) => {
  const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  app.choose((Math.max(0, app.chosen) + step + app.ways.length) % app.ways.length);
});

by("badge").addEventListener("click", () => {
  faultsOpen = !faultsOpen;
  app.tell();
});
by("faults").addEventListener("click", (event) => {
  const number = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.fault;
  const fault = number === undefined ? undefined : app.judged?.faults[Number(number)];
  if (!fault) return;
  const concerned = app.document.notes.filter((note) => fault.notes.includes(note.id));
  const end = Math.max(fault.onset + 1, ...concerned.map((note) => note.onset + note.duration));
  const start = Math.min(fault.onset, ...concerned.map((note) => note.onset));
  app.select(ofSpan(start, end, fault.voices.length ? fault.voices : undefined));
  if (app.selection) {
    score.lookAt(app.selection);
    roll.lookAt(app.selection.start);
  }
  queueMicrotask(toMusic);
});

by("why").addEventListener("click", (event) => {
  const { explained, document: music } = app;
  const button = /** @type {HTMLElement} */ (event.target).closest("button");
  if (!button || !explained) return;
  const { voice, onset } = explained;
  const note = music.notes.find((one) => one.voice === voice && one.onset === onset);
  const { pitch, forbid, close } = button.dataset;
  if (close) {
    app.explained = null;
    app.tell();
    toMusic();
  } else if (pitch && note) {
    app.change("Another pitch", repitched(music, note.id, Number(pitch)));
    hear();
    toMusic();
  } else if (forbid) {
    const end = onset + (note?.duration ?? 1);
    app.change("Pitch forbidden", withForbidden(music, { first: onset, end, pitch: Number(forbid), voice }));
    app.explained = explained;
    app.say("verbs", "Forbidden here: Redo writes the note anew without it. The settings list what is forbidden.");
  }
});

/** @type {ReturnType<typeof setTimeout> | undefined} */
let typing;
const tune = /** @type {HTMLTextAreaElement} */ (by("abc"));
tune.addEventListener("input", () => {
  clearTimeout(typing);
  app.abc = tune.value;
  if (app.typed !== app.document && !app.empty) return void app.say("tune", "“Use this tune” puts it in the place of the music below.");
  typing = setTimeout(() => tune.value.trim() && void verbs.read(tune.value, "Tune typed", true), TYPING_MS);
});
press("read", () => {
  clearTimeout(typing);
  return tune.value.trim() ? verbs.read(tune.value, "Tune read") : app.say("tune", "Type a tune first, or pick a sample.");
});
const samples = /** @type {HTMLSelectElement} */ (by("samples"));
samples.append(...SAMPLES.map((sample, n) => make("option", { value: String(n), textContent: sample.name })));
samples.addEventListener("change", () => {
  const sample = SAMPLES[Number(samples.value)];
  if (samples.value && sample) void verbs.read(sample.abc, `${sample.name.split(",")[0]} opened`);
  samples.value = "";
});
press("empty", () => {
  app.abc = "";
  app.open("Started empty", emptyDocument({ metre: app.document.metre, tempo: app.document.tempo, style: app.document.style }));
  app.say("tune");
  void piano(true);
});

const file = /** @type {HTMLInputElement} */ (by("file"));
press("open-file", () => file.click());
press("record", async () => (await import("./record.js")).record(app, verbs));
file.addEventListener("change", () => {
  if (file.files?.[0]) void verbs.readFile(file.files[0]);
  file.value = "";
});
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer?.files[0]) void verbs.readFile(event.dataTransfer.files[0]);
});

by("title").addEventListener("change", (event) => {
  app.change("Title changed", { ...app.document, title: /** @type {HTMLInputElement} */ (event.target).value });
});
by("tempo").addEventListener("change", (event) => {
  const field = /** @type {HTMLInputElement} */ (event.target);
  const tempo = Number(field.value);
  if (tempo >= 20 && tempo <= 300) app.change("Tempo changed", { ...app.document, tempo });
  else app.say("verbs", "A tempo is 20 to 300 quarter notes a minute.");
  field.blur();
  app.tell();
});

/**
 * Show the tune's text, or put it away.
 * @param {boolean} open
 */
function text(open) {
  by("abc-box").hidden = !open;
  by("show-abc").setAttribute("aria-expanded", String(open));
}
press("show-abc", () => text(by("abc-box").hidden));
if (matchMedia("(max-width: 600px)").matches) text(false);

/** @type {import('./entry.js').Piano | null} */
let keys = null;
/**
 * Show the piano, or put it away.
 * @param {boolean} open
 */
async function piano(open) {
  by("piano").hidden = !open;
  by("show-piano").setAttribute("aria-expanded", String(open));
  if (!open) return;
  const { Piano } = await import("./entry.js");
  keys ??= new Piano(app, (pitch) => void player.note(pitch, app.settings.instrument).catch((error) => verbs.failed("tune", error)));
  keys.keys.focus({ preventScroll: true });
}
press("show-piano", () => piano(by("piano").hidden));

/** @type {import('./panel.js').Panel | null} */
let panel = null;
/**
 * Show the side panel, or put it away.
 * @param {boolean} open
 */
async function side(open) {
  by("panel").hidden = !open;
  by("open-panel").setAttribute("aria-expanded", String(open));
  document.body.classList.toggle("with-panel", open);
  if (!open) return by("open-panel").focus();
  const { Panel } = await import("./panel.js");
  panel ??= new Panel(app, { compose: () => void verbs.compose(), close: () => void side(false) });
  panel.show();
  panel.tabs[panel.tab].focus();
}
press("open-panel", () => side(by("panel").hidden));

/** Keys that act while score or roll has the focus, by what they are.
 * @type {Record<string, (event: KeyboardEvent) => unknown>} */
const KEYS = {
  ArrowLeft: (e) => (e.altKey ? app.nudge(0, -1) : app.walk("left", e.shiftKey)),
  ArrowRight: (e) => (e.altKey ? app.nudge(0, 1) : app.walk("right", e.shiftKey)),
  ArrowUp: (e) => (e.altKey ? app.nudge(1, 0) : app.walk("up", e.shiftKey)),
  ArrowDown: (e) => (e.altKey ? app.nudge(-1, 0) : app.walk("down", e.shiftKey)),
  Home: () => app.document.notes[0] && app.pick(app.document.notes[0].id, false),
  End: () => app.pick(app.document.notes[app.document.notes.length - 1]?.id ?? "", false),
  Delete: () => app.delete(),
  Backspace: () => app.delete(),
  Enter: hear,
  "[": () => app.lengthen(-1),
  "]": () => app.lengthen(1),
  b: () => app.selectBars(),
  l: () => app.lock(),
  r: () => verbs.redo(),
  h: () => verbs.harmonise(),
  f: () => verbs.fill(),
  n: () => verbs.goOn(),
  w: () => verbs.why(),
  t: () => app.fermata(),
};
for (const take of [0, 1, 2, 3, 4]) KEYS[take] = () => app.choose(take);

document.addEventListener("keydown", (event) => {
  const at = /** @type {HTMLElement} */ (event.target);
  const typed = at.matches("input:not([type=checkbox], [type=range]), textarea, select");
  const strong = event.ctrlKey || event.metaKey;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const inMusic = by("music").contains(at);
  if (event.key === "Escape") {
    if (verbs.cancel()) return;
    if (!by("panel").hidden && by("panel").contains(at)) void side(false);
    else if (app.playing) verbs.stop();
    else if (app.explained) app.explained = null;
    else app.select(null);
    app.tell();
    return;
  }
  if (typed) return;
  let done = true;
  if (strong && key === "z") event.shiftKey ? app.redo() : app.undo();
  else if (strong && key === "y") app.redo();
  else if (strong && key === "a" && inMusic) app.selectAll();
  else if (strong) done = false;
  else if (event.key === " " && !at.closest("button, [role=tab], summary, input")) toggle();
  else if (inMusic && KEYS[key] && !(at.closest("button") && event.key === "Enter")) {
    KEYS[key](event);
    if (key.startsWith("Arrow") && app.selection) {
      score.lookAt(app.selection);
      roll.lookAt(app.selection.start);
      if (!event.shiftKey) hear();
    }
  } else done = false;
  if (done) event.preventDefault();
});

new ResizeObserver(() => {
  score.measure();
  app.tell();
}).observe(by("sheet"));
new ResizeObserver(([deck]) => {
  document.documentElement.style.setProperty("--deck", `${Math.ceil(deck.borderBoxSize[0].blockSize)}px`);
}).observe(/** @type {HTMLElement} */ (document.querySelector(".deck")));
addEventListener("pagehide", () => app.keepSteps());
addEventListener("storage", (event) => {
  if (event.key === "biaxial-studio") app.say("server", "This page is open in another window too; what is changed last is what is kept.");
});
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => roll.draw());

buildVoices();
by("panel").hidden = true;
if (app.restore()) show();
else {
  show();
  void verbs.read(SAMPLES[0].abc, "Old Hundredth").then((read) => read && app.begin());
}
void verbs.await();
requestAnimationFrame(frame);

export { app, player, roll, score, verbs };
