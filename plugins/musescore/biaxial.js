// What the plugin computes, without MuseScore: documents of the studio out of what stands in a score, requests, and what
// has to be written of an answer. Ticks are MuseScore's, 480 to a quarter note; steps are the studio's, sixteenths.
// Voices are 0 soprano to 3 bass; tracks are MuseScore's, four to a staff. `node` tests this file.

var TICKS_PER_STEP = 120
var VOICES = ["soprano", "alto", "tenor", "bass"]

// The track of each voice: four staves have one each, two have two each, a single one has all.
function voiceTracks(numStaves) {
    if (numStaves >= 4)
        return [0, 4, 8, 12]
    return numStaves >= 2 ? [0, 1, 4, 5] : [0, 1, 2, 3]
}

// A tick as a step; a triplet or anything shorter than a sixteenth has none.
function steps(ticks, bar) {
    if (ticks % TICKS_PER_STEP)
        throw new Error("bar " + bar + " has a triplet, or a note shorter than a sixteenth, which the model cannot hold")
    return ticks / TICKS_PER_STEP
}

// The number of the bar at a tick, as musicians count: a pickup is bar 0.
function barAt(tick, reading) {
    var bar = reading.pickup ? -1 : 0
    for (var i = 0; i < reading.bars.length && reading.bars[i] <= tick; i++)
        bar += 1
    return bar
}

// The document of a score.
//
// reading: title, metre ("4/4"), pickup and length in ticks, tempo (quarter notes a minute), bars (their first ticks),
// and tracks: by number, lists of {tick, ticks, pitches, tied} in the order of time, tied where a note goes on.
// Of a chord the outer note is the voice's: the highest above, the lowest in the bass.
function documentOf(reading, numStaves) {
    var notes = []
    voiceTracks(numStaves).forEach(function (track, voice) {
        var last = null
        ;(reading.tracks[track] || []).forEach(function (chord) {
            var bar = barAt(chord.tick, reading)
            var pitch = voice === 3 ? Math.min.apply(null, chord.pitches) : Math.max.apply(null, chord.pitches)
            var onset = steps(chord.tick, bar), duration = steps(chord.ticks, bar)
            if (chord.tied && last && last.pitch === pitch && last.onset + last.duration === onset) {
                last.duration += duration
                return
            }
            last = {id: "m" + voice + "-" + onset, voice: voice, onset: onset, duration: duration, pitch: pitch,
                    lock: true, from: "you"}
            notes.push(last)
        })
    })
    return {title: reading.title || "", metre: reading.metre, pickup: steps(reading.pickup, 0),
            length: steps(reading.length, reading.bars.length), tempo: reading.tempo, key: null, notes: notes,
            fermatas: (reading.fermatas || []).map(function (tick) { return steps(tick, barAt(tick, reading)) })}
}

// What is selected, as spans of voices: {first, end} in ticks, staves from firstStaff to before endStaff, and voices
// where only some were chosen.
function spansOf(selection, numStaves, voices) {
    var tracks = voiceTracks(numStaves), spans = []
    tracks.forEach(function (track, voice) {
        var staff = Math.floor(track / 4)
        var chosen = !voices || voices.indexOf(voice) >= 0
        if (chosen && staff >= selection.firstStaff && staff < selection.endStaff)
            spans.push({voice: voice, first: Math.floor(selection.first / TICKS_PER_STEP),
                        end: Math.ceil(selection.end / TICKS_PER_STEP)})
    })
    return spans
}

// A score of one staff has no room for four voices.
function checkStaves(numStaves) {
    if (numStaves < 2)
        throw new Error("the score has one staff; give it a second one for tenor and bass (Edit, Instruments) first")
}

// Harmonise the voices that have notes; a score without any, or without a voice to write, is refused in words.
function harmoniseRequest(document, given, seed) {
    var there = VOICES.map(function (_, voice) {
        return document.notes.some(function (note) { return note.voice === voice })
    })
    given.forEach(function (voice) {
        if (!there[voice])
            throw new Error("the score has no notes for the " + VOICES[voice] + "; choose another voice")
    })
    if (!given.length || given.length === 4)
        throw new Error("choose one to three voices to keep")
    var kept = document.notes.filter(function (note) { return given.indexOf(note.voice) >= 0 })
    return {document: withNotes(document, kept), given: given, seed: seed, takes: 1}
}

// Write a selection anew: notes of it that are not locked are free, all else stays.
function infillRequest(document, spans, seed) {
    if (!spans.length)
        throw new Error("select the bars to write anew first")
    var notes = document.notes.map(function (note) {
        var free = spans.some(function (span) {
            return note.voice === span.voice && note.onset >= span.first && note.onset + note.duration <= span.end
        })
        return merged(note, {lock: !free})
    })
    return {document: withNotes(document, notes), selection: spans, seed: seed, takes: 1}
}

function continueRequest(document, bars, seed) {
    return {document: document, bars: bars, seed: seed, takes: 1}
}

function explainRequest(document, voice, tick) {
    return {document: document, voice: voice, onset: Math.floor(tick / TICKS_PER_STEP), most: 8}
}

function withNotes(document, notes) {
    return merged(document, {notes: notes})
}

function merged(object, changes) {
    var made = {}
    for (var name in object)
        made[name] = object[name]
    for (var changed in changes)
        made[changed] = changes[changed]
    return made
}

// A document as the package's own JSON (ticks), which biaxial-harmonise reads where no studio runs.
function scoreOf(document) {
    var metre = document.metre.split("/")
    var ticks = function (step) { return step * TICKS_PER_STEP }
    return {format: "biaxial-score-1", title: document.title, length_ticks: ticks(document.length),
            ticks_per_quarter: 480, tempo_bpm: document.tempo, key: document.key, pickup_ticks: ticks(document.pickup),
            time_signatures: [{onset_ticks: 0, numerator: Number(metre[0]), denominator: Number(metre[1])}],
            fermatas: document.fermatas.length ? document.fermatas.map(ticks) : null, chords: [], lyrics: [], repeats: [],
            notes: document.notes.map(function (note) {
                return {onset_ticks: ticks(note.onset), length_ticks: ticks(note.duration), pitch: note.pitch,
                        voice: note.voice, velocity: 80, locked: note.lock}
            })}
}

// The document of a score in the package's own JSON, as biaxial-harmonise writes it where no studio runs.
function documentOfScore(score, document) {
    var perStep = score.ticks_per_quarter / 4
    var notes = score.notes.map(function (note) {
        return {id: "p" + note.voice + "-" + note.onset_ticks, voice: note.voice, onset: note.onset_ticks / perStep,
                duration: note.length_ticks / perStep, pitch: note.pitch, lock: false, from: "machine"}
    })
    return withNotes(document, notes)
}

// What has to be written into the score so that it has the notes of another document: for each voice that differs the
// notes and rests from the bar in which it first does to the last step, as values that a score can hold. (A cursor of
// MuseScore finds the beginning of a bar in a voice that is empty, and no place inside it.)
//
// bars: steps at which bars begin. Each entry: {track, tick, pitch (null for a rest), numerator, denominator, tied}.
function writing(before, after, bars, numStaves) {
    var tracks = voiceTracks(numStaves), entries = []
    tracks.forEach(function (track, voice) {
        var old = lineOf(before, voice), fresh = lineOf(after, voice)
        var same = function (note) { return JSON.stringify(note) }
        var had = old.map(same), has = fresh.map(same)
        var changed = old.filter(function (note) { return has.indexOf(same(note)) < 0 })
            .concat(fresh.filter(function (note) { return had.indexOf(same(note)) < 0 }))
        if (!changed.length)
            return
        var change = Math.min.apply(null, changed.map(function (note) { return note[0] }))
        var first = Math.max.apply(null, [0].concat(bars.filter(function (bar) { return bar <= change })))
        var end = Math.max.apply(null, changed.map(function (note) { return note[0] + note[1] }))
        var now = first
        fresh.filter(function (note) { return note[0] < end && note[0] + note[1] > first }).forEach(function (note) {
            var onset = Math.max(note[0], first)
            if (onset > now)
                entries = entries.concat(values(track, now, onset - now, null, bars))
            now = note[0] + note[1]
            entries = entries.concat(values(track, onset, now - onset, note[2], bars))
        })
        if (now < end)
            entries = entries.concat(values(track, now, end - now, null, bars))
    })
    return entries
}

function lineOf(document, voice) {
    return document.notes.filter(function (note) { return note.voice === voice })
        .map(function (note) { return [note.onset, note.duration, note.pitch] })
        .sort(function (a, b) { return a[0] - b[0] })
}

var LENGTHS = [16, 12, 8, 6, 4, 3, 2, 1]

// A length as single values, cut at bars; all but the last of a note are tied.
function values(track, onset, duration, pitch, bars) {
    var made = [], left = duration, now = onset
    while (left > 0) {
        var until = Math.min.apply(null, bars.filter(function (bar) { return bar > now }).concat([now + left]))
        var room = Math.min(left, until - now)
        var length = LENGTHS.filter(function (value) { return value <= room })[0]
        left -= length
        made.push({track: track, tick: now * TICKS_PER_STEP, pitch: pitch, numerator: length % 3 ? 1 : 3,
                   denominator: length % 3 ? 16 / length : 48 / length, tied: pitch !== null && left > 0})
        now += length
    }
    return made
}

// What to show of an answer that is not 200: one line. 409 is no fault: a newer request took its place.
function reason(status, text) {
    if (status === 409)
        return ""
    if (status === 0)
        return "the studio does not answer; start it with biaxial-studio, or try again"
    if (status === 401)
        return "the studio was started anew with another token; try again"
    if (status === 404)
        return "this plugin is of another version than the studio; run biaxial-musescore --install again"
    try {
        return JSON.parse(text).error
    } catch (error) {
        return "the studio answered with status " + status
    }
}

// Where the studio is, out of the text of its studio.json; null where it does not run.
function studioOf(text) {
    try {
        var state = JSON.parse(text)
        return state.address && state.token ? {address: state.address, token: state.token, version: state.version} : null
    } catch (error) {
        return null
    }
}

if (typeof module !== "undefined")
    module.exports = {barAt: barAt, checkStaves: checkStaves, continueRequest: continueRequest, documentOf: documentOf,
                      documentOfScore: documentOfScore, explainRequest: explainRequest,
                      harmoniseRequest: harmoniseRequest, infillRequest: infillRequest, reason: reason,
                      scoreOf: scoreOf, spansOf: spansOf, studioOf: studioOf, values: values, voiceTracks: voiceTracks, writing: writing}
