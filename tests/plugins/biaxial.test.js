"use strict"
const assert = require("node:assert")
const test = require("node:test")
const b = require("../../plugins/musescore/biaxial.js")

const Q = 480
const chord = (tick, ticks, pitch, tied = false) => ({tick, ticks, pitches: [].concat(pitch), tied})

function reading(tracks, changes = {}) {
    return {title: "Tune", metre: "4/4", pickup: 0, length: 8 * Q, tempo: 80, bars: [0, 4 * Q], tracks, ...changes}
}

test("a melody on one staff is the soprano, its ties joined", () => {
    const document = b.documentOf(reading({0: [chord(0, 4 * Q, 67), chord(4 * Q, Q, 67, true), chord(5 * Q, 3 * Q, 69)]}), 1)
    assert.deepStrictEqual(document.notes.map((n) => [n.voice, n.onset, n.duration, n.pitch, n.lock]),
                           [[0, 0, 20, 67, true], [0, 20, 12, 69, true]])
    assert.deepStrictEqual([document.metre, document.pickup, document.length, document.tempo], ["4/4", 0, 32, 80])
    assert.deepStrictEqual(document.notes.map((n) => n.id), ["m0-0", "m0-20"])
})

test("two staves have two voices each, four staves one each", () => {
    const tracks = {0: [chord(0, Q, 72)], 1: [chord(0, Q, 67)], 4: [chord(0, Q, 60)], 5: [chord(0, Q, 48)]}
    assert.deepStrictEqual(b.documentOf(reading(tracks), 2).notes.map((n) => n.pitch), [72, 67, 60, 48])
    const apart = {0: [chord(0, Q, 72)], 4: [chord(0, Q, 67)], 8: [chord(0, Q, 60)], 12: [chord(0, Q, 48)]}
    assert.deepStrictEqual(b.documentOf(reading(apart), 4).notes.map((n) => n.pitch), [72, 67, 60, 48])
})

test("of a chord the outer note is the voice's", () => {
    const tracks = {0: [chord(0, Q, [60, 64, 67])], 12: [chord(0, Q, [36, 48])]}
    assert.deepStrictEqual(b.documentOf(reading(tracks), 4).notes.map((n) => n.pitch), [67, 36])
})

test("a triplet is refused with its bar", () => {
    assert.throws(() => b.documentOf(reading({0: [chord(4 * Q, 160, 60)]}), 1), /^Error: bar 2 has a triplet/)
    const pickup = reading({0: [chord(0, 60, 60)]}, {pickup: Q, bars: [0, Q, 5 * Q]})
    assert.throws(() => b.documentOf(pickup, 1), /^Error: bar 0 has a triplet/)
})

test("a selection is a span for each of its voices", () => {
    const selection = {first: 4 * Q, end: 8 * Q, firstStaff: 1, endStaff: 2}
    assert.deepStrictEqual(b.spansOf(selection, 2), [{voice: 2, first: 16, end: 32}, {voice: 3, first: 16, end: 32}])
    assert.deepStrictEqual(b.spansOf(selection, 2, [3]), [{voice: 3, first: 16, end: 32}])
    assert.deepStrictEqual(b.spansOf(selection, 4), [{voice: 1, first: 16, end: 32}])
})

test("harmonising keeps the given voices and sends no others", () => {
    const document = b.documentOf(reading({0: [chord(0, Q, 72)], 1: [chord(0, Q, 67)]}), 2)
    const request = b.harmoniseRequest(document, [0], 5)
    assert.deepStrictEqual(request.document.notes.map((n) => n.voice), [0])
    assert.deepStrictEqual([request.given, request.seed, request.takes], [[0], 5, 1])
    assert.strictEqual(document.notes.length, 2)
})

test("a voice that the score has not is refused in words", () => {
    const document = b.documentOf(reading({0: [chord(0, Q, 72)]}), 1)
    assert.throws(() => b.harmoniseRequest(document, [3], 1), /no notes for the bass; choose another voice/)
    assert.throws(() => b.harmoniseRequest(document, [], 1), /choose one to three voices/)
    assert.throws(() => b.infillRequest(document, [], 1), /select the bars/)
})

test("in a selection only notes that lie in it are free", () => {
    const tracks = {0: [chord(0, Q, 72), chord(Q, Q, 74), chord(2 * Q, 2 * Q, 76)], 1: [chord(Q, Q, 67)]}
    const request = b.infillRequest(b.documentOf(reading(tracks), 2), [{voice: 0, first: 4, end: 10}], 1)
    assert.deepStrictEqual(request.document.notes.map((n) => n.lock), [true, false, true, true])
})

test("lengths are single values, tied and cut at bars", () => {
    const said = (duration, onset = 0) => b.values(0, onset, duration, 60, [0, 16, 32])
        .map((v) => [v.tick, `${v.numerator}/${v.denominator}`, v.tied])
    assert.deepStrictEqual(said(4), [[0, "1/4", false]])
    assert.deepStrictEqual(said(6), [[0, "3/8", false]])
    assert.deepStrictEqual(said(3), [[0, "3/16", false]])
    assert.deepStrictEqual(said(16), [[0, "1/1", false]])
    assert.deepStrictEqual(said(5), [[0, "1/4", true], [480, "1/16", false]])
    assert.deepStrictEqual(said(8, 12), [[1440, "1/4", true], [1920, "1/4", false]])
    assert.ok(b.values(0, 0, 5, null, [0]).every((v) => v.pitch === null && !v.tied))
})

test("only what differs is written, from the bar of the first change to the last, rests too", () => {
    const note = (voice, onset, duration, pitch) => ({id: `x${voice}-${onset}`, voice, onset, duration, pitch})
    const before = {notes: [note(0, 0, 4, 60), note(0, 4, 4, 62), note(0, 8, 8, 64), note(1, 0, 16, 55)]}
    const after = {notes: [note(0, 0, 4, 60), note(0, 6, 2, 65), note(0, 8, 8, 64), note(1, 0, 16, 55)]}
    assert.deepStrictEqual(b.writing(before, after, [0, 16], 2).map((v) => [v.track, v.tick / 120, v.pitch]),
                           [[0, 0, 60], [0, 4, null], [0, 6, 65]])
    assert.deepStrictEqual(b.writing(before, before, [0, 16], 2), [])
})

test("what was written gives the document that was asked for", () => {
    const note = (voice, onset, duration, pitch) => ({id: `x${voice}-${onset}`, voice, onset, duration, pitch})
    const notes = []
    for (let voice = 0; voice < 4; voice++)
        for (let onset = 0, length = voice + 1; onset + length <= 32; onset += length, length = length % 7 + 1)
            notes.push(note(voice, onset, length, 70 - 6 * voice + onset % 5))
    const end = {title: "Tune", metre: "4/4", pickup: 0, length: 32, tempo: 80, key: null, notes, fermatas: []}
    const tracks = {}
    b.writing({notes: []}, end, [0, 16], 2).filter((v) => v.pitch !== null).forEach((v, index, all) => {
        const list = tracks[v.track] = tracks[v.track] || []
        const before = all[index - 1]
        const tied = Boolean(before && before.tied && before.track === v.track)
        list.push({tick: v.tick, ticks: 1920 * v.numerator / v.denominator, pitches: [v.pitch], tied})
    })
    const plain = (list) => list.map((n) => [n.voice, n.onset, n.duration, n.pitch])
    assert.deepStrictEqual(plain(b.documentOf(reading(tracks), 2).notes), plain(notes))
})

test("the package's own JSON is a document", () => {
    const score = {ticks_per_quarter: 480, notes: [{onset_ticks: 480, length_ticks: 240, pitch: 60, voice: 3}]}
    const document = b.documentOfScore(score, {notes: [], metre: "3/4"})
    assert.deepStrictEqual(document.notes.map((n) => [n.voice, n.onset, n.duration, n.pitch]), [[3, 4, 2, 60]])
    assert.strictEqual(document.metre, "3/4")
    const tune = b.documentOf(reading({0: [chord(0, Q, 72)]}, {metre: "3/4", pickup: Q, bars: [0, Q]}), 2)
    const written = b.scoreOf(tune)
    assert.deepStrictEqual(written.time_signatures, [{onset_ticks: 0, numerator: 3, denominator: 4}])
    assert.deepStrictEqual([written.pickup_ticks, written.fermatas, written.notes[0].locked], [Q, null, true])
    assert.deepStrictEqual(b.documentOfScore(written, tune).notes.map((n) => [n.onset, n.duration, n.pitch]), [[0, 4, 72]])
})

test("one staff is refused in words", () => {
    assert.throws(() => b.checkStaves(1), /has one staff; give it a second one/)
    b.checkStaves(2)
})

test("errors are one line, and a newer request is no error", () => {
    assert.strictEqual(b.reason(400, '{"error": "bars is 0"}'), "bars is 0")
    assert.match(b.reason(0, ""), /does not answer/)
    assert.match(b.reason(401, ""), /another token/)
    assert.match(b.reason(404, ""), /another version.*biaxial-musescore --install/)
    assert.strictEqual(b.reason(409, ""), "")
    assert.strictEqual(b.reason(500, "<html>"), "the studio answered with status 500")
})

test("a studio that does not run is nothing", () => {
    const state = {address: "http://127.0.0.1:8374", port: 8374, token: "x".repeat(32), pid: 1, version: "1"}
    assert.strictEqual(b.studioOf(JSON.stringify(state)).address, "http://127.0.0.1:8374")
    assert.strictEqual(b.studioOf(JSON.stringify({...state, address: ""})), null)
    assert.strictEqual(b.studioOf(""), null)
    assert.strictEqual(b.studioOf("{"), null)
})
