// What the page knows: the document and its history, the selection, the takes, what is being done; kept in the browser
// after every change. Everything that can be done without the server is done here; verbs.js asks the server.

import * as edit from "./document.js";
import { begun, current, moved, recorded, redone, undone } from "./history.js";
import { inBars, joined, kept, neighbour, ofAll, ofNote, ofSpan, selectedNotes } from "./selection.js";

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Settings} Settings */
/** @typedef {import('./types.js').Selection} Selection */
/** @typedef {import('./types.js').Way} Way */
/** @typedef {import('./history.js').History} History */
/** @typedef {"server" | "tune" | "music" | "verbs" | "panel" | "piano"} Place */

const KEPT = "biaxial-studio";
const KEPT_STEPS = "biaxial-studio-steps";
const STEPS_KEPT = 60;
const FULL = "This browser keeps nothing more for this page: export the project file to be safe.";

/** @type {Settings} */
export const USUAL = {
  drawing: { temperature: null, ranges: null, rules: null, cadence: true, draft: false },
  instrument: "organ", instruments: "", humanise: 0, strict_tempo: false, staves: 2, seed: null, bars: 16, plan: "", form: "",
  more: 4, play: true,
};

/** The state of the page. */
export class App {
  constructor() {
    /** @type {History} */
    this.history = begun(edit.emptyDocument(), USUAL);
    /** @type {Selection | null} */
    this.selection = null;
    /** @type {Way[]} */
    this.ways = [];
    /** How many takes are still to come. */
    this.coming = 0;
    /** @type {{label: string, part: number | null} | null} */
    this.busy = null;
    /** @type {import('./types.js').Explained | null} */
    this.explained = null;
    /** @type {import('./types.js').Judged | null} */
    this.judged = null;
    /** The styles that the weights know. */
    /** @type {string[]} */
    this.styles = [];
    this.abc = "";
    /** The document that the tune's text became; as long as it stands, typing goes on into it. */
    /** @type {Document | null} */
    this.typed = null;
    /** The step where writing and playing go on. */
    this.caret = 0;
    this.entry = { voice: 0, duration: 4 };
    this.muted = [false, false, false, false];
    this.solo = [false, false, false, false];
    this.loop = false;
    this.playing = false;
    /** @type {Map<Place, string>} */
    this.said = new Map();
    /** @type {(() => void)[]} */
    this.watchers = [];
    this.told = false;
  }

  get document() {
    return current(this.history).document;
  }

  get settings() {
    return current(this.history).settings;
  }

  get empty() {
    return this.document.notes.length === 0;
  }

  /** The index of the take that the document is, -1 for none of them. */
  get chosen() {
    const now = JSON.stringify(this.document.notes);
    return this.ways.findIndex((way) => JSON.stringify(this.withWay(way).notes) === now && way.document.length === this.document.length);
  }

  /** Tell everything on the page that something has changed, once for all changes of a moment. */
  tell() {
    if (this.told) return;
    this.told = true;
    queueMicrotask(() => {
      this.told = false;
      for (const watch of this.watchers) watch();
    });
  }

  /**
   * Say something beside its cause; nothing takes it away.
   * @param {Place} place
   * @param {string} [words]
   */
  say(place, words = "") {
    this.said.set(place, words);
    this.tell();
  }

  /**
   * Learn which styles the weights know.
   * @param {string[]} styles
   */
  know(styles) {
    this.styles = styles;
    this.tell();
  }

  /**
   * A step: another document.
   * @param {string} label
   * @param {Document} document
   * @param {boolean} [again]
   * @returns {boolean} whether anything changed
   */
  change(label, document, again = false) {
    return this.step(recorded(this.history, label, { document }, again));
  }

  /**
   * A step: other settings.
   * @param {string} label
   * @param {Partial<Settings>} settings
   */
  set(label, settings) {
    return this.step(recorded(this.history, label, { settings: { ...this.settings, ...settings } }));
  }

  undo() {
    return this.step(undone(this.history));
  }

  redo() {
    return this.step(redone(this.history));
  }

  /**
   * Back or forward to a step.
   * @param {number} at
   */
  goTo(at) {
    return this.step(moved(this.history, at));
  }

  /**
   * @param {History} history
   */
  step(history) {
    if (history === this.history) return false;
    const before = this.document;
    this.history = history;
    if (this.document !== before) {
      this.selection = kept(this.document, this.selection);
      this.explained = null;
      this.said.delete("music");
      this.said.delete("verbs");
    }
    this.keep();
    this.tell();
    return true;
  }

  /**
   * @param {Selection | null} selection
   */
  select(selection) {
    this.selection = kept(this.document, selection);
    if (selection) this.caret = selection.start;
    if (this.explained && this.explained.onset !== selection?.start) this.explained = null;
    this.said.delete("verbs");
    this.tell();
  }

  /**
   * @param {string} id
   * @param {boolean} extend
   */
  pick(id, extend) {
    const note = this.document.notes.find((one) => one.id === id);
    if (!note) return;
    this.select(extend && this.selection ? joined(this.selection, ofNote(note)) : ofNote(note));
  }

  /**
   * Walk to the next note.
   * @param {"left" | "right" | "up" | "down"} way
   * @param {boolean} extend
   */
  walk(way, extend) {
    const from = this.selection?.note ?? selectedNotes(this.document, this.selection)[0]?.id ?? null;
    const to = neighbour(this.document, from, way);
    if (to) this.pick(to.id, extend);
  }

  selectAll() {
    if (this.document.length) this.select(ofAll(this.document));
  }

  selectBars() {
    if (this.selection) this.select({ ...ofSpan(0, 1), ...inBars(this.document, this.selection), voices: [0, 1, 2, 3] });
  }

  /** The ids of the notes that are selected. */
  get ids() {
    const { selection } = this;
    const single = selection?.note && selection.voices.length === 1 ? [selection.note] : null;
    return single ?? selectedNotes(this.document, selection).map((note) => note.id);
  }

  /**
   * @param {number} pitch semitones
   * @param {number} steps
   */
  nudge(pitch, steps) {
    const { ids } = this;
    if (!ids.length) return this.say("music", "Select a note to move it.");
    const moved = edit.nudged(this.document, ids, { pitch, steps });
    if (moved === this.document) return this.say("music", "It cannot go there: another note of its voice, or the edge, is in the way.");
    const { selection } = this;
    this.change(ids.length > 1 ? "Notes moved" : "Note moved", moved);
    if (steps && selection && !selection.note) this.select({ ...selection, start: selection.start + steps, end: selection.end + steps });
    return undefined;
  }

  /**
   * @param {number} by
   */
  lengthen(by) {
    if (!this.change("Length changed", edit.lengthened(this.document, this.ids, by))) {
      this.say("music", by > 0 ? "The next note of its voice is in the way." : "It cannot be shorter than a sixteenth.");
    }
  }

  delete() {
    const { ids } = this;
    if (!ids.length) return this.say("verbs", "Select the notes to delete.");
    this.change(ids.length > 1 ? `${ids.length} notes deleted` : "Note deleted", edit.removed(this.document, ids));
    return undefined;
  }

  /** Whether all that is selected is locked. */
  get locked() {
    const { ids } = this;
    return ids.length > 0 && this.document.notes.every((note) => note.lock || !ids.includes(note.id));
  }

  lock() {
    const { ids, locked } = this;
    if (!ids.length) return this.say("verbs", "Select the notes to lock or to free.");
    this.change(locked ? "Set free" : "Locked", edit.withLock(this.document, ids, !locked));
    return undefined;
  }

  /**
   * @param {number} voice
   */
  lockVoice(voice) {
    const line = this.document.notes.filter((note) => note.voice === voice);
    const lock = line.some((note) => !note.lock);
    this.change(lock ? "Voice locked" : "Voice set free", edit.withLock(this.document, line.map((note) => note.id), lock));
  }

  fermata() {
    const [id] = this.ids;
    const note = this.document.notes.find((one) => one.id === id);
    if (!note) return this.say("verbs", "Select the note that ends a phrase.");
    this.change("Fermata", edit.withFermata(this.document, note.onset));
    return undefined;
  }

  /**
   * Write a note where writing goes on, and go on.
   * @param {number} pitch
   */
  write(pitch) {
    const { voice, duration } = this.entry;
    const onset = this.caret;
    if (!this.change("Note written", edit.written(this.document, { voice, onset, duration, pitch }))) return;
    this.rest();
  }

  /** Go on without a note. */
  rest() {
    this.caret += this.entry.duration;
    this.selection = null;
    this.tell();
  }

  /** Take back the last note before the place of writing. */
  erase() {
    const line = this.document.notes.filter((note) => note.voice === this.entry.voice && note.onset < this.caret);
    const last = line[line.length - 1];
    if (!last) return;
    this.change("Note deleted", edit.removed(this.document, [last.id]));
    this.caret = last.onset;
    this.selection = null;
  }

  /**
   * Choose another way to write it; what has been changed elsewhere stays.
   * @param {number} number
   */
  choose(number) {
    const way = this.ways[number];
    if (way) this.change(way.label, this.withWay(way));
  }

  /**
   * @param {Way} way
   */
  withWay(way) {
    return way.spans ? edit.withTake(this.document, way.document, way.spans) : way.document;
  }

  /**
   * Another piece.
   * @param {string} label
   * @param {Document} document
   * @param {boolean} [again]
   */
  open(label, document, again = false) {
    this.ways = [];
    this.coming = 0;
    this.change(label, document, again);
    this.selection = null;
    this.caret = 0;
    this.tell();
  }

  /** Forget all steps but what is seen now. */
  begin() {
    this.history = begun(this.document, this.settings);
    this.keep();
    this.tell();
  }

  /** Keep everything in the browser. What is heavy is kept a little later. */
  keep() {
    const { document, settings, abc, ways } = this;
    const small = JSON.stringify({ document, settings, abc, typed: this.typed === document });
    try {
      localStorage.setItem(KEPT, small);
      if (this.said.get("server") === FULL) this.said.delete("server");
    } catch {
      this.said.set("server", FULL);
    }
    clearTimeout(this.later);
    this.later = setTimeout(() => this.keepSteps(ways), 400);
  }

  /** @type {ReturnType<typeof setTimeout> | undefined} */
  later = undefined;

  /**
   * @param {Way[]} [ways]
   */
  keepSteps(ways = this.ways) {
    const { steps, at } = this.history;
    for (const most of [STEPS_KEPT, 10, 0]) {
      const first = Math.max(0, at + 1 - most);
      const text = JSON.stringify({ steps: most ? steps.slice(first) : [], at: at - first, ways });
      try {
        return localStorage.setItem(KEPT_STEPS, text);
      } catch {
        localStorage.removeItem(KEPT_STEPS);
      }
    }
    return undefined;
  }

  /**
   * What was kept when the page was last open.
   * @returns {boolean} whether there was anything
   */
  restore() {
    try {
      const found = JSON.parse(localStorage.getItem(KEPT) ?? "null");
      if (!found) return false;
      const document = edit.emptyDocument(found.document);
      this.history = begun(document, { ...USUAL, ...found.settings }, "Reloaded");
      this.abc = found.abc ?? "";
      if (found.typed) this.typed = document;
      const steps = JSON.parse(localStorage.getItem(KEPT_STEPS) ?? "null");
      const now = steps?.steps[steps.at];
      if (now && JSON.stringify(now.document) === JSON.stringify(found.document)) {
        this.history = { steps: steps.steps, at: steps.at };
        this.ways = steps.ways;
        if (found.typed) this.typed = this.document;
      }
      return true;
    } catch {
      return false;
    }
  }
}
