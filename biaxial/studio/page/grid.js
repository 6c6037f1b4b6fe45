// The notes as a grid of words, a row for each voice: what the keyboard walks in and what is read aloud, beside the
// engraved score and the roll, which are pictures. Only the bars around the place are in it, however long the piece.

import { barAt, barsOf, inReadingOrder } from "./document.js";
import { VOICE_NAMES, noteWords } from "./music.js";

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Selection} Selection */

const BARS_AROUND = 4;

/** The grid on the page. */
export class Grid {
  /**
   * @param {HTMLElement} box
   */
  constructor(box) {
    this.box = box;
    this.table = box.appendChild(document.createElement("div"));
    this.table.setAttribute("role", "grid");
    this.table.setAttribute("aria-label", "Notes");
    this.table.setAttribute("aria-rowcount", "4");
    this.table.setAttribute("aria-multiselectable", "true");
  }

  /**
   * @param {Document} music
   * @param {Selection | null} selection
   */
  show(music, selection) {
    const focused = this.box.contains(document.activeElement);
    const bars = barsOf(music);
    const middle = barAt(bars, selection?.start ?? 0);
    const first = bars[Math.max(0, middle - BARS_AROUND)].start;
    const end = bars[Math.min(bars.length - 1, middle + BARS_AROUND)].end;
    const notes = inReadingOrder(music.notes);
    const active = notes.find((note) => note.id === selection?.note) ??
      notes.find((note) => note.onset >= (selection?.start ?? 0)) ?? notes[0];
    const rows = VOICE_NAMES.map((name, voice) => {
      const row = element("div", "row", { "aria-rowindex": String(voice + 1) });
      const line = notes.filter((note) => note.voice === voice);
      row.append(element("span", "rowheader", {}, line.length ? name : `${name}: nothing yet`));
      for (const [n, note] of line.entries()) {
        if (note !== active && (note.onset < first || note.onset >= end)) continue;
        const chosen = selection !== null && selection.voices.includes(voice) &&
          selection.start <= note.onset && note.onset < selection.end;
        const cell = element("span", "gridcell", { "aria-colindex": String(n + 2), "aria-selected": String(chosen) });
        cell.textContent = noteWords(music, note);
        cell.dataset.cell = note.id;
        cell.tabIndex = note === active ? 0 : -1;
        row.append(cell);
      }
      return row;
    });
    if (!active) {
      const cell = element("span", "gridcell", { "aria-colindex": "2" }, "Nothing is written yet");
      cell.tabIndex = 0;
      rows[0].append(cell);
    }
    const most = Math.max(1, ...VOICE_NAMES.map((_, voice) => notes.filter((note) => note.voice === voice).length));
    this.table.setAttribute("aria-colcount", String(most + 1));
    this.table.replaceChildren(...rows);
    if (focused) this.focus();
  }

  /** Give the grid the focus, without moving the page. */
  focus() {
    /** @type {HTMLElement | null} */ (this.table.querySelector('[tabindex="0"]'))?.focus({ preventScroll: true });
  }
}

/**
 * @param {string} tag
 * @param {string} role
 * @param {Record<string, string>} attributes
 * @param {string} [text]
 */
function element(tag, role, attributes, text = "") {
  const made = document.createElement(tag);
  made.setAttribute("role", role);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.textContent = text;
  return made;
}
