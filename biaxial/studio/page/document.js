// What can be done to a document: every function returns a new one, or the same one where nothing changes.
// What the user writes or moves is the user's and locked; what a verb writes is the machine's and free.

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Note} Note */
/** @typedef {import('./types.js').Span} Span */
/** @typedef {import('./types.js').Bar} Bar */
/** @typedef {import('./types.js').Forbid} Forbid */

export const STEPS_PER_QUARTER = 4;
export const MOST_BARS = 1000;

/**
 * A piece without notes.
 * @param {Partial<Document>} [fields]
 * @returns {Document}
 */
export function emptyDocument(fields = {}) {
  const parts = { notes: [], chords: [], forbidden: [], words: [], fermatas: null };
  return { metre: "4/4", pickup: 0, length: 0, tempo: 76, key: null, ...parts, seed: 0, title: "", style: "", ...fields };
}

/**
 * Notes by onset and voice, as the server has them.
 * @param {ReadonlyArray<Note>} notes
 */
export function inReadingOrder(notes) {
  return [...notes].sort((a, b) => a.onset - b.onset || a.voice - b.voice || a.pitch - b.pitch);
}

/**
 * Steps of a bar; 16 where the metre cannot be read.
 * @param {string} metre
 */
export function barSteps(metre) {
  const [above, below] = metre.split("/").map(Number);
  const steps = (above * 4 * STEPS_PER_QUARTER) / below;
  return Number.isInteger(steps) && steps > 0 ? steps : 16;
}

/**
 * The bars of a document, one at least; the pickup is bar 0.
 * @param {Document} document
 * @param {number} [until] a step up to which there are to be bars, also beyond the end of the piece
 * @returns {Bar[]}
 */
export function barsOf(document, until = 0) {
  const steps = barSteps(document.metre);
  const end = Math.max(document.length, until, document.pickup + 1);
  /** @type {Bar[]} */
  const bars = document.pickup ? [{ number: 0, start: 0, end: document.pickup }] : [];
  for (let start = document.pickup; start < end; start += steps) {
    bars.push({ number: bars.length + (document.pickup ? 0 : 1), start, end: start + steps });
  }
  return bars;
}

/**
 * The index of the bar that holds a step.
 * @param {ReadonlyArray<Bar>} bars
 * @param {number} step
 */
export function barAt(bars, step) {
  const found = bars.findIndex((bar) => step < bar.end);
  return found < 0 ? bars.length - 1 : found;
}

/**
 * A name for a note that no other one has.
 * @param {ReadonlyArray<Note>} notes
 */
export function freshId(notes) {
  const numbers = notes.map((note) => Number(/^u(\d+)$/.exec(note.id)?.[1] ?? 0));
  return `u${Math.max(0, ...numbers) + 1}`;
}

/**
 * The document with other notes, in order and as long as they need.
 * @param {Document} document
 * @param {ReadonlyArray<Note>} notes
 * @returns {Document}
 */
function withNotes(document, notes) {
  const last = Math.max(0, ...notes.map((note) => note.onset + note.duration));
  const before = Math.max(0, ...document.notes.map((note) => note.onset + note.duration));
  const trimmed = before === document.length && last < before ? last : document.length;
  return ending({ ...document, notes: inReadingOrder(notes) }, Math.max(trimmed, last));
}

/**
 * The document with another end; nothing stands behind it.
 * @param {Document} document
 * @param {number} length
 * @returns {Document}
 */
function ending(document, length) {
  if (length >= document.length) return length === document.length ? document : { ...document, length };
  const chords = document.chords.filter((chord) => chord.onset < length);
  const words = document.words.filter((word) => word.onset < length);
  const fermatas = document.fermatas?.filter((onset) => onset < length);
  return { ...document, length, chords, words, fermatas: fermatas?.length ? fermatas : null };
}

/**
 * The notes of a voice make room from one step to before another: what begins there goes, what reaches in is cut.
 * @param {ReadonlyArray<Note>} notes
 * @param {number} voice
 * @param {number} first
 * @param {number} end
 */
function cleared(notes, voice, first, end) {
  return notes.flatMap((note) => {
    if (note.voice !== voice || note.onset >= end || note.onset + note.duration <= first) return [note];
    return note.onset < first ? [{ ...note, duration: first - note.onset }] : [];
  });
}

/**
 * A note that the user writes; others of its voice make room.
 * @param {Document} document
 * @param {{voice: number, onset: number, duration: number, pitch: number}} place
 * @returns {Document}
 */
export function written(document, { voice, onset, duration, pitch }) {
  if (onset < 0 || duration < 1 || pitch < 0 || pitch > 127) return document;
  const id = freshId(document.notes);
  const rest = cleared(document.notes, voice, onset, onset + duration);
  return withNotes(document, [...rest, { id, voice, onset, duration, pitch, lock: true, from: "you" }]);
}

/**
 * Without some notes.
 * @param {Document} document
 * @param {ReadonlyArray<string>} ids
 * @returns {Document}
 */
export function removed(document, ids) {
  const notes = document.notes.filter((note) => !ids.includes(note.id));
  return notes.length === document.notes.length ? document : withNotes(document, notes);
}

/**
 * Notes moved by semitones and steps together; the same document if one of them would leave the music or meet another.
 * @param {Document} document
 * @param {ReadonlyArray<string>} ids
 * @param {{pitch?: number, steps?: number}} by
 * @returns {Document}
 */
export function nudged(document, ids, { pitch = 0, steps = 0 }) {
  const moving = document.notes.filter((note) => ids.includes(note.id));
  if (!moving.length || (!pitch && !steps)) return document;
  /** @type {Note[]} */
  const there = moving.map((note) => ({
    ...note, pitch: note.pitch + pitch, onset: note.onset + steps, lock: true, from: "you",
  }));
  const staying = document.notes.filter((note) => !ids.includes(note.id));
  const outside = there.some((note) => note.pitch < 0 || note.pitch > 127 || note.onset < 0);
  return outside || there.some((note) => meets(staying, note)) ? document : withNotes(document, [...staying, ...there]);
}

/**
 * Whether a note overlaps another of its voice.
 * @param {ReadonlyArray<Note>} notes
 * @param {Note} note
 */
function meets(notes, note) {
  return notes.some(
    (other) =>
      other.voice === note.voice && other.id !== note.id &&
      other.onset < note.onset + note.duration && note.onset < other.onset + other.duration,
  );
}

/**
 * Notes made longer or shorter by some steps, as far as the next note of their voice.
 * @param {Document} document
 * @param {ReadonlyArray<string>} ids
 * @param {number} by
 * @returns {Document}
 */
export function lengthened(document, ids, by) {
  let changed = false;
  const notes = document.notes.map((note) => {
    if (!ids.includes(note.id)) return note;
    /** @type {Note} */
    const longer = { ...note, duration: Math.max(1, note.duration + by), lock: true, from: "you" };
    if (longer.duration === note.duration || meets(document.notes, longer)) return note;
    changed = true;
    return longer;
  });
  return changed ? withNotes(document, notes) : document;
}

/**
 * Notes at another pitch, chosen by the user: theirs and locked.
 * @param {Document} document
 * @param {string} id
 * @param {number} pitch
 * @returns {Document}
 */
export function repitched(document, id, pitch) {
  return { ...document, notes: document.notes.map((n) => (n.id === id ? { ...n, pitch, lock: true, from: "you" } : n)) };
}

/**
 * Notes locked or set free.
 * @param {Document} document
 * @param {ReadonlyArray<string>} ids
 * @param {boolean} lock
 * @returns {Document}
 */
export function withLock(document, ids, lock) {
  if (!document.notes.some((note) => ids.includes(note.id) && note.lock !== lock)) return document;
  return { ...document, notes: document.notes.map((note) => (ids.includes(note.id) ? { ...note, lock } : note)) };
}

/**
 * A pitch that is not to be sung at a place, by one voice or by all.
 * @param {Document} document
 * @param {Forbid} forbid
 * @returns {Document}
 */
export function withForbidden(document, forbid) {
  const same = document.forbidden.some((one) => JSON.stringify(one) === JSON.stringify(forbid));
  return same ? document : { ...document, forbidden: [...document.forbidden, forbid] };
}

/**
 * A fermata put on an onset, or taken from it; without any left, nobody said.
 * @param {Document} document
 * @param {number} onset
 * @returns {Document}
 */
export function withFermata(document, onset) {
  const before = document.fermatas ?? [];
  const after = before.includes(onset) ? before.filter((one) => one !== onset) : [...before, onset];
  return { ...document, fermatas: after.length ? after.sort((a, b) => a - b) : null };
}

/**
 * Another way to write some spans of a document: the take's notes there, the document's everywhere else. What has been
 * locked in the meantime stays.
 * @param {Document} document
 * @param {Document} take
 * @param {ReadonlyArray<Span>} spans all of it where there are none
 * @returns {Document}
 */
export function withTake(document, take, spans) {
  /** @param {Note} note */
  const inside = (note) =>
    !spans.length ||
    spans.some((s) => s.voice === note.voice && s.first <= note.onset && note.onset + note.duration <= s.end);
  const kept = document.notes.filter((note) => note.lock || !inside(note));
  const ids = new Set(kept.map((note) => note.id));
  const added = take.notes.filter((note) => !ids.has(note.id) && inside(note) && !meets(kept, note));
  const merged = withNotes(document, [...kept, ...added]);
  const last = Math.max(0, ...merged.notes.map((note) => note.onset + note.duration));
  return { ...ending(merged, Math.max(last, take.length)), seed: take.seed };
}

/**
 * The spans of some voices in which nothing sounds.
 * @param {Document} document
 * @param {ReadonlyArray<Span>} spans
 * @returns {Span[]}
 */
export function gaps(document, spans) {
  return spans.flatMap(({ voice, first, end }) => {
    /** @type {Span[]} */
    const found = [];
    let at = first;
    for (const note of inReadingOrder(document.notes)) {
      if (note.voice !== voice || note.onset >= end) continue;
      if (note.onset > at) found.push({ voice, first: at, end: note.onset });
      at = Math.max(at, note.onset + note.duration);
    }
    return at < end ? [...found, { voice, first: at, end }] : found;
  });
}

/**
 * Whether anything in some spans may be written: silence, or a note that is not locked.
 * @param {Document} document
 * @param {ReadonlyArray<Span>} spans
 */
export function hasRoom(document, spans) {
  const kept = { ...document, notes: document.notes.filter((note) => note.lock) };
  return gaps(kept, spans).length > 0;
}
