// The engraved score: pages of SVG from the server, made safe; where each notehead and each bar lies on the screen;
// which note a click means; what is selected, lit and under the cursor.

import { barsOf } from "./document.js";
import { touches } from "./selection.js";

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Selection} Selection */
/** @typedef {{id: string, x: number, y: number, width: number, height: number}} Head */
/** @typedef {{step: number, x: number}} Anchor */
/** @typedef {{start: number, end: number, left: number, right: number, staves: {top: number, bottom: number}[],
 *   anchors: Anchor[]}} Measure */

const SVG = "http://www.w3.org/2000/svg";
const MM_IN_PIXELS = 4.4;
const DROPPED = new Set(["script", "foreignobject", "style", "iframe", "object", "embed", "animate", "set", "image"]);
/** How far from a notehead a click still means it, in pixels. */
const REACH = 18;

/**
 * A page of music as elements that can do nothing: no scripts, no handlers, no addresses but those within itself.
 * @param {string} text
 * @returns {SVGSVGElement}
 * @throws {Error} if it cannot be read as XML.
 */
export function safeSvg(text) {
  const root = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
  if (root.namespaceURI !== SVG || root.querySelector("parsererror")) throw new Error("the score could not be drawn");
  for (const element of [root, ...root.querySelectorAll("*")]) {
    if (element.namespaceURI !== SVG || DROPPED.has(element.localName.toLowerCase())) {
      element.remove();
      continue;
    }
    for (const { name, value } of [...element.attributes]) {
      const address = name === "href" || name.endsWith(":href");
      if (/^on/i.test(name) || name === "style" || (address && !value.startsWith("#"))) element.removeAttribute(name);
    }
  }
  return /** @type {SVGSVGElement} */ (/** @type {unknown} */ (document.importNode(root, true)));
}

/** The score on the page. */
export class Score {
  /**
   * @param {HTMLElement} box
   * @param {{pick: (id: string, extend: boolean) => void, pickBar: (start: number, end: number, extend: boolean) => void,
   *   clear: () => void}} on
   */
  constructor(box, on) {
    this.box = box;
    this.pages = box.appendChild(document.createElement("div"));
    this.pages.className = "pages";
    this.marks = box.appendChild(document.createElement("div"));
    this.marks.className = "marks";
    this.cursor = box.appendChild(document.createElement("div"));
    this.cursor.className = "cursor";
    this.cursor.hidden = true;
    /** @type {Head[]} */
    this.heads = [];
    /** @type {Measure[]} */
    this.measures = [];
    /** @type {Map<string, Element[]>} */
    this.groups = new Map();
    /** @type {Set<string>} */
    this.lit = new Set();
    /** @type {Document | null} */
    this.document = null;
    /** @type {string | null} */
    this.last = null;
    box.addEventListener("click", (event) => {
      const id = this.noteAt(event.clientX, event.clientY);
      if (id) return on.pick((this.last = id), event.shiftKey);
      const measure = this.measureAt(event.clientX, event.clientY);
      this.last = null;
      if (measure) on.pickBar(measure.start, measure.end, event.shiftKey);
      else on.clear();
    });
  }

  /** How wide a page is to be, in millimetres, to fill the box. */
  get width() {
    const pixels = this.box.clientWidth || 800;
    return Math.max(60, Math.min(400, Math.round(pixels / (pixels < 500 ? 3.9 : MM_IN_PIXELS))));
  }

  /**
   * @param {Document} music
   * @param {ReadonlyArray<string>} pages
   */
  show(music, pages) {
    this.document = music;
    this.pages.replaceChildren(...pages.map(safeSvg));
    this.lit.clear();
    this.groups = new Map();
    for (const group of this.pages.querySelectorAll("[data-note]")) {
      const id = /** @type {SVGElement} */ (group).dataset.note ?? "";
      this.groups.set(id, [...(this.groups.get(id) ?? []), group]);
    }
    for (const note of music.notes) {
      for (const group of this.groups.get(note.id) ?? []) group.classList.add(note.from, note.lock ? "locked" : "free");
    }
    this.measure();
  }

  /** Look where everything lies; again when the page has another width. */
  measure() {
    const music = this.document;
    if (!music) return;
    const origin = this.box.getBoundingClientRect();
    const left = origin.left - this.box.scrollLeft;
    const top = origin.top - this.box.scrollTop;
    const bars = barsOf(music);
    const onsets = new Map(music.notes.map((note) => [note.id, note.onset]));
    this.heads = [];
    this.measures = [...this.pages.querySelectorAll("g.measure")].map((element, n) => {
      const bar = bars[n] ?? bars[bars.length - 1];
      const staves = [...element.querySelectorAll(":scope > g.staff")].map((staff) => {
        const lines = [...staff.querySelectorAll(":scope > path")].map((line) => line.getBoundingClientRect());
        const ends = lines.length ? lines : [staff.getBoundingClientRect()];
        return { left: ends[0].left - left, right: ends[0].right - left, top: ends[0].top - top,
          bottom: ends[ends.length - 1].bottom - top };
      });
      /** @type {Map<number, number>} */
      const anchors = new Map();
      for (const group of element.querySelectorAll("[data-note]")) {
        const rect = (group.querySelector(".notehead") ?? group).getBoundingClientRect();
        const x = rect.left - left + rect.width / 2;
        const id = /** @type {SVGElement} */ (group).dataset.note ?? "";
        this.heads.push({ id, x, y: rect.top - top + rect.height / 2, width: rect.width, height: rect.height });
        const step = Math.max(bar.start, onsets.get(id) ?? bar.start);
        anchors.set(step, Math.min(anchors.get(step) ?? x, x));
      }
      const sorted = [...anchors].sort((a, b) => a[0] - b[0]).map(([step, x]) => ({ step, x }));
      const edge = staves[0] ?? { left: 0, right: 0 };
      return { start: bar.start, end: bar.end, left: edge.left, right: edge.right, staves, anchors: sorted };
    });
  }

  /**
   * The note that a click means: the nearest notehead within reach; where two voices meet on one, each click the next.
   * @param {number} clientX
   * @param {number} clientY
   */
  noteAt(clientX, clientY) {
    const { x, y } = this.within(clientX, clientY);
    const near = this.heads
      .map((head) => ({ head, far: Math.hypot(head.x - x, head.y - y) }))
      .filter(({ head, far }) => far < Math.max(REACH, head.width))
      .sort((a, b) => a.far - b.far);
    if (!near.length) return null;
    const { x: left, y: up } = near[0].head;
    const meeting = near.filter(({ head }) => Math.abs(head.x - left) < 1.5 && Math.abs(head.y - up) < 1.5);
    const ids = [...new Set(meeting.map(({ head }) => head.id))];
    return ids[(ids.indexOf(this.last ?? "") + 1) % ids.length];
  }

  /**
   * @param {number} clientX
   * @param {number} clientY
   */
  within(clientX, clientY) {
    const origin = this.box.getBoundingClientRect();
    return { x: clientX - origin.left + this.box.scrollLeft, y: clientY - origin.top + this.box.scrollTop };
  }

  /**
   * @param {number} clientX
   * @param {number} clientY
   */
  measureAt(clientX, clientY) {
    const { x, y } = this.within(clientX, clientY);
    return this.measures.find((one) => {
      const { top, bottom } = edges(one);
      return one.left <= x && x < one.right && top - 30 <= y && y <= bottom + 30;
    });
  }

  /**
   * Where a step lies in a bar, between the notes around it.
   * @param {Measure} measure
   * @param {number} step
   */
  static x(measure, step) {
    const rows = [...measure.anchors, { step: measure.end, x: measure.right }];
    if (step < rows[0].step) return rows[0].x;
    const next = rows.findIndex((row) => row.step > step);
    if (next < 0) return measure.right;
    const [before, after] = [rows[next - 1], rows[next]];
    return before.x + ((step - before.step) / (after.step - before.step)) * (after.x - before.x);
  }

  /**
   * @param {Selection | null} selection
   * @param {ReadonlySet<string>} faulty notes that break a rule
   */
  mark(selection, faulty) {
    const music = this.document;
    if (!music) return;
    if (!selection || selection.note !== this.last) this.last = selection?.note ?? null;
    for (const note of music.notes) {
      for (const group of this.groups.get(note.id) ?? []) {
        group.classList.toggle("chosen", touches(selection, note));
        group.classList.toggle("focus", note.id === selection?.note);
        group.classList.toggle("faulty", faulty.has(note.id));
      }
    }
    const single = selection?.note && selection.voices.length === 1;
    const covered = selection && !single ? this.measures.filter((m) => m.start < selection.end && selection.start < m.end) : [];
    this.marks.replaceChildren(
      ...(single ? this.heads.filter((head) => head.id === selection.note) : []).map(({ x, y }) => {
        const mark = document.createElement("div");
        mark.className = "halo";
        Object.assign(mark.style, { left: `${x - 15}px`, top: `${y - 15}px` });
        return mark;
      }),
      ...covered.flatMap((measure) => {
        if (!selection) return [];
        const from = selection.start <= measure.start ? measure.left : Score.x(measure, selection.start) - 8;
        const to = selection.end >= measure.end ? measure.right : Score.x(measure, selection.end) - 9;
        const half = measure.staves.length === 2;
        const staves = measure.staves.filter((_, n) =>
          selection.voices.some((voice) => (half ? (voice < 2 ? 0 : 1) : Math.min(voice, measure.staves.length - 1)) === n),
        );
        if (!staves.length) return [];
        const mark = document.createElement("div");
        const top = staves[0].top - 14;
        const height = staves[staves.length - 1].bottom + 14 - top;
        Object.assign(mark.style, { left: `${from}px`, top: `${top}px`, width: `${to - from}px`, height: `${height}px` });
        return [mark];
      }),
    );
  }

  /**
   * Show what sounds, and where.
   * @param {ReadonlyArray<string>} ids
   * @param {number | null} step
   * @param {boolean} follow whether the page turns with the music
   */
  light(ids, step, follow) {
    const now = new Set(ids);
    for (const id of this.lit) if (!now.has(id)) this.groups.get(id)?.forEach((group) => group.classList.remove("lit"));
    for (const id of now) if (!this.lit.has(id)) this.groups.get(id)?.forEach((group) => group.classList.add("lit"));
    this.lit = now;
    const measure = step === null ? undefined : this.measures.find((one) => one.start <= step && step < one.end);
    this.cursor.hidden = !measure;
    if (!measure || step === null) return;
    const { top, bottom } = edges(measure);
    this.cursor.style.transform = `translate(${Score.x(measure, step)}px, ${top - 16}px)`;
    this.cursor.style.height = `${bottom - top + 32}px`;
    if (follow) this.reveal(top - 30, bottom + 30);
  }

  /**
   * Scroll so that a selection can be seen.
   * @param {Selection} selection
   */
  lookAt(selection) {
    const measure = this.measures.find((one) => one.start <= selection.start && selection.start < one.end);
    if (measure) this.reveal(edges(measure).top - 30, edges(measure).bottom + 30);
  }

  /**
   * @param {number} top
   * @param {number} bottom
   */
  reveal(top, bottom) {
    const { scrollTop, clientHeight } = this.box;
    if (top < scrollTop || bottom > scrollTop + clientHeight) this.box.scrollTop = Math.max(0, top - 10);
    const above = this.box.getBoundingClientRect().top - this.box.scrollTop;
    const sheet = innerWidth <= 600 ? "#why:not([hidden])" : "#deck";
    const free = (document.querySelector(sheet) ?? document.querySelector("#deck"))?.getBoundingClientRect().top ?? innerHeight;
    if (above + top < 0 || above + bottom > free) scrollBy({ top: above + top - Math.max(8, (free - bottom + top) / 3) });
  }
}

/**
 * @param {Measure} measure
 */
function edges(measure) {
  return { top: measure.staves[0]?.top ?? 0, bottom: measure.staves[measure.staves.length - 1]?.bottom ?? 0 };
}
