// The piano roll: time to the right, pitch upwards, drawn on a canvas as wide as its window. A click selects, a double
// click writes, dragging a note moves it, dragging over nothing selects a stretch.

import { STEPS_PER_QUARTER, barsOf } from "./document.js";
import { pitchName } from "./music.js";
import { touches } from "./selection.js";

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Note} Note */
/** @typedef {import('./types.js').Selection} Selection */
/**
 * @typedef {{pick: (id: string, extend: boolean) => void, span: (start: number, end: number, voices: number[]) => void,
 *   caret: (step: number) => void, write: (step: number, pitch: number) => void,
 *   move: (id: string, pitch: number, steps: number) => void}} RollEvents
 */

const RULER = 20;
const KEYS = 34;
const LEAST_STEP = 5;
const MOST_STEP = 14;
const BLACK = new Set([1, 3, 6, 8, 10]);

/**
 * The pitches that the roll shows: all notes and some room, two octaves at least.
 * @param {ReadonlyArray<Note>} notes
 */
export function pitchWindow(notes) {
  const pitches = notes.length ? notes.map((note) => note.pitch) : [48, 72];
  let low = Math.min(...pitches) - 3;
  let high = Math.max(...pitches) + 3;
  while (high - low < 28) {
    if (low > 0) low -= 1;
    if (high < 127) high += 1;
  }
  return { low: Math.max(0, low), high: Math.min(127, high) };
}

/** The roll on the page. */
export class Roll {
  /**
   * @param {HTMLElement} box
   * @param {HTMLCanvasElement} canvas
   * @param {RollEvents} on
   */
  constructor(box, canvas, on) {
    this.box = box;
    this.canvas = canvas;
    this.on = on;
    this.space = box.insertBefore(document.createElement("div"), canvas);
    this.space.className = "roll-space";
    this.space.append(canvas);
    /** @type {Document | null} */
    this.document = null;
    /** @type {Selection | null} */
    this.selection = null;
    /** @type {ReadonlySet<string>} */
    this.lit = new Set();
    /** @type {ReadonlySet<string>} */
    this.faulty = new Set();
    /** @type {number | null} */
    this.playing = null;
    this.caret = 0;
    /** @type {{x: number, y: number, note: Note | null, toX: number, toY: number} | null} */
    this.drag = null;
    this.asked = 0;
    box.addEventListener("scroll", () => this.draw());
    canvas.addEventListener("pointerdown", (event) => this.down(event));
    canvas.addEventListener("pointermove", (event) => this.moved(event));
    canvas.addEventListener("pointerup", (event) => this.up(event));
    canvas.addEventListener("pointercancel", () => {
      this.drag = null;
      this.draw();
    });
    canvas.addEventListener("dblclick", (event) => {
      const { step, pitch, y } = this.at(event);
      if (y > RULER && !this.noteAt(event)) on.write(step, pitch);
    });
  }

  /**
   * @param {Document} music
   */
  show(music) {
    this.document = music;
    const { clientWidth } = this.box;
    this.steps = (barsOf(music, music.length).at(-1)?.end ?? 0) + (music.length < 64 ? 64 - Math.min(64, music.length) : 0);
    const bars = barsOf(music, this.steps + 1);
    this.steps = bars[bars.length - 1].end;
    this.perStep = Math.max(LEAST_STEP, Math.min(MOST_STEP, (clientWidth - KEYS - 4) / this.steps));
    Object.assign(this, pitchWindow(music.notes));
    this.space.style.width = `${Math.max(clientWidth, KEYS + this.steps * this.perStep)}px`;
    this.draw();
  }

  steps = 64;
  perStep = LEAST_STEP;
  low = 45;
  high = 75;

  /**
   * @param {{clientX: number, clientY: number}} event
   */
  at(event) {
    const rect = this.canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - rect.left, event.clientY - rect.top];
    const step = Math.floor((x - KEYS + this.box.scrollLeft) / this.perStep);
    const row = (this.canvas.clientHeight - RULER) / (this.high - this.low + 1);
    return { x, y, step: Math.max(0, step), pitch: this.high - Math.floor((y - RULER) / row) };
  }

  /**
   * @param {{clientX: number, clientY: number}} event
   * @param {number} [slack] semitones around that count too
   */
  noteAt(event, slack = 0) {
    const { step, pitch } = this.at(event);
    const here = (this.document?.notes ?? []).filter(
      (n) => Math.abs(n.pitch - pitch) <= slack && n.onset <= step && step < n.onset + n.duration,
    );
    const place = here.findIndex((note) => note.id === this.selection?.note);
    return here[(place + 1) % here.length] ?? null;
  }

  /**
   * @param {PointerEvent} event
   */
  down(event) {
    if (event.button) return;
    const { x, y } = this.at(event);
    const note = y <= RULER ? null : (this.noteAt(event) ?? (event.pointerType === "touch" ? this.noteAt(event, 1) : null));
    this.drag = { x, y, note, toX: x, toY: y };
    if (event.pointerType !== "touch") this.canvas.setPointerCapture(event.pointerId);
  }

  /**
   * @param {PointerEvent} event
   */
  moved(event) {
    if (!this.drag || event.pointerType === "touch") return;
    const { x, y } = this.at(event);
    Object.assign(this.drag, { toX: x, toY: y });
    this.draw();
  }

  /**
   * @param {PointerEvent} event
   */
  up(event) {
    const { drag, document: music } = this;
    this.drag = null;
    if (!drag || !music) return;
    const { step, x, y } = this.at(event);
    const { pitch, steps } = this.shift({ ...drag, toX: x, toY: y });
    const far = Math.hypot(x - drag.x, y - drag.y) > 4;
    if (drag.y <= RULER) {
      const [first, last] = [Math.min(drag.x, x), Math.max(drag.x, x)].map((one) => this.stepOf(one));
      const bars = barsOf(music, this.steps).filter((bar) => bar.start <= last && first < bar.end);
      if (bars.length) this.on.span(bars[0].start, bars[bars.length - 1].end, [0, 1, 2, 3]);
    } else if (!far && drag.note) this.on.pick(drag.note.id, event.shiftKey);
    else if (!far) this.on.caret(step - (step % 2));
    else if (drag.note && (pitch || steps)) this.on.move(drag.note.id, pitch, steps);
    else if (!drag.note) this.select(music, drag, x, y);
    this.draw();
  }

  /**
   * @param {Document} music
   * @param {{x: number, y: number}} drag
   * @param {number} x
   * @param {number} y
   */
  select(music, drag, x, y) {
    const beat = STEPS_PER_QUARTER;
    const [left, right] = [Math.min(drag.x, x), Math.max(drag.x, x)].map((one) => this.stepOf(one));
    const start = left - ((((left - music.pickup) % beat) + beat) % beat);
    const end = right + beat - ((((right - music.pickup) % beat) + beat) % beat);
    const [above, below] = [Math.min(drag.y, y), Math.max(drag.y, y)].map((one) => this.pitchOf(one));
    const hit = music.notes.filter(
      (n) => n.onset < end && start < n.onset + n.duration && below <= n.pitch && n.pitch <= above,
    );
    const voices = [...new Set(hit.map((note) => note.voice))].sort();
    this.on.span(Math.max(0, start), end, voices.length ? voices : [0, 1, 2, 3]);
  }

  /**
   * @param {number} x
   */
  stepOf(x) {
    return Math.max(0, Math.floor((x - KEYS + this.box.scrollLeft) / this.perStep));
  }

  /**
   * @param {number} y
   */
  pitchOf(y) {
    return this.high - Math.floor(((y - RULER) * (this.high - this.low + 1)) / (this.canvas.clientHeight - RULER));
  }

  /**
   * How far a note has been dragged.
   * @param {{x: number, y: number, toX: number, toY: number}} drag
   */
  shift(drag) {
    const row = (this.canvas.clientHeight - RULER) / (this.high - this.low + 1);
    return { pitch: Math.round((drag.y - drag.toY) / row), steps: Math.round((drag.toX - drag.x) / this.perStep) };
  }

  /**
   * Scroll so that a step can be seen.
   * @param {number} step
   */
  lookAt(step) {
    const x = step * this.perStep;
    const { scrollLeft, clientWidth } = this.box;
    if (x < scrollLeft || x > scrollLeft + clientWidth - KEYS - 40) this.box.scrollLeft = Math.max(0, x - 60);
  }

  /** Draw at the next frame, once however often it is asked. */
  draw() {
    this.asked ||= requestAnimationFrame(() => {
      this.asked = 0;
      this.paint();
    });
  }

  paint() {
    const { canvas, box, document: music } = this;
    const [width, height] = [box.clientWidth, canvas.clientHeight];
    const pen = canvas.getContext("2d");
    if (!music || !pen || !width) return;
    const scale = devicePixelRatio;
    canvas.style.width = `${width}px`;
    if (canvas.width !== Math.round(width * scale) || canvas.height !== Math.round(height * scale)) {
      Object.assign(canvas, { width: Math.round(width * scale), height: Math.round(height * scale) });
    }
    pen.setTransform(scale, 0, 0, scale, 0, 0);
    const style = getComputedStyle(canvas);
    const colour = (/** @type {string} */ name) => style.getPropertyValue(`--${name}`);
    const row = (height - RULER) / (this.high - this.low + 1);
    const x = (/** @type {number} */ step) => KEYS + step * this.perStep - box.scrollLeft;
    const y = (/** @type {number} */ pitch) => RULER + (this.high - pitch) * row;
    pen.fillStyle = colour("paper");
    pen.fillRect(0, 0, width, height);
    for (let pitch = this.low; pitch <= this.high; pitch += 1) {
      pen.fillStyle = colour("shade");
      if (BLACK.has(pitch % 12)) pen.fillRect(KEYS, y(pitch), width, row);
      pen.fillStyle = colour("hair");
      if (pitch % 12 === 0) pen.fillRect(KEYS, y(pitch) + row - 1, width, 1);
    }
    const { selection } = this;
    if (selection) {
      pen.fillStyle = colour("chosen-wash");
      pen.fillRect(x(selection.start), RULER, (selection.end - selection.start) * this.perStep, height - RULER);
    }
    this.lines(pen, music, colour, x, width, height);
    const all = [...music.notes].sort((a, b) => b.voice - a.voice);
    for (const note of all) {
      const moving = this.drag?.note?.id === note.id && Math.hypot(this.drag.toX - this.drag.x, this.drag.toY - this.drag.y) > 4;
      const by = moving && this.drag ? this.shift(this.drag) : { pitch: 0, steps: 0 };
      const left = x(note.onset + by.steps);
      const wide = note.duration * this.perStep;
      if (left > width || left + wide < KEYS) continue;
      this.bar(pen, note, left + 0.5, y(note.pitch + by.pitch) + 0.5, wide - 1.5, row - 1, colour);
    }
    if (this.drag && !this.drag.note) {
      const { x: fromX, y: fromY, toX, toY } = this.drag;
      pen.strokeStyle = colour("accent");
      pen.strokeRect(Math.min(fromX, toX), Math.min(fromY, toY), Math.abs(toX - fromX), Math.abs(toY - fromY));
    }
    pen.fillStyle = colour("accent");
    if (this.playing === null) pen.fillRect(x(this.caret), RULER, 1.5, height - RULER);
    pen.fillStyle = colour("bright");
    if (this.playing !== null) pen.fillRect(x(this.playing) - 1, 0, 2, height);
    this.keyboard(pen, colour, y, row, height);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Document} music
   * @param {(name: string) => string} colour
   * @param {(step: number) => number} x
   * @param {number} width
   * @param {number} height
   */
  lines(pen, music, colour, x, width, height) {
    pen.font = "11px system-ui, sans-serif";
    pen.textBaseline = "middle";
    pen.fillStyle = colour("shade");
    pen.fillRect(0, 0, width, RULER);
    let written = -100;
    for (const bar of barsOf(music, this.steps)) {
      if (x(bar.end) < KEYS || x(bar.start) > width) continue;
      pen.fillStyle = colour("hair");
      for (let step = bar.start + STEPS_PER_QUARTER; step < bar.end; step += STEPS_PER_QUARTER) {
        pen.fillRect(x(step), RULER, 1, height - RULER);
      }
      pen.fillStyle = colour("line");
      pen.fillRect(x(bar.start), 0, 1, height);
      pen.fillStyle = colour("quiet");
      if (x(bar.start) - written < 26) continue;
      written = x(bar.start);
      if (bar.number) pen.fillText(String(bar.number), x(bar.start) + 4, RULER / 2 + 1);
    }
    pen.fillStyle = colour("beyond");
    if (x(music.length) < width) pen.fillRect(Math.max(KEYS, x(music.length)), RULER, width, height - RULER);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Note} note
   * @param {number} left
   * @param {number} top
   * @param {number} wide
   * @param {number} high
   * @param {(name: string) => string} colour
   */
  bar(pen, note, left, top, wide, high, colour) {
    const tone = colour(`voice-${note.voice}`);
    const chosen = touches(this.selection, note);
    pen.beginPath();
    pen.roundRect(left, top, Math.max(2, wide), high, Math.min(3, high / 2));
    pen.fillStyle = this.lit.has(note.id) ? colour("bright") : tone;
    pen.globalAlpha = note.lock || this.lit.has(note.id) ? 1 : 0.45;
    pen.fill();
    pen.globalAlpha = 1;
    pen.lineWidth = chosen ? 2 : 1;
    pen.strokeStyle = this.faulty.has(note.id) ? colour("wrong") : chosen ? colour("ink") : tone;
    if (this.faulty.has(note.id)) pen.lineWidth = 2;
    pen.stroke();
    if (note.id === this.selection?.note) {
      pen.fillStyle = colour("ink");
      pen.fillRect(left, top + high + 1.5, Math.max(2, wide), 2);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {(name: string) => string} colour
   * @param {(pitch: number) => number} y
   * @param {number} row
   * @param {number} height
   */
  keyboard(pen, colour, y, row, height) {
    pen.fillStyle = colour("paper");
    pen.fillRect(0, RULER, KEYS, height);
    pen.fillStyle = colour("line");
    pen.fillRect(KEYS - 1, 0, 1, height);
    pen.fillStyle = colour("quiet");
    for (let pitch = this.low; pitch <= this.high; pitch += 1) {
      if (pitch % 12 === 0) pen.fillText(pitchName(pitch), 6, y(pitch) + row / 2);
    }
  }
}
