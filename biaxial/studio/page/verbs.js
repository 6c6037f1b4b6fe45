// What the server is asked for: reading, writing, explaining, judging, engraving, sounding. Of each kind the newest
// request counts; an answer that comes too late is dropped. Every refusal is said beside what caused it.

import * as api from "./api.js";
import { gaps, hasRoom } from "./document.js";
import { ofSpan } from "./selection.js";
import { secondsAt, soundingAt, stepAt } from "./sound.js";

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./app.js').Place} Place */
/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Span} Span */
/** @typedef {import('./types.js').Take} Take */
/** @typedef {import('./types.js').Written} Written */

const TAKES = 4;
const STATUS_MS = 400;
/** A seed that is drawn is below this, so that it can be read out. */
const SEEDS = 100000;

/** The verbs of the page. */
export class Verbs {
  /**
   * @param {App} app
   * @param {import('./sound.js').Player} player
   * @param {import('./score.js').Score} score
   */
  constructor(app, player, score) {
    this.app = app;
    this.player = player;
    this.score = score;
    /** @type {Partial<Record<string, AbortController>>} */
    this.asking = {};
    /** @type {Document | null} */
    this.engraved = null;
    this.engravedAs = "";
    /** @type {Document | null} */
    this.judgedFor = null;
    this.gone = false;
    player.ended = () => {
      app.playing = false;
      app.tell();
    };
  }

  /**
   * A request of a kind, of which only the newest counts.
   * @template T
   * @param {string} kind
   * @param {(signal: AbortSignal) => Promise<T>} request
   * @returns {Promise<T>}
   */
  async newest(kind, request) {
    this.asking[kind]?.abort();
    const control = new AbortController();
    this.asking[kind] = control;
    try {
      const answer = await request(control.signal);
      if (this.asking[kind] !== control) throw new api.Refused("", 409);
      return answer;
    } finally {
      if (this.asking[kind] === control) delete this.asking[kind];
    }
  }

  /**
   * Say what went wrong where it did, unless a newer request has taken its place.
   * @param {Place} place
   * @param {unknown} error
   */
  failed(place, error) {
    if (error instanceof api.Refused && error.silent) return;
    if (error instanceof api.Refused && error.status === 0) {
      this.app.say("server", error.message);
      if (!this.gone) void this.await();
      return;
    }
    this.app.say(place, error instanceof Error ? error.message : String(error));
  }

  /** Wait until the program is there and its model has been loaded, and say what is the matter meanwhile. */
  async await() {
    const { app } = this;
    this.gone = true;
    for (let known = false, pause = STATUS_MS; ; pause = Math.min(4000, 2 * pause)) {
      try {
        const { ready, problem, usual_port: usual, styles } = await api.status();
        app.know(styles);
        const back = app.said.get("server") === api.GONE;
        if (back) this.refresh();
        if (usual && !known) app.say("server", ELSEWHERE.replaceAll("PORT", String(usual)));
        else if (problem || back) app.say("server", problem);
        known = true;
        if (ready || problem) break;
      } catch (error) {
        app.say("server", error instanceof Error ? error.message : "");
        if (error instanceof api.Refused && error.status === 401) break;
        pause = STATUS_MS / 2;
      }
      await new Promise((done) => setTimeout(done, pause));
    }
    this.gone = false;
  }

  /** Engrave and judge again, once the program has come back. */
  refresh() {
    this.engraved = this.judgedFor = null;
    this.app.tell();
  }

  /**
   * Read a tune's text as a new piece; typing goes on into the same step.
   * @param {string} abc
   * @param {string} label
   * @param {boolean} [again]
   */
  async read(abc, label, again = false) {
    const { app } = this;
    app.abc = abc;
    app.say("tune");
    try {
      const { document, remarks } = await this.newest("read", (signal) => api.ask("read", { text: abc, name: "tune.abc" }, signal));
      app.open(label, { ...document, style: app.document.style }, again);
      app.typed = app.document;
      app.keep();
      app.say("tune", remarks.join(" "));
      return true;
    } catch (error) {
      this.failed("tune", error);
      return false;
    }
  }

  /**
   * @param {File} file
   */
  async readFile(file) {
    const { app } = this;
    app.say("tune", `Reading ${file.name}…`);
    try {
      const { document, remarks, abc } = await this.newest("read", () => api.readFile(file));
      app.open(`${file.name} opened`, document);
      if (abc) Object.assign(app, { abc, typed: app.document }).keep();
      app.say("tune", remarks.join(" "));
    } catch (error) {
      this.failed("tune", error);
      if (app.said.get("tune") === `Reading ${file.name}…`) app.say("tune");
    }
  }

  /** Compose where nothing is written; else write the other voices, in the selection's bars or everywhere. */
  harmonise() {
    const { app } = this;
    if (app.empty) return this.compose();
    const { selection } = app;
    const span = selection && !(selection.note && selection.voices.length === 1) ? ofSpan(selection.start, selection.end) : null;
    const spans = span ? spansOf(span) : [];
    if (!hasRoom(app.document, spans.length ? spans : spansOf(ofSpan(0, app.document.length)))) {
      return app.say("verbs", "Every voice is locked. Free one (L) or delete it, and Harmonise writes it.");
    }
    return this.write("harmonise", "Harmonised", { selection: spans, given: null }, spans, span?.start ?? 0);
  }

  compose() {
    const { document, settings } = this.app;
    const said = { bars: settings.bars, key: document.key, metre: document.metre, tempo: document.tempo };
    const plans = { plan: settings.plan.trim() || null, form: settings.form.trim() || null, pickup: document.pickup || null, style: document.style };
    return this.write("compose", "Composed", { ...said, ...plans }, null, 0);
  }

  /** What is selected anew, note for note or all of it. */
  redo() {
    const { app } = this;
    const spans = app.selection ? spansOf(app.selection) : [];
    const all = spansOf(ofSpan(0, app.document.length));
    if (app.empty) return app.say("verbs", "Nothing is written yet that could be redone.");
    if (!hasRoom(app.document, spans.length ? spans : all)) {
      return app.say("verbs", "All that is selected is locked. Free it (L), or select other notes.");
    }
    return this.write("infill", "Redone", { selection: spans }, spans.length ? spans : all, app.selection?.start ?? 0);
  }

  /** Whatever is silent in the selection. */
  fill() {
    const { app } = this;
    const spans = gaps(app.document, spansOf(app.selection ?? ofSpan(0, app.document.length)));
    if (!spans.length) return app.say("verbs", "Nothing is missing here: Fill writes where a voice is silent.");
    return this.write("infill", "Filled", { selection: spans }, spans, app.selection?.start ?? 0);
  }

  /** More bars after the last one. */
  goOn() {
    const { app } = this;
    if (app.empty) return app.say("verbs", "Nothing is written yet that could go on.");
    const { length } = app.document;
    const spans = [0, 1, 2, 3].map((voice) => ({ voice, first: length, end: length + 100000 }));
    return this.write("continue", "Continued", { bars: app.settings.more }, spans, length);
  }

  /**
   * Ask for a first take and, when it is there, for the others.
   * @param {string} verb
   * @param {string} label
   * @param {object} request
   * @param {Span[] | null} spans where takes differ; null where each is a piece of its own
   * @param {number} from the step from which it is played
   */
  async write(verb, label, request, spans, from) {
    const { app } = this;
    const { document, settings } = app;
    const seed = settings.seed ?? crypto.getRandomValues(new Uint32Array(1))[0] % SEEDS;
    const whole = verb === "compose" ? {} : { document };
    const ask = (/** @type {number} */ first, /** @type {number} */ takes) =>
      this.newest("write", (signal) =>
        /** @type {Promise<Written>} */ (
          api.ask(verb, { ...request, ...whole, seed: first, takes, drawing: settings.drawing, turn: api.turn() }, signal)
        ),
      );
    app.say("verbs");
    app.busy = { label: "Writing…", part: null };
    app.tell();
    void this.watch();
    try {
      const { takes, remarks } = await ask(seed, 1);
      const way = (/** @type {Take} */ take, /** @type {number} */ n) =>
        ({ label: `Take ${n + 1}`, seed: take.seed, document: take.document, spans });
      app.ways = [{ label: "Original", seed: null, document, spans }, ...takes.map(way)];
      app.coming = TAKES - 1;
      app.busy = null;
      app.change(label, app.withWay(app.ways[1]));
      app.say("verbs", remarks.join(" "));
      if (settings.play && !app.playing) void this.play(from);
      const more = await ask(seed + 1, TAKES - 1);
      app.ways = [...app.ways, ...more.takes.map((take, n) => way(take, n + 1))];
    } catch (error) {
      this.failed("verbs", error);
    }
    if (!this.asking.write) Object.assign(app, { busy: null, coming: 0 });
    app.keep();
    app.tell();
  }

  /** How far the drawing is, as long as there is one. */
  async watch() {
    const { app } = this;
    await new Promise((done) => setTimeout(done, STATUS_MS));
    while (app.busy) {
      const found = await api.status().catch(() => null);
      const job = found?.jobs.find((one) => one.client === api.client && one.working);
      if (app.busy && found) {
        const label = !found.ready ? "Getting ready…" : job || !found.jobs.length ? "Writing…" : "Waiting for its turn…";
        app.busy = { label, part: job?.total ? job.done / job.total : null };
        app.tell();
      }
      await new Promise((done) => setTimeout(done, STATUS_MS));
    }
  }

  /** End what is being written. */
  cancel() {
    const { app } = this;
    if (!this.asking.write) return false;
    this.asking.write.abort();
    delete this.asking.write;
    Object.assign(app, { busy: null, coming: 0 });
    app.say("verbs");
    void api.ask("cancel", { client: api.client }).catch(() => {});
    return true;
  }

  /** Ask what else might stand where the selected note is. */
  async why() {
    const { app } = this;
    const [note] = app.ids;
    if (!note) return void app.say("verbs", "Select a note to ask why it is there.");
    app.say("verbs", "Asking…");
    try {
      const request = { document: app.document, note, turn: api.turn("explain") };
      app.explained = await this.newest("explain", (signal) => api.ask("explain", request, signal));
      app.say("verbs");
      queueMicrotask(() => app.selection && this.score.lookAt(app.selection));
    } catch (error) {
      if (app.said.get("verbs") === "Asking…") app.say("verbs");
      this.failed("verbs", error);
    }
  }

  /** Engrave and judge the document if it is another one than last time. */
  follow() {
    const { app, score } = this;
    const { document, settings } = app;
    const as = `${settings.staves} ${score.width}`;
    if (this.engraved !== document || this.engravedAs !== as) {
      this.engraved = document;
      this.engravedAs = as;
      void this.engrave(document);
    }
    if (this.judgedFor === document) return;
    this.judgedFor = document;
    if (new Set(document.notes.map((note) => note.voice)).size < 2) {
      app.judged = null;
      return;
    }
    this.newest("judge", (signal) => api.ask("judge", { document }, signal)).then(
      (judged) => {
        app.judged = judged;
        app.tell();
      },
      (error) => this.failed("music", error),
    );
  }

  /**
   * @param {Document} document
   */
  async engrave(document) {
    const { app, score } = this;
    try {
      const request = { what: "score", document: { ...document, title: "" }, staves: app.settings.staves, width: score.width };
      const { pages } = document.notes.length
        ? await this.newest("engrave", (signal) => api.ask("render", request, signal))
        : { pages: [] };
      score.show(document, pages);
      app.tell();
    } catch (error) {
      this.failed("music", error);
    }
  }

  /** What the sound of the document is asked for with. */
  get sounding() {
    const { document, settings: { instrument, instruments, humanise, strict_tempo } } = this.app;
    return { what: "stems", document, instrument, instruments, humanise, strict_tempo };
  }

  /**
   * Play from a step on; or go on from where it plays now, with other stems.
   * @param {number | null} from
   */
  async play(from) {
    const { app, player } = this;
    if (app.empty) return void app.say("music", "There is nothing to play yet.");
    player.ready();
    app.playing = true;
    app.tell();
    const request = this.sounding;
    try {
      const stems = await this.newest("stems", () => player.stems(request));
      if (!app.playing) return;
      const { header } = stems;
      const here = player.position();
      const seconds = from === null && here !== null ? here : secondsAt(header, from ?? app.caret);
      const { selection } = app;
      const loop = app.loop && selection ? { start: secondsAt(header, selection.start), end: secondsAt(header, selection.end) } : null;
      const start = loop && (seconds < loop.start || seconds >= loop.end) ? loop.start : seconds;
      player.play(stems, start < header.seconds ? start : 0, loop);
      this.played = request.document;
    } catch (error) {
      app.playing = player.playing !== null;
      this.failed("music", error);
    }
    app.tell();
  }

  /** @type {Document | null} */
  played = null;

  stop() {
    const { app, player } = this;
    this.asking.stems?.abort();
    delete this.asking.stems;
    const step = this.step();
    if (step !== null) app.caret = step.at;
    player.stop();
    app.playing = false;
    app.tell();
  }

  /** What sounds now: the step, and the ids of the notes. */
  step() {
    const { playing } = this.player;
    const seconds = this.player.position();
    if (!playing || seconds === null) return null;
    return { at: stepAt(playing.stems.header, seconds), ids: soundingAt(playing.stems.header, seconds), seconds };
  }
}

/**
 * A selection as the server has it.
 * @param {import('./types.js').Selection} selection
 * @returns {Span[]}
 */
export function spansOf({ start, end, voices }) {
  return voices.map((voice) => ({ voice, first: start, end }));
}

/** What is said where the usual port was taken. */
const ELSEWHERE =
  "Port PORT was taken when the program began, so this page has another address than usual. What your browser keeps " +
  "for http://127.0.0.1:PORT is not seen here: export its project file there, and open that here with “Open a file”.";
