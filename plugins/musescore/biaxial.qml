// Biaxial for MuseScore 3: the score goes to the studio on this machine as JSON, and notes come back into it.
// `biaxial-musescore --install` copies this file and fills in the two paths. What it computes is in biaxial.js.
import QtQuick 2.2
import QtQuick.Controls 1.4
import QtQuick.Layouts 1.1
import MuseScore 3.0
import FileIO 3.0
import "biaxial.js" as Biaxial

MuseScore {
    id: plugin
    menuPath: "Plugins.Biaxial"
    description: "Harmonise, redo, continue and judge four-part music"
    version: "1.0"
    requiresScore: true
    pluginType: "dialog"
    width: 380
    height: 250

    property string command: "@COMMAND@"
    property string statePath: "@STATE@"
    property string atOnce: "" // a job to do when run without a window, and the file to write: "harmonise|out"
    property var elements: ({})

    FileIO { id: stateFile; source: plugin.statePath }
    FileIO { id: sent; source: stateFile.tempPath() + "/biaxial-sent.json" }
    FileIO { id: answered; source: stateFile.tempPath() + "/biaxial-answered.json" }
    QProcess { id: process }

    onRun: {
        if (!atOnce)
            return
        var job = atOnce.split("|")
        doJob(job[0])
        sent.write(message.text)
        writeScore(curScore, job[1], "musicxml")
        Qt.quit()
    }

    function doJob(job) {
        try {
            message.text = "..."
            var document = read()
            if (job === "harmonise") {
                Biaxial.checkStaves(curScore.nstaves)
                var given = [soprano, alto, tenor, bass].map(function (box, voice) { return box.checked ? voice : -1 })
                    .filter(function (voice) { return voice >= 0 })
                ask("/api/harmonise", Biaxial.harmoniseRequest(document, given, seed.value), document)
            } else if (job === "redo") {
                ask("/api/infill", Biaxial.infillRequest(document, spans(), seed.value), document)
            } else if (job === "continue") {
                ask("/api/continue", Biaxial.continueRequest(document, 4, seed.value), document)
            } else if (job === "faults") {
                ask("/api/judge", {document: document}, document)
            } else {
                var span = spans()[0]
                if (!span)
                    throw new Error("select a note first")
                ask("/api/explain", Biaxial.explainRequest(document, span.voice, span.first * 120), document)
            }
        } catch (error) {
            message.text = error.message
        }
    }

    // The score as a document; the notes are kept by their names, for colours.
    function read() {
        var reading = {title: curScore.title, tracks: {}, bars: [], fermatas: [], length: curScore.lastSegment.tick}
        for (var measure = curScore.firstMeasure; measure; measure = measure.nextMeasure)
            reading.bars.push(measure.firstSegment.tick)
        var cursor = curScore.newCursor(), found = {}
        for (var track = 0; track < curScore.nstaves * 4; track++) {
            at(cursor, track, 0)
            reading.tracks[track] = []
            for (; cursor.segment; cursor.next()) {
                var element = cursor.element
                if (!element || element.type !== Element.CHORD)
                    continue
                var pitches = [], tied = false
                for (var i = 0; i < element.notes.length; i++) {
                    pitches.push(element.notes[i].pitch)
                    tied = tied || element.notes[i].tieBack !== null
                    found[track + ":" + cursor.tick] = element.notes[i]
                }
                reading.tracks[track].push({tick: cursor.tick, ticks: element.duration.ticks, pitches: pitches, tied: tied})
            }
        }
        at(cursor, 0, 0)
        var nominal = cursor.measure.timesigNominal
        reading.metre = nominal.numerator + "/" + nominal.denominator
        reading.tempo = cursor.tempo * 60
        reading.pickup = reading.bars.length > 1 && reading.bars[1] < nominal.ticks ? reading.bars[1] : 0
        if (reading.pickup)
            reading.bars[0] = 0
        var document = Biaxial.documentOf(reading, curScore.nstaves)
        var tracks = Biaxial.voiceTracks(curScore.nstaves)
        elements = {}
        document.notes.forEach(function (note) { elements[note.id] = found[tracks[note.voice] + ":" + note.onset * 120] })
        plugin.bars = reading.bars.map(function (tick) { return tick / 120 })
        return document
    }

    property var bars: []

    // A cursor in an empty voice moves only from where voice 0 has led it.
    function at(cursor, track, tick) {
        cursor.staffIdx = Math.floor(track / 4)
        cursor.voice = 0
        cursor.rewind(0)
        while (cursor.tick < tick && cursor.nextMeasure()) {
        }
        cursor.voice = track % 4
        if (!cursor.element && tick === 0)
            cursor.rewind(0)
    }

    function spans() {
        var cursor = curScore.newCursor()
        cursor.rewind(1)
        if (!cursor.segment)
            return []
        var selection = {first: cursor.tick, firstStaff: cursor.staffIdx}
        cursor.rewind(2)
        selection.end = cursor.tick || curScore.lastSegment.tick
        selection.endStaff = cursor.staffIdx + 1
        return Biaxial.spansOf(selection, curScore.nstaves)
    }

    // Send a request: in a window it waits for nothing, without one it waits for the answer.
    function ask(path, request, document) {
        var studio = Biaxial.studioOf(stateFile.exists() ? stateFile.read() : "")
        if (!studio)
            return path === "/api/harmonise" ? byProcess(request, document) : startStudio()
        var http = new XMLHttpRequest()
        http.onreadystatechange = function () {
            if (http.readyState === XMLHttpRequest.DONE && !atOnce)
                take(http, path, request, document)
        }
        http.open("POST", studio.address + path, !atOnce)
        http.setRequestHeader("Content-Type", "application/json")
        http.setRequestHeader("X-Biaxial-Token", studio.token)
        http.send(JSON.stringify(request))
        if (atOnce)
            take(http, path, request, document)
    }

    function take(http, path, request, document) {
        if (http.status === 0 && path === "/api/harmonise")
            return byProcess(request, document)
        if (http.status !== 200) {
            message.text = Biaxial.reason(http.status, http.responseText)
            return
        }
        var answer = JSON.parse(http.responseText)
        if (path === "/api/judge") {
            curScore.startCmd()
            answer.faults.forEach(function (fault) {
                fault.notes.forEach(function (id) { if (elements[id]) elements[id].color = "#c0392b" })
            })
            curScore.endCmd()
            message.text = answer.faults.map(function (fault) { return fault.bar + ": " + fault.words }).join("\n") || "no faults"
        } else if (path === "/api/explain") {
            message.text = answer.words
        } else {
            write(document, answer.takes[0].document)
            message.text = answer.remarks.join("\n") || "done"
        }
    }

    // Without a studio: the command, as a process that is waited for.
    function byProcess(request, document) {
        var letters = request.given.map(function (voice) { return "SATB"[voice] }).join(",")
        sent.write(JSON.stringify(Biaxial.scoreOf(request.document)))
        answered.remove()
        process.start("\"" + command + "\" harmonise \"" + sent.source + "\" --voices " + letters + " --seed " + request.seed
                      + " -q -o \"" + answered.source + "\"")
        process.waitForFinished(300000)
        if (!answered.exists()) {
            message.text = "the command did not harmonise it: " + process.readAllStandardOutput()
            return
        }
        write(document, Biaxial.documentOfScore(JSON.parse(answered.read()), document))
        message.text = "done"
    }

    function startStudio() {
        process.start("\"" + command + "\" studio --no-browser")
        message.text = "the studio is being started; try again in some seconds"
    }

    // Write what differs, in one step that can be undone. A rest is a note that goes again: cursors of 3.2 write notes only.
    function write(before, after) {
        var entries = Biaxial.writing(before, after, bars, curScore.nstaves), cursor = curScore.newCursor(), track = -1
        if (!atOnce)
            curScore.startCmd()
        if (after.length > before.length)
            curScore.appendMeasures(Math.ceil((after.length - before.length) / (bars[bars.length - 1] - bars[bars.length - 2])))
        entries.forEach(function (entry) {
            if (entry.track !== track)
                at(cursor, entry.track, entry.tick)
            track = entry.track
            cursor.setDuration(entry.numerator, entry.denominator)
            cursor.addNote(entry.pitch === null ? 60 : entry.pitch)
        })
        entries.filter(function (entry) { return entry.pitch === null }).forEach(function (entry) {
            at(cursor, entry.track, 0)
            while (cursor.segment && cursor.tick < entry.tick && cursor.next()) {
            }
            if (cursor.element && cursor.element.type === Element.CHORD && cursor.tick === entry.tick)
                removeElement(cursor.element)
        })
        if (!atOnce)
            curScore.endCmd()
    }

    ColumnLayout {
        anchors.fill: parent
        anchors.margins: 10
        RowLayout {
            Label { text: "Keep" }
            CheckBox { id: soprano; text: "S"; checked: true }
            CheckBox { id: alto; text: "A" }
            CheckBox { id: tenor; text: "T" }
            CheckBox { id: bass; text: "B" }
            Label { text: "Seed" }
            SpinBox { id: seed; minimumValue: 0; maximumValue: 999999; value: 1 }
        }
        RowLayout {
            Button { text: "Harmonise"; onClicked: doJob("harmonise") }
            Button { text: "Redo selection"; onClicked: doJob("redo") }
            Button { text: "Continue"; onClicked: doJob("continue") }
        }
        RowLayout {
            Button { text: "Mark faults"; onClicked: doJob("faults") }
            Button { text: "What else?"; onClicked: doJob("explain") }
        }
        Label { id: message; Layout.fillWidth: true; Layout.fillHeight: true; wrapMode: Text.WordWrap }
    }
}
