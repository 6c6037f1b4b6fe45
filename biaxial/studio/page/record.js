// A tune sung into the microphone: one voice, a minute at most, sent to the studio's own program and kept nowhere.

import { status } from "./api.js";
import { by } from "./views.js";

/** @typedef {import('./app.js').App} App */

const MOST_SECONDS = 60;
const RATE = 16000;
const HEADER = 44;
const TELL_MS = 200;
const NONE = "This page reaches no microphone. Open it in a newer browser, at the address that biaxial-studio printed.";
const REFUSED = "The browser did not allow it. Allow the microphone for this page in its settings, then press again.";
const UNHEARD = "Hearing a tune needs a part that is not installed: pip install 'biaxial[audio]', and start biaxial-studio again.";

/**
 * What ends the recording that is being made.
 * @type {(() => void) | null}
 */
let stop = null;

/**
 * Begin to listen; or, where this is being done, end and let the tune be heard.
 * @param {App} app
 * @param {import('./verbs.js').Verbs} verbs
 */
export async function record(app, verbs) {
  if (stop) return stop();
  stop = () => {};
  try {
    if (!(await status()).hears) return app.say("tune", UNHEARD);
    if (!navigator.mediaDevices?.getUserMedia) return app.say("tune", NONE);
    if (app.playing) verbs.stop();
    const sound = await listened(app);
    if (sound) await verbs.readFile(new File([sound], "recording.wav"));
  } catch (error) {
    const refused = error instanceof DOMException && ["NotAllowedError", "SecurityError"].includes(error.name);
    const missing = error instanceof DOMException && error.name === "NotFoundError";
    if (refused) app.say("tune", REFUSED);
    else if (missing) app.say("tune", "There is no microphone. Plug one in, then press again.");
    else verbs.failed("tune", error);
  } finally {
    stop = null;
    label("Record");
  }
}

/**
 * @param {string} words
 */
function label(words) {
  const said = /** @type {HTMLElement} */ (by("record").querySelector("span"));
  said.textContent = words;
  by("record").classList.toggle("recording", words !== "Record");
}

/**
 * What the microphone hears until it is ended, as a WAV file; null for nothing.
 * @param {App} app
 * @returns {Promise<ArrayBuffer | null>}
 */
async function listened(app) {
  const plain = { channelCount: 1, echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const stream = await navigator.mediaDevices.getUserMedia({ audio: plain });
  const context = new AudioContext();
  /** @type {Float32Array[]} */
  const parts = [];
  let frames = 0;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  let clock;
  try {
    await context.audioWorklet.addModule("microphone.js");
    const ear = new AudioWorkletNode(context, "microphone");
    const ended = new Promise((done) => {
      stop = () => done(null);
      stream.getTracks()[0].addEventListener("ended", stop);
      ear.port.onmessage = ({ data }) => {
        parts.push(data);
        frames += data.length;
        if (frames >= MOST_SECONDS * context.sampleRate) done(null);
      };
    });
    context.createMediaStreamSource(stream).connect(ear).connect(context.destination);
    app.say("tune", "Listening. Sing, hum or whistle your tune, one note at a time.");
    const tell = () => label(`Stop (${Math.floor(frames / context.sampleRate)} s)`);
    tell();
    clock = setInterval(tell, TELL_MS);
    await ended;
    app.say("tune");
  } finally {
    clearInterval(clock);
    for (const track of stream.getTracks()) track.stop();
    await context.close();
  }
  return frames ? wav(await resampled(parts, Math.min(frames, MOST_SECONDS * context.sampleRate), context.sampleRate)) : null;
}

/**
 * The same sound at the rate that is sent.
 * @param {Float32Array[]} parts
 * @param {number} frames how many of them
 * @param {number} rate
 * @returns {Promise<Float32Array>}
 */
async function resampled(parts, frames, rate) {
  const whole = new AudioBuffer({ length: frames, sampleRate: rate, numberOfChannels: 1 });
  let at = 0;
  for (const part of parts) {
    whole.copyToChannel(new Float32Array(part.subarray(0, frames - at)), 0, at);
    at = Math.min(frames, at + part.length);
  }
  const offline = new OfflineAudioContext(1, Math.ceil((frames * RATE) / rate), RATE);
  const source = new AudioBufferSourceNode(offline, { buffer: whole });
  source.connect(offline.destination);
  source.start();
  return (await offline.startRendering()).getChannelData(0);
}

/**
 * A WAV file of 16 bits, mono, at the rate that is sent.
 * @param {Float32Array} samples
 * @returns {ArrayBuffer}
 */
export function wav(samples) {
  const octets = new ArrayBuffer(HEADER + 2 * samples.length);
  const view = new DataView(octets);
  const words = (/** @type {number} */ at, /** @type {string} */ text) => [...text].forEach((letter, n) => view.setUint8(at + n, letter.charCodeAt(0)));
  words(0, "RIFF");
  view.setUint32(4, octets.byteLength - 8, true);
  words(8, "WAVEfmt ");
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true); // whole numbers
  view.setUint16(22, 1, true); // one channel
  view.setUint32(24, RATE, true);
  view.setUint32(28, 2 * RATE, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  words(36, "data");
  view.setUint32(40, 2 * samples.length, true);
  samples.forEach((sample, n) => view.setInt16(HEADER + 2 * n, Math.round(32767 * Math.max(-1, Math.min(1, sample))), true));
  return octets;
}
