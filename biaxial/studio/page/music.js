// Music in words and numbers: names of pitches, keys and lengths, places as musicians count them, chords as text.

import { STEPS_PER_QUARTER, barAt, barsOf } from "./document.js";

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Note} Note */
/** @typedef {import('./types.js').Chord} Chord */
/** @typedef {import('./types.js').Selection} Selection */

export const VOICE_NAMES = ["Soprano", "Alto", "Tenor", "Bass"];
export const LETTERS = "SATB";
/** Lowest and highest pitch of each voice over Bach's chorales: where the server puts them by default. */
export const VOICE_RANGES = [[57, 81], [53, 74], [48, 69], [36, 64]];

const FIFTHS = ["Fb", "Cb", "Gb", "Db", "Ab", "Eb", "Bb", "F", "C", "G", "D", "A", "E", "B", "F#", "C#", "G#", "D#", "A#",
  "E#", "B#", "F##", "C##", "G##"];
const C = FIFTHS.indexOf("C");

/** All keys with at most six signs, from six flats to six sharps. */
export const KEYS = ["major", "minor"].flatMap((mode) =>
  Array.from({ length: 13 }, (_, n) => `${FIFTHS[C + n - 6 + (mode === "minor" ? 3 : 0)]} ${mode}`),
);

/**
 * Sharps of a key, flats below zero; 0 where it is not known.
 * @param {string | null} key
 */
export function fifthsOf(key) {
  const [tonic, mode] = (key ?? "C major").split(" ");
  const place = FIFTHS.indexOf(tonic);
  return place < 0 ? 0 : place - C - (mode === "minor" ? 3 : 0);
}

/**
 * The name of a pitch as its key would have it: ``F♯4``.
 * @param {number} pitch
 * @param {string | null} [key]
 */
export function pitchName(pitch, key = null) {
  const first = fifthsOf(key) - 3;
  const place = first + (((pitch * 7 - first) % 12) + 12) % 12;
  const name = FIFTHS[C + place] ?? FIFTHS[C + place + 12];
  const natural = { C: 0, D: 2, E: 4, F: 5, G: 7, A: 9, B: 11 }[name[0]] ?? 0;
  const shift = name.length > 1 ? (name[1] === "#" ? name.length - 1 : 1 - name.length) : 0;
  return `${signs(name)}${Math.floor((pitch - shift - natural) / 12) - 1}`;
}

/**
 * A name with signs for its sharps and flats: ``Eb minor`` as ``E♭ minor``.
 * @param {string} name
 */
export function signs(name) {
  return name[0] + name.slice(1).replace(/^(#+|b+)/, (found) => found.replaceAll("#", "♯").replaceAll("b", "♭"));
}

/**
 * The name of a pitch to be read aloud: ``F sharp 4``.
 * @param {number} pitch
 * @param {string | null} key
 */
export function spokenPitch(pitch, key) {
  return pitchName(pitch, key).replaceAll("♯", " sharp").replaceAll("♭", " flat").replace(/(-?\d+)$/, " $1");
}

const LENGTHS = new Map([
  [1, "sixteenth"], [2, "eighth"], [3, "dotted eighth"], [4, "quarter"], [6, "dotted quarter"], [8, "half"],
  [12, "dotted half"], [16, "whole"], [24, "dotted whole"],
]);

/**
 * How long a note is: ``dotted quarter``.
 * @param {number} steps
 */
export function lengthName(steps) {
  return LENGTHS.get(steps) ?? `${steps / STEPS_PER_QUARTER} quarters`;
}

/**
 * Where a step is as musicians count: the bar, and the quarter note of it from 1.
 * @param {Document} document
 * @param {number} step
 */
export function placeOf(document, step) {
  const bars = barsOf(document, step + 1);
  const bar = bars[barAt(bars, step)];
  const full = bar.number === 0 ? Math.max(0, (bars[1]?.end ?? bar.end) - (bars[1]?.start ?? bar.end) - bar.end) : 0;
  return { bar: bar.number, beat: (step - bar.start + full) / STEPS_PER_QUARTER + 1 };
}

/**
 * A place in words: ``bar 3, beat 2``.
 * @param {Document} document
 * @param {number} step
 */
export function placeWords(document, step) {
  const { bar, beat } = placeOf(document, step);
  return bar === 0 ? `pickup, beat ${beat}` : `bar ${bar}, beat ${beat}`;
}

/**
 * A note in words: ``F sharp 4, quarter, bar 3, beat 2, yours, locked``.
 * @param {Document} document
 * @param {Note} note
 */
export function noteWords(document, note) {
  const words = [
    spokenPitch(note.pitch, document.key), lengthName(note.duration), placeWords(document, note.onset),
    note.from === "you" ? "yours" : "written here",
  ];
  if (note.lock) words.push("locked");
  if (document.fermatas?.includes(note.onset) && note.voice === 0) words.push("fermata");
  return words.join(", ");
}

/**
 * A selection in words.
 * @param {Document} document
 * @param {Selection | null} selection
 */
export function selectionWords(document, selection) {
  if (!selection) return "Nothing is selected: the whole piece is meant";
  const note = document.notes.find((one) => one.id === selection.note);
  if (note && selection.voices.length === 1 && selection.end === note.onset + note.duration) {
    return `${VOICE_NAMES[note.voice]} ${pitchName(note.pitch, document.key)}, ${placeWords(document, note.onset)}`;
  }
  const voices = selection.voices.length === 4 ? "all voices" : selection.voices.map((v) => VOICE_NAMES[v]).join(", ");
  const bars = barsOf(document, selection.end);
  const first = bars[barAt(bars, selection.start)];
  const last = bars[barAt(bars, Math.max(selection.start, selection.end - 1))];
  const whole = first.start === selection.start && last.end <= Math.max(selection.end, document.length);
  if (!whole || (last.end !== selection.end && selection.end !== document.length)) {
    return `${sentence(placeWords(document, selection.start))} to ${placeWords(document, selection.end - 1)}, ${voices}`;
  }
  const name = (/** @type {number} */ number) => (number === 0 ? "pickup" : String(number));
  if (first === last) return `${first.number ? `Bar ${first.number}` : "Pickup"}, ${voices}`;
  return `Bars ${name(first.number)}–${name(last.number)}, ${voices}`;
}

/**
 * With a capital.
 * @param {string} words
 */
export function sentence(words) {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/**
 * The chord symbols of a document as lines of bar, beat and name: ``1.1 C``.
 * @param {Document} document
 */
export function chordText(document) {
  const line = (/** @type {Chord} */ chord) => {
    const { bar, beat } = placeOf(document, chord.onset);
    return `${bar}:${beat} ${chord.name}`;
  };
  return document.chords.map(line).join("\n");
}

/**
 * Chord symbols out of such lines.
 * @param {Document} document
 * @param {string} text
 * @returns {Chord[]}
 * @throws {Error} with a line that names what cannot be read.
 */
export function chordsFrom(document, text) {
  const bars = barsOf(document);
  const chords = new Map();
  for (const line of text.split("\n").map((one) => one.trim()).filter(Boolean)) {
    const found = /^(\d+)(?::(\d+(?:\.\d+)?))?\s+(\S+)$/.exec(line);
    if (!found) throw new Error(`“${line}” is not a chord with its place: write for example “3:1 G7”, bar, beat and name`);
    const bar = bars.find((one) => one.number === Number(found[1]));
    if (!bar) throw new Error(`“${line}”: there is no bar ${found[1]}`);
    const full = placeOf(document, bar.start).beat;
    const onset = bar.start + Math.round((Number(found[2] ?? full) - full) * STEPS_PER_QUARTER);
    if (onset < bar.start || onset >= bar.end) throw new Error(`“${line}”: bar ${found[1]} has no beat ${found[2]}`);
    chords.set(onset, { onset, name: found[3] });
  }
  return [...chords.values()].sort((a, b) => a.onset - b.onset);
}
