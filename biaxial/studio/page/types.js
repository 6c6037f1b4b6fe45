// The shapes of everything that travels and everything that is kept, for the type checker alone: no page loads this file.
// What travels is said in biaxial/studio/messages; times are steps, sixteenths, from the first moment of the piece.

/**
 * @typedef {{id: string, voice: number, onset: number, duration: number, pitch: number, lock: boolean,
 *   from: "you" | "machine", velocity?: number | null}} Note
 * @typedef {{onset: number, name: string}} Chord
 * @typedef {{first: number, end: number, pitch: number, voice: number | null}} Forbid
 * @typedef {{onset: number, text: string, goes_on: boolean}} Word
 * @typedef {{metre: string, pickup: number, length: number, tempo: number, key: string | null,
 *   notes: ReadonlyArray<Note>, chords: ReadonlyArray<Chord>, forbidden: ReadonlyArray<Forbid>,
 *   words: ReadonlyArray<Word>, fermatas: ReadonlyArray<number> | null, seed: number, title: string,
 *   style: string}} Document
 * @typedef {{voice: number, first: number, end: number}} Span
 *
 * @typedef {{parallels: number, crossing: number, spacing: number, leaps: number, range: number}} Rules
 * @typedef {{temperature: number | null, ranges: number[][] | null, rules: Rules | null, cadence: boolean,
 *   draft: boolean}} Drawing
 * @typedef {"organ" | "choir" | "piano" | "strings"} Instrument
 * @typedef {{drawing: Drawing, instrument: Instrument, strict_tempo: boolean, instruments: string,
 *   humanise: number, staves: 2 | 4, seed: number | null, bars: number, plan: string, form: string, more: number, play: boolean}} Settings
 *
 * @typedef {{seed: number, document: Document, added: string[], removed: string[], nats_per_step: number}} Take
 * @typedef {{takes: Take[], remarks: string[], waited_seconds: number, drawing_seconds: number}} Written
 * @typedef {{document: Document, remarks: string[], abc: string}} Opened
 * @typedef {{pitch: number | null, name: string, probability: number, here: boolean}} Likely
 * @typedef {{voice: number, onset: number, likely: Likely[], rank: number, words: string}} Explained
 * @typedef {{rule: string, onset: number, bar: number, beat: number, voices: number[], notes: string[],
 *   words: string}} RuleFault
 * @typedef {{rule: string, label: string, count: number}} RuleCount
 * @typedef {{faults: RuleFault[], rules: RuleCount[], remarks: string[]}} Judged
 * @typedef {{voice: number | null, pitch: number | null, offset: number, frames: number}} Stem
 * @typedef {{rate: number, seconds: number, sounds: Stem[], notes: {note: string, start: number, end: number}[],
 *   steps: number[], times: number[]}} SoundHeader
 * @typedef {{job: string, client: string, working: boolean, done: number, total: number}} JobStatus
 * @typedef {{version: string, model: string, ready: boolean, problem: string, jobs: JobStatus[],
 *   usual_port: number | null, styles: string[], hears: boolean}} Status
 *
 * @typedef {{start: number, end: number, voices: ReadonlyArray<number>, note: string | null}} Selection
 * @typedef {{number: number, start: number, end: number}} Bar
 * @typedef {{label: string, document: Document, seed: number | null, spans: Span[] | null}} Way
 */

export {};
