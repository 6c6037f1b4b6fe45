// What the microphone hears, handed on in blocks. It runs beside the page, where sound is made, and lets nothing sound.

const BLOCK = 4096;

/** Collects the first channel of its input. */
class Microphone extends AudioWorkletProcessor {
  constructor() {
    super();
    this.block = new Float32Array(BLOCK);
    this.filled = 0;
  }

  /**
   * @param {Float32Array[][]} inputs
   */
  process(inputs) {
    const heard = inputs[0][0];
    if (!heard) return true;
    this.block.set(heard, this.filled);
    this.filled += heard.length;
    if (this.filled === BLOCK) {
      this.port.postMessage(this.block.slice());
      this.filled = 0;
    }
    return true;
  }
}

registerProcessor("microphone", Microphone);
