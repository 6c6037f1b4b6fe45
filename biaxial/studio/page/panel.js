// The side panel: settings, history, export, help. Loaded when it is first opened.

import { exported } from "./api.js";
import { USUAL } from "./app.js";
import { STEPS_PER_QUARTER, barSteps } from "./document.js";
import { KEYS, VOICE_NAMES, VOICE_RANGES, chordText, chordsFrom, pitchName, placeWords, sentence, signs } from "./music.js";
import { by, icon, make } from "./views.js";

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./types.js').Drawing} Drawing */
/** @typedef {import('./types.js').Rules} Rules */

const TABS = ["Settings", "History", "Export", "Help"];
const METRES = ["2/4", "3/4", "4/4", "5/4", "2/2", "3/2", "6/8", "9/8", "12/8"];
const RULES = { parallels: 4.5, crossing: 0, spacing: 0, leaps: 2.5, range: 3 };
const RULE_WORDS = {
  parallels: "Parallel fifths and octaves", crossing: "Crossing voices", spacing: "Wide gaps between upper voices",
  leaps: "Leaps of a seventh or more", range: "Notes outside the usual range",
};
const FORMATS = /** @type {const} */ ([
  ["json", "Project file", "everything on this page: open it again with “Open a file”"],
  ["mid", "MIDI", "for a sequencer or another notation program"],
  ["musicxml", "MusicXML", "for MuseScore, Finale, Sibelius, Dorico"],
  ["pdf", "PDF", "printed music for the choir"],
  ["flac", "Sound (FLAC)", "what you hear here, without loss"],
]);
/** @type {[string, string][]} */
const PLAYERS = [
  ["", "One instrument for all"], ["quartet", "String quartet"], ["winds", "Flute, oboe, clarinet, bassoon"],
  ["brass", "Trumpet, horn, trombone, tuba"], ["recorders", "Recorders"],
];
const HELP = [
  ["Space", "play, stop"], ["← →", "the note before, after"], ["↑ ↓", "the voice above, below"], ["Shift + arrows", "select more"],
  ["B", "select whole bars"], ["Ctrl + A", "select all"], ["Alt + ↑ ↓", "a semitone higher, lower"], ["Alt + ← →", "earlier, later"],
  ["[ ]", "shorter, longer"], ["L", "lock or free"], ["R", "redo: four other ways"], ["1 – 4, 0", "choose a take, the original"], ["H", "harmonise"], ["F", "fill"],
  ["N", "continue"], ["W", "why this note"], ["T", "fermata"], ["Delete", "delete"], ["Ctrl + Z", "undo"], ["Ctrl + Shift + Z", "do it again"],
  ["Esc", "stop writing, close, select nothing"],
];

/** The panel on the page. */
export class Panel {
  /**
   * @param {App} app
   * @param {{compose: () => void, close: () => void}} on
   */
  constructor(app, on) {
    this.app = app;
    this.on = on;
    this.tab = 0;
    const tabs = TABS.map((name, n) => make("button", { type: "button", id: `tab-${n}`, textContent: name }, { role: "tab", "aria-controls": "panel-body" }));
    const list = make("div", { className: "tabs" }, { role: "tablist", "aria-label": "Panel" }, ...tabs);
    const shut = make("button", { type: "button", className: "icon", title: "Close" }, { "aria-label": "Close the panel" }, icon("close"));
    this.body = make("div", { id: "panel-body", className: "panel-body", tabIndex: 0 }, { role: "tabpanel" });
    by("panel").replaceChildren(make("div", { className: "head" }, {}, list, shut), this.body);
    shut.addEventListener("click", on.close);
    list.addEventListener("click", (event) => this.turn(tabs.indexOf(/** @type {HTMLButtonElement} */ (event.target))));
    list.addEventListener("keydown", (event) => {
      const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (!by) return;
      this.turn((this.tab + by + TABS.length) % TABS.length);
      tabs[this.tab].focus();
    });
    this.tabs = tabs;
    this.written = "";
    app.watchers.push(() => this.show());
    this.turn(0);
  }

  /**
   * @param {number} tab
   */
  turn(tab) {
    if (tab < 0) return;
    this.tab = tab;
    this.tabs.forEach((button, n) => {
      button.setAttribute("aria-selected", String(n === tab));
      button.tabIndex = n === tab ? 0 : -1;
    });
    this.body.setAttribute("aria-labelledby", `tab-${tab}`);
    this.written = "";
    this.show();
  }

  /** Write the panel anew where what it shows has changed, and leave the focus where it is. */
  show() {
    if (by("panel").hidden) return;
    const { document: music, settings, history } = this.app;
    const { key, metre, pickup, chords, forbidden, fermatas, length, style } = music;
    const seen = [
      [key, metre, pickup, chords, forbidden, fermatas, length, style, this.app.styles, settings, this.app.said.get("panel")], [history.at, history.steps.length, history.steps[history.at].label], [], [],
    ][this.tab];
    const now = JSON.stringify([this.tab, seen]);
    if (now === this.written) return;
    this.written = now;
    const name = document.activeElement instanceof HTMLElement && this.body.contains(document.activeElement) ? document.activeElement.dataset.name : "";
    const parts = [() => this.settings(), () => this.history(), () => this.files(), () => this.help()][this.tab]();
    const at = this.body.scrollTop;
    this.body.replaceChildren(...parts);
    this.body.scrollTop = at;
    if (name) /** @type {HTMLElement | null} */ (this.body.querySelector(`[data-name="${CSS.escape(name)}"]`))?.focus();
  }

  settings() {
    const { app } = this;
    const { document: music, settings } = app;
    const { drawing } = settings;
    const doc = (/** @type {string} */ label, /** @type {object} */ fields) => app.change(label, { ...music, ...fields });
    const draw = (/** @type {string} */ label, /** @type {Partial<Drawing>} */ fields) => app.set(label, { drawing: { ...drawing, ...fields } });
    const rules = { ...RULES, ...drawing.rules };
    const ranges = drawing.ranges ?? VOICE_RANGES;
    const pitches = Array.from({ length: 61 }, (_, n) => /** @type {[string, string]} */ ([String(n + 28), pitchName(n + 28, music.key)]));
    const metres = METRES.includes(music.metre) ? METRES : [music.metre, ...METRES];
    const bar = barSteps(music.metre);
    const phrases = (music.fermatas ?? []).map((step) => placeWords(music, step)).join("; ");
    return [
      make("p", { className: "said", textContent: app.said.get("panel") ?? "" }, { role: "status" }),
      group("The piece",
        choice("Key", [["", "Found from the notes"], ...KEYS.map((key) => /** @type {[string, string]} */ ([key, signs(key)]))], music.key ?? "", (key) => doc("Key changed", { key: key || null })),
        choice("Metre", metres.map((metre) => [metre, metre]), music.metre, (metre) => doc("Metre changed", { metre, pickup: Math.min(music.pickup, barSteps(metre) - 1) })),
        number("Pickup, in quarter notes", music.pickup / STEPS_PER_QUARTER, 0, (bar - 1) / STEPS_PER_QUARTER, 0.25, (quarters) => doc("Pickup changed", { pickup: Math.round(quarters * STEPS_PER_QUARTER) })),
        ...this.style(),
        note(phrases ? `Phrases end at: ${phrases}.` : "Where phrases end was not said."),
        press("Fermata on or off the selected note", () => app.fermata(), "a fermata says where a phrase ends (T)"),
        this.chords(),
      ),
      group("Writing",
        slider("Temperature: low is usual, high is bold", drawing.temperature ?? 0.5, 0.1, 1.5, 0.05, (temperature) => draw("Temperature changed", { temperature })),
        check("Close on the tonic", drawing.cadence, (cadence) => draw("Close changed", { cadence })),
        check("Draft: faster, less careful", drawing.draft, (draft) => draw("Draft changed", { draft })),
        check("Play what has been written", settings.play, (play) => app.set("Play changed", { play })),
        number("Seed; none is a new one each time", settings.seed, 0, 2147483647, 1, (seed) => app.set("Seed changed", { seed: Number.isNaN(seed) ? null : seed }), true),
        number("Bars that Continue writes", settings.more, 1, 100, 1, (more) => app.set("Bars changed", { more })),
      ),
      group("A new piece", ...this.newPiece()),
      group("Voice ranges", ...VOICE_NAMES.map((name, voice) =>
        make("div", { className: "pair" }, {}, make("span", { textContent: name }),
          ...["lowest", "highest"].map((which, end) =>
            choice(`${name}, ${which}`, pitches, String(ranges[voice][end]), (pitch) => {
              const next = ranges.map((range, n) => (n === voice ? range.map((old, m) => (m === end ? Number(pitch) : old)) : range));
              if (next[voice][0] < next[voice][1]) draw("Range changed", { ranges: next });
              else app.say("panel", "The lowest pitch has to be below the highest.");
            }, true))))),
      group("Rules: what each costs",
        ...Object.keys(RULE_WORDS).map((rule) => {
          const name = /** @type {keyof Rules} */ (rule);
          return slider(RULE_WORDS[name], rules[name], 0, 10, 0.5, (cost) => draw("Rule changed", { rules: { ...rules, [name]: cost } }));
        })),
      group("Forbidden pitches", ...this.forbidden()),
      group("Sound and score",
        choice("Instrument", [["organ", "Organ"], ["choir", "Choir"], ["piano", "Piano"], ["strings", "Strings"]], settings.instrument, (instrument) => app.set("Instrument changed", { instrument: /** @type {any} */ (instrument) })),
        choice("Players", PLAYERS, settings.instruments, (instruments) => app.set("Players changed", { instruments })),
        slider("Played as people play", settings.humanise, 0, 1, 0.1, (humanise) => app.set("Playing changed", { humanise })),
        check("Strict tempo: no waiting at fermatas or at the end", settings.strict_tempo, (strict) => app.set("Tempo changed", { strict_tempo: strict })),
        choice("Staves", [["2", "Two, as for a choir"], ["4", "Four, a voice each"]], String(settings.staves), (staves) => app.set("Staves changed", { staves: staves === "4" ? 4 : 2 })),
      ),
      press("Usual settings", () => app.set("Usual settings", USUAL)),
    ];
  }

  /** The styles that the weights know, if they know any; a document may ask for a mixture. */
  style() {
    const { app } = this;
    const { style } = app.document;
    if (!app.styles.length && !style) return [];
    const names = ["", "none", ...app.styles];
    const words = (/** @type {string} */ name) => ({ "": "Usual", none: "None" })[name] ?? name;
    const options = [...names, ...(names.includes(style) ? [] : [style])].map((name) => /** @type {[string, string]} */ ([name, words(name)]));
    return [choice("Style", options, style, (chosen) => app.change("Style changed", { ...app.document, style: chosen }))];
  }

  newPiece() {
    const { app } = this;
    const { settings } = app;
    return [
      number("Bars", settings.bars, 1, 1000, 1, (bars) => app.set("Bars changed", { bars })),
      text("Form, such as AAB", settings.form, (form) => app.set("Form changed", { form })),
      text("Plan of phrases, such as I:half V:auth vi I:auth", settings.plan, (plan) => app.set("Plan changed", { plan })),
      press("Compose a new piece", this.on.compose, "in the key, metre and tempo above; undo brings the old one back"),
    ];
  }

  chords() {
    const { app } = this;
    const said = make("p", { className: "said" }, { role: "status" });
    const area = make("textarea", { rows: 3, spellcheck: false, value: chordText(app.document), placeholder: "1:1 C\n2:3 G7" }, { "data-name": "chords" });
    area.addEventListener("change", () => {
      try {
        app.change("Chords changed", { ...app.document, chords: chordsFrom(app.document, area.value) });
      } catch (error) {
        said.textContent = error instanceof Error ? error.message : "";
      }
    });
    return make("label", {}, {}, make("span", { textContent: "Chord symbols: bar:beat name, a line each" }), area, said);
  }

  forbidden() {
    const { app } = this;
    const { document: music } = app;
    if (!music.forbidden.length) return [note("None. “Why this note” can forbid a pitch at a place.")];
    return music.forbidden.map((one, n) =>
      make("div", { className: "pair" }, {},
        make("span", { textContent: `${pitchName(one.pitch, music.key)}, ${one.voice === null ? "all voices" : VOICE_NAMES[one.voice].toLowerCase()}, ${placeWords(music, one.first)}` }),
        press("Allow", () => app.change("Pitch allowed", { ...music, forbidden: music.forbidden.filter((_, m) => m !== n) }))));
  }

  history() {
    const { history } = this.app;
    const first = Math.max(0, history.steps.length - 200);
    const rows = history.steps.slice(first).map(({ label }, n) => {
      const at = first + n;
      const button = make("button", { type: "button", className: at > history.at ? "plain later" : "plain", textContent: label }, { "data-name": `step-${at}`, ...(at === history.at ? { "aria-current": "step" } : {}) });
      button.addEventListener("click", () => this.app.goTo(at));
      return make("li", {}, {}, button);
    });
    return [note("Every step since the page was opened. Click one to go back to it, or forward again."), make("ol", { className: "steps plain-list" }, {}, ...rows.reverse())];
  }

  files() {
    const { app } = this;
    const said = make("p", { className: "said" }, { role: "status" });
    const save = async (/** @type {string} */ format) => {
      said.textContent = "Making the file…";
      const { document: music, settings } = app;
      try {
        const { staves, instrument, instruments, humanise, strict_tempo } = settings;
        const { data, name } = await exported({ document: music, format, staves, instrument, instruments, humanise, strict_tempo });
        const address = URL.createObjectURL(data);
        make("a", { href: address, download: name }).click();
        setTimeout(() => URL.revokeObjectURL(address), 10000);
        said.textContent = `${name} is among your downloads.`;
      } catch (error) {
        said.textContent = error instanceof Error ? error.message : "";
      }
    };
    const rows = FORMATS.map(([format, name, words]) => {
      const button = press(name, () => void save(format), words);
      button.querySelector("button")?.setAttribute("data-format", format);
      return button;
    });
    return [...rows, said];
  }

  help() {
    return [
      make("p", {}, {}, "Type a tune and press ", make("b", { textContent: "Harmonise" }), ". Your notes stay as they are. Select a bar or a note and press ", make("b", { textContent: "Redo" }), " for four other ways to write it; lock what you like first. ", make("b", { textContent: "Why this note" }), " says what else might stand there, and how likely each was."),
      note("Letters act while score or roll has the focus: click into the music, or reach it with Tab."),
      make("table", {}, {}, make("tbody", {}, {}, ...HELP.map(([keys, words]) => make("tr", {}, {}, make("th", { scope: "row" }, {}, make("kbd", { textContent: keys })), make("td", { textContent: words }))))),
      note("In the roll: a click selects, a double click writes, dragging a note moves it, dragging over nothing selects. The music is made on this computer; nothing leaves it."),
    ];
  }
}

/**
 * @param {string} name
 * @param {(Node | string)[]} parts
 */
function group(name, ...parts) {
  return make("fieldset", {}, {}, make("legend", { textContent: sentence(name) }), ...parts);
}

/**
 * @param {string} words
 */
function note(words) {
  return make("p", { className: "quiet", textContent: words });
}

/**
 * @param {string} label
 * @param {[string, string][]} options
 * @param {string} value
 * @param {(value: string) => void} then
 * @param {boolean} [bare] whether the label is for readers alone
 */
function choice(label, options, value, then, bare = false) {
  const list = make("select", {}, { "data-name": label }, ...options.map(([one, words]) => make("option", { value: one, textContent: words })));
  list.value = value;
  list.addEventListener("change", () => then(list.value));
  if (bare) list.setAttribute("aria-label", label);
  return bare ? list : make("label", {}, {}, make("span", { textContent: label }), list);
}

/**
 * @param {string} label
 * @param {number | null} value
 * @param {number} min
 * @param {number} max
 * @param {number} step
 * @param {(value: number) => void} then
 * @param {boolean} [open] whether it may be left open, which is not a number then
 */
function number(label, value, min, max, step, then, open = false) {
  const field = make("input", { type: "number", value: value === null ? "" : String(value) }, { min: String(min), max: String(max), step: String(step), "data-name": label });
  field.addEventListener("change", () => {
    const none = field.value === "";
    if (none && !open) field.value = String(value);
    else then(none ? NaN : Math.max(min, Math.min(max, Number(field.value))));
  });
  return make("label", { className: "short" }, {}, make("span", { textContent: label }), field);
}

/**
 * @param {string} label
 * @param {string} value
 * @param {(value: string) => void} then
 */
function text(label, value, then) {
  const field = make("input", { type: "text", value, spellcheck: false }, { "data-name": label });
  field.addEventListener("change", () => then(field.value));
  return make("label", {}, {}, make("span", { textContent: label }), field);
}

/**
 * @param {string} label
 * @param {number} value
 * @param {number} min
 * @param {number} max
 * @param {number} step
 * @param {(value: number) => void} then
 */
function slider(label, value, min, max, step, then) {
  const said = make("output", { textContent: String(value) });
  const field = make("input", { type: "range" }, { min: String(min), max: String(max), step: String(step), value: String(value), "data-name": label });
  field.addEventListener("input", () => (said.textContent = field.value));
  field.addEventListener("change", () => then(Number(field.value)));
  return make("label", {}, {}, make("span", {}, {}, label, " ", said), field);
}

/**
 * @param {string} label
 * @param {boolean} value
 * @param {(value: boolean) => void} then
 */
function check(label, value, then) {
  const field = make("input", { type: "checkbox", checked: value }, { "data-name": label });
  field.addEventListener("change", () => then(field.checked));
  return make("label", { className: "check" }, {}, field, make("span", { textContent: label }));
}

/**
 * @param {string} label
 * @param {() => void} then
 * @param {string} [words]
 */
function press(label, then, words = "") {
  const button = make("button", { type: "button", className: "plain", textContent: label }, { "data-name": label });
  button.addEventListener("click", then);
  return make("div", { className: "press" }, {}, button, ...(words ? [make("span", { className: "quiet", textContent: words })] : []));
}
