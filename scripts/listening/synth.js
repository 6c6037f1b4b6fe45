"use strict";
// The instrument: a small organ in a room, rendered into a buffer before anything is heard.
//
// Each note is two additive ranks, 8' and a softer 4', with an envelope of its own; their sum goes through a reverb made
// of decaying noise. Every excerpt is levelled to the same loudness as ITU-R BS.1770-4 measures it, and fades out
// before the cut. The noise is seeded: the same notes always give the same samples. Times are in seconds.

const RATE = 48000; // the filters of BS.1770 are given for it
const LEAD = 0.15; // silence before the first note
const ATTACK = 0.03;
const RELEASE = 0.045; // time constant
const FADE = 1.2; // the last part of the music fades
const TAIL = 0.5; // and is gone this long after the cut
const TARGET_LUFS = -18;
const MAX_PEAK = 0.89;
const PRINCIPAL = [1, 0.55, 0.32, 0.2, 0.1, 0.07, 0.04, 0.03];
const OCTAVE = [1, 0.3, 0.12];

/** Deterministic noise in -1..1. */
function noise(seed) {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2147483648 - 1;
  };
}

/** A room: 1.4 s to -60 dB, darker the longer it lasts. */
function roomResponse(context) {
  const length = Math.round(1.4 * RATE);
  const response = context.createBuffer(2, length, RATE);
  for (const channel of [0, 1]) {
    const random = noise(channel + 1);
    const samples = response.getChannelData(channel);
    let smooth = 0;
    for (let i = 0; i < length; i++) {
      const t = i / RATE;
      smooth += (0.5 - 0.3 * (i / length)) * (random() - smooth);
      samples[i] = smooth * Math.min(1, t / 0.012) * Math.exp((-6.9 * t) / 1.4);
    }
  }
  return response;
}

/** A rank of pipes: one oscillator with the partials that lie below 9 kHz. `waves` keeps those made before. */
function rank(context, waves, partials, frequency, gain, detune) {
  const count = Math.max(1, Math.min(partials.length, Math.floor(9000 / frequency)));
  const name = `${partials.length} ${count}`;
  if (!waves.has(name)) {
    const imag = new Float32Array([0, ...partials.slice(0, count)]);
    waves.set(name, context.createPeriodicWave(new Float32Array(count + 1), imag, { disableNormalization: true }));
  }
  const oscillator = new OscillatorNode(context, { frequency, detune, type: "custom", periodicWave: waves.get(name) });
  const level = new GainNode(context, { gain });
  oscillator.connect(level);
  return { oscillator, level };
}

/** One note. A gap before its written end lets the next one of the same pitch be heard. */
function playNote(context, waves, output, pitch, start, length) {
  const frequency = 440 * 2 ** ((pitch - 69) / 12);
  const end = start + Math.max(0.6 * length, length - 0.05);
  const attack = Math.min(ATTACK, 0.4 * (end - start));
  const envelope = new GainNode(context, { gain: 0 });
  envelope.gain.setValueAtTime(0, start);
  envelope.gain.linearRampToValueAtTime(1, start + attack);
  envelope.gain.setTargetAtTime(0.8, start + attack, 0.12);
  envelope.gain.setTargetAtTime(0, end, RELEASE);
  envelope.connect(output);
  const loudness = 0.1 * (frequency / 262) ** -0.2; // the ear is duller below
  for (const [partials, multiple, gain, detune] of [[PRINCIPAL, 1, 1, 0], [OCTAVE, 2, 0.25, 1.5]]) {
    const { oscillator, level } = rank(context, waves, partials, frequency * multiple, gain * loudness, detune);
    level.connect(envelope);
    oscillator.start(start);
    oscillator.stop(end + 12 * RELEASE);
  }
}

/** Second-order filter, a0 = 1, in place. */
function biquad(samples, b0, b1, b2, a1, a2) {
  let x1 = 0, x2 = 0, y1 = 0, y2 = 0;
  for (let i = 0; i < samples.length; i++) {
    const x = samples[i];
    const y = b0 * x + b1 * x1 + b2 * x2 - a1 * y1 - a2 * y2;
    x2 = x1; x1 = x; y2 = y1; y1 = y;
    samples[i] = y;
  }
}

/** Integrated loudness of a buffer at 48 kHz, LUFS: ITU-R BS.1770-4, annex 1, with both gates. */
function loudness(buffer) {
  const channels = Array.from({ length: buffer.numberOfChannels }, (_, c) => Float64Array.from(buffer.getChannelData(c)));
  for (const samples of channels) {
    biquad(samples, 1.53512485958697, -2.69169618940638, 1.19839281085285, -1.69065929318241, 0.73248077421585);
    biquad(samples, 1, -2, 1, -1.99004745483398, 0.99007225036621);
  }
  const block = 0.4 * RATE;
  const powers = [];
  for (let start = 0; start + block <= buffer.length; start += block / 4) {
    let power = 0;
    for (const samples of channels) for (let i = start; i < start + block; i++) power += samples[i] ** 2 / block;
    powers.push(power);
  }
  const level = (power) => -0.691 + 10 * Math.log10(power);
  const mean = (list) => list.reduce((sum, power) => sum + power, 0) / list.length;
  const heard = powers.filter((power) => level(power) > -70);
  const gate = level(mean(heard)) - 10;
  return level(mean(heard.filter((power) => level(power) > gate)));
}

function peak(buffer) {
  let highest = 0;
  for (let c = 0; c < buffer.numberOfChannels; c++) {
    for (const sample of buffer.getChannelData(c)) highest = Math.max(highest, Math.abs(sample));
  }
  return highest;
}

/** An excerpt as it sounds, not yet levelled. `notes` holds onset, length, pitch of each note, in units. */
async function renderExcerpt({ notes, length }, secondsPerUnit) {
  const cut = LEAD + length * secondsPerUnit;
  const context = new OfflineAudioContext(2, Math.ceil((cut + TAIL) * RATE), RATE);
  const master = new GainNode(context);
  const fade = Math.min(FADE, (cut - LEAD) / 2);
  master.gain.setValueAtTime(1, cut - fade);
  master.gain.linearRampToValueAtTime(0, cut + 0.9 * TAIL);
  master.connect(context.destination);
  const room = new ConvolverNode(context, { buffer: roomResponse(context) });
  const wet = new GainNode(context, { gain: 0.35 });
  const organ = new BiquadFilterNode(context, { type: "lowpass", frequency: 5500, Q: 0.5 });
  organ.connect(master);
  organ.connect(room).connect(wet).connect(master);
  const waves = new Map();
  for (let i = 0; i < notes.length; i += 3) {
    playNote(context, waves, organ, notes[i + 2], LEAD + notes[i] * secondsPerUnit, notes[i + 1] * secondsPerUnit);
  }
  return context.startRendering();
}

/** Both excerpts of a pair, of one loudness, neither of them clipped. */
async function renderPair(pair, secondsPerUnit) {
  const buffers = await Promise.all(pair.map((excerpt) => renderExcerpt(excerpt, secondsPerUnit)));
  const gains = buffers.map((buffer) => 10 ** ((TARGET_LUFS - loudness(buffer)) / 20));
  const room = Math.min(1, ...buffers.map((buffer, i) => MAX_PEAK / (gains[i] * peak(buffer))));
  buffers.forEach((buffer, i) => {
    for (let c = 0; c < buffer.numberOfChannels; c++) {
      const samples = buffer.getChannelData(c);
      for (let n = 0; n < samples.length; n++) samples[n] *= gains[i] * room;
    }
  });
  return buffers;
}
