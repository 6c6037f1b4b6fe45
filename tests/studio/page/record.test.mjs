// What is sent of a recording.

import assert from "node:assert/strict";
import { test } from "node:test";

import { wav } from "../../../biaxial/studio/page/record.js";

test("a recording is a WAV file of 16 bits at 16 kHz", () => {
  const view = new DataView(wav(Float32Array.of(0, 0.5, -0.5, 2, -2)));
  const word = (at) => String.fromCharCode(...[0, 1, 2, 3].map((n) => view.getUint8(at + n)));
  assert.deepEqual([word(0), word(8), word(12), word(36)], ["RIFF", "WAVE", "fmt ", "data"]);
  assert.equal(view.byteLength, 54);
  assert.deepEqual([view.getUint32(4, true), view.getUint32(24, true), view.getUint32(40, true)], [46, 16000, 10]);
  assert.deepEqual([0, 1, 2, 3, 4].map((n) => view.getInt16(44 + 2 * n, true)), [0, 16384, -16383, 32767, -32767]);
});

test("a minute of it is less than what the program takes", () => {
  assert.ok(wav(new Float32Array(60 * 16000)).byteLength < 2_000_000);
});
