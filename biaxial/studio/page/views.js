// What the page shows of its state, part by part: each function writes one part of the page anew.

import { LETTERS, VOICE_NAMES, pitchName, placeOf, placeWords, selectionWords, sentence } from "./music.js";

/** @typedef {import('./app.js').App} App */
/** @typedef {import('./types.js').RuleFault} RuleFault */

/**
 * The element of an id.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 * @returns {T}
 */
export function by(id) {
  return /** @type {T} */ (document.getElementById(id));
}

/**
 * An element.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Partial<HTMLElementTagNameMap[K]>} [fields]
 * @param {Record<string, string>} [attributes]
 * @param {(Node | string)[]} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function make(tag, fields = {}, attributes = {}, ...children) {
  /** @type {HTMLElementTagNameMap[K]} */
  const made = Object.assign(document.createElement(tag), fields);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/**
 * An icon of the page's own.
 * @param {string} name
 */
export function icon(name) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#i-${name}`);
  drawn.append(use);
  return drawn;
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/**
 * Title, undo, redo, and what is said where.
 * @param {App} app
 */
export function showTop(app) {
  const { history, document: music } = app;
  const title = /** @type {HTMLInputElement} */ (by("title"));
  if (document.activeElement !== title) title.value = music.title;
  const undo = /** @type {HTMLButtonElement} */ (by("undo"));
  undo.disabled = history.at === 0;
  undo.title = history.at ? `Undo: ${history.steps[history.at].label} (Ctrl+Z)` : "Nothing to undo";
  const redo = /** @type {HTMLButtonElement} */ (by("redo-step"));
  const next = history.steps[history.at + 1];
  redo.disabled = !next;
  redo.title = next ? `Again: ${next.label} (Ctrl+Shift+Z)` : "Nothing to do again";
  for (const place of ["server", "tune", "music", "verbs"]) {
    write(by(`${place}-said`), app.said.get(/** @type {import('./app.js').Place} */ (place)) ?? "");
  }
}

/**
 * The strip of takes.
 * @param {App} app
 */
export function showTakes(app) {
  const strip = by("takes");
  strip.hidden = app.ways.length === 0;
  if (strip.hidden) return;
  const { chosen } = app;
  const focused = by("take-list").contains(document.activeElement);
  const buttons = app.ways.map((way, n) =>
    make(
      "button", { className: "take", type: "button", tabIndex: n === Math.max(0, chosen) ? 0 : -1 },
      { role: "radio", "aria-checked": String(n === chosen), "data-take": String(n) },
      make("b", { textContent: n ? String(n) : "Original" }),
      make("span", { textContent: n ? `seed ${way.seed}` : "as it was" }),
    ),
  );
  const coming = Array.from({ length: app.coming }, (_, n) =>
    make("span", { className: "take coming" }, { "aria-hidden": "true" },
      make("b", { textContent: String(app.ways.length + n) }), make("span", { textContent: "being written" })),
  );
  by("take-list").replaceChildren(...buttons, ...coming);
  if (focused) buttons[Math.max(0, chosen)]?.focus();
  write(by("take-note"), chosen < 0 ? "You have changed this take. Choosing one puts its notes back." : "");
}

/**
 * The badge of rules and, when it is open, each fault.
 * @param {App} app
 * @param {boolean} open
 */
export function showBadge(app, open) {
  const { judged } = app;
  const badge = by("badge");
  const list = by("faults");
  const faults = judged?.faults ?? [];
  const words = !judged ? "" : faults.length ? `${faults.length} ${faults.length === 1 ? "place breaks" : "places break"} a rule` : "No rule is broken";
  if (!judged) badge.replaceChildren();
  else if (faults.length === 0) badge.replaceChildren(make("span", { className: "fine", textContent: words }));
  else {
    const shown = badge.querySelector("button") ?? make("button", { type: "button", className: "plain faulty" }, { "aria-controls": "faults" });
    write(shown, words);
    shown.setAttribute("aria-expanded", String(open));
    if (shown.parentElement !== badge) badge.replaceChildren(shown);
  }
  list.hidden = !open || !faults.length;
  if (list.hidden || !judged) return;
  const counts = judged.rules.map((rule) =>
    make("li", { className: rule.count ? "wrong" : "" }, {}, `${rule.label}: ${rule.count}`));
  const rows = faults.map((fault, n) =>
    make("li", {}, {}, make("button", { type: "button", className: "plain fault", textContent: fault.words }, { "data-fault": String(n) })));
  list.replaceChildren(make("ul", { className: "counts" }, {}, ...counts), make("ol", { className: "plain-list" }, {}, ...rows));
}

/**
 * The deck: what is selected, the verbs, the transport.
 * @param {App} app
 */
export function showDeck(app) {
  const { document: music, selection, busy } = app;
  write(by("chosen"), busy ? `${busy.label}${busy.part === null ? "" : ` ${Math.round(busy.part * 100)}%`}` : selectionWords(music, selection));
  by("deck").classList.toggle("busy", busy !== null);
  by("deck").style.setProperty("--part", String(busy?.part ?? 0.02));
  const bright = app.empty ? "harmonise" : app.ways.length ? "play" : "harmonise";
  write(by("harmonise"), app.empty ? "Compose a piece" : "Harmonise");
  by("harmonise").title = app.empty ? "Compose a new piece, as the settings say" : "Write the other voices (H)";
  by("harmonise").classList.toggle("bright", bright === "harmonise");
  by("play").classList.toggle("bright", bright === "play");
  by("cancel").hidden = !busy && !app.coming;
  write(by("cancel"), busy ? "Stop writing" : "Enough takes");
  const playing = app.playing ? "stop" : "play";
  by("play").querySelector("use")?.setAttribute("href", `#i-${playing}`);
  by("play").setAttribute("aria-label", app.playing ? "Stop" : "Play");
  by("play").title = app.playing ? "Stop (Space)" : "Play (Space)";
  by("loop").setAttribute("aria-pressed", String(app.loop));
  write(/** @type {HTMLElement} */ (by("lock").querySelector("span")), app.locked ? "Free" : "Lock");
  const none = app.ids.length === 0;
  for (const id of ["lock", "ask", "higher", "lower", "delete"]) by(id).classList.toggle("idle", none);
  const tempo = /** @type {HTMLInputElement} */ (by("tempo"));
  if (document.activeElement !== tempo) tempo.value = String(music.tempo);
  if (!app.playing) showPlace(app, app.caret);
  for (const voice of [0, 1, 2, 3]) {
    const line = music.notes.filter((note) => note.voice === voice);
    const row = by("voices").children[voice];
    const [mute, solo, lock] = row.querySelectorAll("button");
    mute.setAttribute("aria-pressed", String(app.muted[voice]));
    solo.setAttribute("aria-pressed", String(app.solo[voice]));
    lock.setAttribute("aria-pressed", String(line.length > 0 && line.every((note) => note.lock)));
    lock.disabled = line.length === 0;
  }
}

/**
 * @param {App} app
 * @param {number} step
 */
export function showPlace(app, step) {
  const { bar, beat } = placeOf(app.document, Math.floor(step));
  write(by("place"), `${bar}:${Math.floor(beat)}`);
}

/** Mute, solo and lock of each voice. */
export function buildVoices() {
  const button = (/** @type {string} */ what, /** @type {number} */ voice, /** @type {string} */ words, /** @type {Node | string} */ sign) =>
    make("button", { type: "button", title: words }, { "data-voice": String(voice), "data-what": what, "aria-pressed": "false", "aria-label": words }, sign);
  by("voices").replaceChildren(
    ...VOICE_NAMES.map((name, voice) =>
      make(
        "div", { className: `voice voice-${voice}` }, { role: "group", "aria-label": name },
        make("b", { title: name }, { "aria-hidden": "true" }, LETTERS[voice]),
        button("mute", voice, `Mute the ${name.toLowerCase()}`, "M"),
        button("solo", voice, `Hear the ${name.toLowerCase()} alone`, "S"),
        button("lock", voice, `Lock the whole ${name.toLowerCase()}`, icon("lock")),
      ),
    ),
  );
}

/**
 * What else might stand in the place of a note.
 * @param {App} app
 */
export function showWhy(app) {
  const box = by("why");
  const { explained, document: music } = app;
  box.hidden = explained === null;
  const head = document.querySelector(".score .focus .notehead");
  box.classList.toggle("left", head !== null && head.getBoundingClientRect().right > innerWidth - 440);
  if (!explained) return void box.replaceChildren();
  const name = `${VOICE_NAMES[explained.voice]}, ${placeWords(music, explained.onset)}`;
  const rows = explained.likely.map((likely) => {
    const { pitch, probability, here } = likely;
    const share = `${probability >= 0.0995 ? Math.round(probability * 100) : (probability * 100).toFixed(probability < 0.001 ? 2 : 1)}%`;
    const called = pitch === null ? sentence(likely.name) : pitchName(pitch, music.key);
    const bar = make("span", { className: "share" });
    bar.style.width = `${Math.max(0.5, probability * 100)}%`;
    const put = make("button", { type: "button", className: "likely" }, { "data-pitch": String(pitch), ...(here ? { "aria-current": "true" } : {}) },
      make("b", { textContent: called }), make("span", { className: "track" }, { "aria-hidden": "true" }, bar),
      make("span", { className: "number", textContent: share }));
    put.disabled = pitch === null || here;
    put.setAttribute("aria-label", `${called}, ${share}${here ? ", what stands here" : pitch === null ? "" : ": put it here and lock it"}`);
    const row = make("li", { className: here ? "here" : "" }, {}, put);
    if (pitch !== null) {
      const never = music.forbidden.some((one) => one.pitch === pitch && one.first <= explained.onset && explained.onset < one.end && (one.voice ?? explained.voice) === explained.voice);
      const words = never ? `${called} is forbidden here` : `Forbid ${called} here`;
      row.append(make("button", { type: "button", className: "plain forbid", textContent: never ? "Never" : "Forbid", disabled: never }, { "data-forbid": String(pitch), "aria-label": words }));
    }
    return row;
  });
  box.replaceChildren(
    make("div", { className: "head" }, {}, make("h2", { id: "why-name", textContent: name }),
      make("button", { type: "button", className: "icon", title: "Close (Esc)" }, { "aria-label": "Close", "data-close": "why" }, icon("close"))),
    make("p", { textContent: explained.words }),
    make("ol", { className: "plain-list" }, {}, ...rows),
    make("p", { className: "quiet", textContent: "How likely each was, given all before it and the other voices. Click one to put it there and lock it; forbid one, and Redo never writes it here." }),
  );
}
