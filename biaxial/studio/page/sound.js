// Sound: the stems that the server has rendered, one for each voice, mixed here; and single notes from its bank.
// The clock of the sound is the clock of everything that moves: the cursor and the lit notes follow it.

import { sound as fetched } from "./api.js";

/** @typedef {import('./types.js').SoundHeader} SoundHeader */
/** @typedef {{header: SoundHeader, buffers: AudioBuffer[], voices: number[]}} Stems */

const FADE_SECONDS = 0.03;
const AHEAD_SECONDS = 0.05;

/**
 * The row below which a value lies, and how far it is on the way to the next row.
 * @param {ReadonlyArray<number>} from a rising column
 * @param {ReadonlyArray<number>} to
 * @param {number} value
 */
function between(from, to, value) {
  let low = 0;
  let high = from.length - 1;
  if (high < 0 || value <= from[0]) return to[0] ?? 0;
  if (value >= from[high]) return to[high];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle] <= value) low = middle;
    else high = middle;
  }
  return to[low] + ((value - from[low]) / (from[high] - from[low])) * (to[high] - to[low]);
}

/**
 * When a step sounds.
 * @param {Pick<SoundHeader, "steps" | "times">} table
 * @param {number} step
 */
export function secondsAt(table, step) {
  return between(table.steps, table.times, step);
}

/**
 * What step sounds then.
 * @param {Pick<SoundHeader, "steps" | "times">} table
 * @param {number} seconds
 */
export function stepAt(table, seconds) {
  return between(table.times, table.steps, seconds);
}

/**
 * Where playing has come to.
 * @param {number} elapsed seconds since the sound began
 * @param {number} from where it began
 * @param {{start: number, end: number} | null} loop
 */
export function positionAfter(elapsed, from, loop) {
  const reached = from + Math.max(0, elapsed);
  if (!loop || reached < loop.end || loop.end <= loop.start) return reached;
  return loop.start + ((reached - loop.start) % (loop.end - loop.start));
}

/**
 * The ids of the notes that sound at a moment.
 * @param {Pick<SoundHeader, "notes">} header
 * @param {number} seconds
 */
export function soundingAt(header, seconds) {
  return header.notes.filter((note) => note.start <= seconds && seconds < note.end).map((note) => note.note);
}

/**
 * How loud each voice is: nothing where it is muted, or another is solo and it is not.
 * @param {ReadonlyArray<boolean>} muted
 * @param {ReadonlyArray<boolean>} solo
 */
export function gains(muted, solo) {
  const some = solo.some(Boolean);
  return muted.map((off, voice) => (off || (some && !solo[voice]) ? 0 : 1));
}

/** What plays, and where. One for the page. */
export class Player {
  constructor() {
    /** @type {AudioContext | null} */
    this.context = null;
    /** @type {{sources: AudioBufferSourceNode[], out: GainNode, gains: GainNode[], stems: Stems, at: number,
     *   from: number, loop: {start: number, end: number} | null} | null} */
    this.playing = null;
    /** @type {number[]} */
    this.levels = [1, 1, 1, 1];
    /** @type {Map<string, Promise<Stems>>} */
    this.cache = new Map();
    /** @type {Map<string, Promise<Map<number, AudioBuffer>>>} */
    this.banks = new Map();
    /** Called when the sound has come to its end. */
    this.ended = () => {};
  }

  /** The context, made at the first press, as browsers want it. */
  ready() {
    this.context ??= new AudioContext({ latencyHint: "interactive" });
    if (this.context.state === "suspended") void this.context.resume();
    return this.context;
  }

  /**
   * The stems of a request, kept for the last few.
   * @param {object} request
   * @returns {Promise<Stems>}
   */
  stems(request) {
    const name = JSON.stringify(request);
    const known = this.cache.get(name);
    if (known) {
      this.cache.delete(name);
      this.cache.set(name, known);
      return known;
    }
    const made = fetched(request).then(({ header, samples }) => ({
      header,
      voices: header.sounds.map((stem) => stem.voice ?? 0),
      buffers: header.sounds.map((stem) => this.buffer(header.rate, samples, stem)),
    }));
    made.catch(() => this.cache.delete(name));
    this.cache.set(name, made);
    for (const old of [...this.cache.keys()].slice(0, -5)) this.cache.delete(old);
    return made;
  }

  /**
   * @param {number} rate
   * @param {Int16Array} samples
   * @param {import('./types.js').Stem} stem
   */
  buffer(rate, samples, stem) {
    const buffer = this.ready().createBuffer(2, Math.max(1, stem.frames), rate);
    const first = stem.offset / 2;
    for (const side of [0, 1]) {
      const channel = buffer.getChannelData(side);
      for (let n = 0, at = first + side; n < stem.frames; n += 1, at += 2) channel[n] = samples[at] / 32768;
    }
    return buffer;
  }

  /**
   * Play stems from a moment on; what played before gives way softly.
   * @param {Stems} stems
   * @param {number} from seconds
   * @param {{start: number, end: number} | null} loop seconds
   */
  play(stems, from, loop) {
    this.stop();
    const context = this.ready();
    const at = context.currentTime + AHEAD_SECONDS;
    const out = new GainNode(context);
    out.connect(context.destination);
    const mixed = stems.buffers.map((_, n) => new GainNode(context, { gain: this.levels[stems.voices[n]] }));
    const sources = stems.buffers.map((buffer, n) => {
      const source = new AudioBufferSourceNode(context, { buffer });
      if (loop) Object.assign(source, { loop: true, loopStart: loop.start, loopEnd: loop.end });
      source.connect(mixed[n]).connect(out);
      source.start(at, from);
      return source;
    });
    const now = { sources, out, gains: mixed, stems, at, from, loop };
    this.playing = now;
    if (sources[0]) {
      sources[0].onended = () => {
        if (this.playing !== now) return;
        this.playing = null;
        this.ended();
      };
    }
  }

  /** Stop, within a blink, without a click. */
  stop() {
    const { playing, context } = this;
    if (!playing || !context) return;
    this.playing = null;
    playing.out.gain.setTargetAtTime(0, context.currentTime, FADE_SECONDS / 3);
    for (const source of playing.sources) source.stop(context.currentTime + FADE_SECONDS);
  }

  /** The seconds of the music that are heard now; null where nothing plays. */
  position() {
    if (!this.playing || !this.context) return null;
    const late = this.context.outputLatency || this.context.baseLatency || 0;
    return positionAfter(this.context.currentTime - this.playing.at - late, this.playing.from, this.playing.loop);
  }

  /**
   * @param {number[]} levels
   */
  mix(levels) {
    this.levels = levels;
    const { playing, context } = this;
    if (!playing || !context) return;
    playing.gains.forEach((gain, n) =>
      gain.gain.setTargetAtTime(levels[playing.stems.voices[n]], context.currentTime, FADE_SECONDS / 3),
    );
  }

  /**
   * Let a single note be heard.
   * @param {number} pitch
   * @param {string} instrument
   */
  async note(pitch, instrument) {
    const context = this.ready();
    let bank = this.banks.get(instrument);
    if (!bank) {
      bank = fetched({ what: "bank", instrument }).then(
        ({ header, samples }) =>
          new Map(header.sounds.map((one) => [one.pitch ?? 0, this.buffer(header.rate, samples, one)])),
      );
      bank.catch(() => this.banks.delete(instrument));
      this.banks.set(instrument, bank);
    }
    const buffer = (await bank).get(pitch);
    if (!buffer) return;
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(context.destination);
    source.start();
  }
}
