// What is selected: a stretch of time in some voices, and the note that the arrows walk from, if it is one.
// Times are ticks; a stretch goes from its start to before its end.

import { barAt, barsOf, inReadingOrder } from "./document.js";

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Note} Note */
/** @typedef {import('./types.js').Selection} Selection */

export const VOICES = [0, 1, 2, 3];

/**
 * A single note.
 * @param {Note} note
 * @returns {Selection}
 */
export function ofNote(note) {
  return { start: note.onset, end: note.onset + note.duration, voices: [note.voice], note: note.id };
}

/**
 * A stretch of time in some voices.
 * @param {number} start
 * @param {number} end
 * @param {ReadonlyArray<number>} [voices]
 * @returns {Selection}
 */
export function ofSpan(start, end, voices = VOICES) {
  return { start: Math.min(start, end), end: Math.max(start, end), voices: [...new Set(voices)].sort(), note: null };
}

/**
 * Everything.
 * @param {Document} document
 * @returns {Selection}
 */
export function ofAll(document) {
  return ofSpan(0, document.length);
}

/**
 * The smallest selection that holds two.
 * @param {Selection} one
 * @param {Selection} other
 * @returns {Selection}
 */
export function joined(one, other) {
  const voices = [...one.voices, ...other.voices];
  const all = VOICES.filter((voice) => Math.min(...voices) <= voice && voice <= Math.max(...voices));
  return { ...ofSpan(Math.min(one.start, other.start), Math.max(one.end, other.end), all), note: other.note };
}

/**
 * The selection in whole bars.
 * @param {Document} document
 * @param {Selection} selection
 * @returns {Selection}
 */
export function inBars(document, selection) {
  const bars = barsOf(document);
  const first = bars[barAt(bars, selection.start)];
  const last = bars[barAt(bars, Math.max(selection.start, selection.end - 1))];
  return { ...selection, start: first.start, end: last.end };
}

/**
 * Whether any part of a note is selected.
 * @param {Selection | null} selection
 * @param {Note} note
 */
export function touches(selection, note) {
  if (!selection || !selection.voices.includes(note.voice)) return false;
  return note.onset < selection.end && selection.start < note.onset + note.duration;
}

/**
 * The notes that begin in the selection.
 * @param {Document} document
 * @param {Selection | null} selection
 * @returns {Note[]}
 */
export function selectedNotes(document, selection) {
  if (!selection) return [];
  const { start, end, voices } = selection;
  return document.notes.filter((n) => voices.includes(n.voice) && start <= n.onset && n.onset < end);
}

/**
 * The note to which an arrow leads: left and right in the voice, up and down to what sounds then in the next one.
 * @param {Document} document
 * @param {string | null} id
 * @param {"left" | "right" | "up" | "down"} way
 * @returns {Note | null} the same note at the edge of the music, the first of all if none is named.
 */
export function neighbour(document, id, way) {
  const notes = inReadingOrder(document.notes);
  const from = notes.find((note) => note.id === id);
  if (!from) return notes[0] ?? null;
  if (way === "left" || way === "right") {
    const line = notes.filter((note) => note.voice === from.voice);
    return line[line.indexOf(from) + (way === "left" ? -1 : 1)] ?? from;
  }
  const step = way === "up" ? -1 : 1;
  for (let voice = from.voice + step; VOICES.includes(voice); voice += step) {
    const line = notes.filter((note) => note.voice === voice);
    if (!line.length) continue;
    return line.filter((note) => note.onset <= from.onset).at(-1) ?? line[0];
  }
  return from;
}

/**
 * The same selection in a document that has changed: its note if it is still there, its stretch as far as it lasts.
 * @param {Document} document
 * @param {Selection | null} selection
 * @returns {Selection | null}
 */
export function kept(document, selection) {
  if (!selection) return null;
  const note = document.notes.find((one) => one.id === selection.note);
  if (note && selection.note && selection.voices.length === 1) return ofNote(note);
  const end = Math.min(selection.end, document.length);
  return selection.start < end ? { ...selection, end, note: note ? note.id : null } : null;
}
