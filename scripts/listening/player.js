"use strict";
// A player of one buffer: play, pause, restart, a bar that shows and sets the position. One plays at a time.

const RAMP = 0.012; // seconds in which sound comes and goes when it is started or paused, against clicks
let output = null;

/** The audio device; browsers want it to be opened by a click or a key. */
function device() {
  output ??= new AudioContext();
  if (output.state === "suspended") output.resume();
  return output;
}

function clock(seconds) {
  const whole = Math.floor(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}

class Player {
  constructor(element, side, onPlay) {
    this.element = element;
    this.side = side;
    this.onPlay = onPlay;
    this.buffer = null;
    this.source = null;
    this.offset = 0;
    this.heard = 0; // seconds played, in all
    element.append(document.getElementById("player").content.cloneNode(true));
    element.querySelector("h2").textContent = side;
    this.playButton = element.querySelector(".play");
    this.restartButton = element.querySelector(".restart");
    this.bar = element.querySelector(".position");
    this.time = element.querySelector(".time");
    this.restartButton.textContent = "From the start";
    this.restartButton.setAttribute("aria-label", `Play ${side} from the start`);
    this.bar.setAttribute("aria-label", `Position in ${side}`);
    this.playButton.addEventListener("click", () => this.toggle());
    this.restartButton.addEventListener("click", () => this.restart());
    this.bar.addEventListener("input", () => this.seek(Number(this.bar.value)));
    this.show();
  }

  get position() {
    const since = this.source ? Math.max(0, output.currentTime - this.startedAt) : 0;
    return Math.min(this.offset + since, this.buffer ? this.buffer.duration : 0);
  }

  /** Put another excerpt in; `null` while it is being made. */
  load(buffer, heard) {
    this.pause();
    this.buffer = buffer;
    this.offset = 0;
    this.heard = heard;
    this.show();
  }

  play() {
    if (!this.buffer || this.source) return;
    this.onPlay(this);
    const context = device();
    if (this.offset >= this.buffer.duration - 0.05) this.offset = 0;
    this.startedAt = context.currentTime + 0.01;
    this.level = new GainNode(context, { gain: 0 });
    this.level.gain.setValueAtTime(0, this.startedAt);
    this.level.gain.linearRampToValueAtTime(1, this.startedAt + RAMP);
    this.level.connect(context.destination);
    this.source = new AudioBufferSourceNode(context, { buffer: this.buffer });
    this.source.connect(this.level);
    this.source.addEventListener("ended", (event) => event.target === this.source && this.pause());
    this.source.start(this.startedAt, this.offset);
    this.follow();
  }

  pause() {
    if (!this.source) return;
    const position = this.position;
    this.heard += position - this.offset;
    this.offset = position;
    const now = output.currentTime;
    this.level.gain.cancelScheduledValues(now);
    this.level.gain.setTargetAtTime(0, now, RAMP / 3);
    this.source.stop(now + 4 * RAMP);
    this.source = null;
    this.show();
  }

  toggle() {
    if (this.source) this.pause();
    else this.play();
  }

  restart() {
    this.pause();
    this.offset = 0;
    this.play();
  }

  seek(seconds) {
    const playing = this.source !== null;
    this.pause();
    this.offset = seconds;
    if (playing) this.play();
    else this.show();
  }

  /** Show the position until the music stops. */
  follow() {
    this.show();
    if (this.source) requestAnimationFrame(() => this.source && this.follow());
  }

  show() {
    const ready = this.buffer !== null;
    const duration = ready ? this.buffer.duration : 0;
    const word = ready ? (this.source ? "Pause" : "Play") : "One moment";
    if (this.playButton.textContent !== word) {
      this.playButton.textContent = word;
      this.playButton.setAttribute("aria-label", `${word} ${this.side}`);
    }
    this.playButton.disabled = this.restartButton.disabled = this.bar.disabled = !ready;
    this.bar.max = duration.toFixed(1);
    this.bar.value = this.position;
    this.bar.setAttribute("aria-valuetext", `${Math.floor(this.position)} of ${Math.round(duration)} seconds`);
    this.time.textContent = `${clock(this.position)} / ${clock(duration)}`;
    this.element.classList.toggle("playing", this.source !== null);
  }
}
