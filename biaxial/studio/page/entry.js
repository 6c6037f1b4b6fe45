// Writing notes: an on-screen piano, the computer's keys while it has the focus, and a MIDI keyboard.

import { VOICE_NAMES, lengthName, pitchName, placeWords } from "./music.js";
import { by, make } from "./views.js";

/** @typedef {import('./app.js').App} App */

const LOW = 48;
const HIGH = 84;
const BLACK = new Set([1, 3, 6, 8, 10]);
const LENGTHS = [1, 2, 3, 4, 6, 8, 12, 16];
/** The computer's keys as two rows of a piano, from C on. */
const COMPUTER = [..."awsedftgyhujkolp"];

/** The piano on the page. */
export class Piano {
  /**
   * @param {App} app
   * @param {(pitch: number) => void} heard called for each note that is played
   */
  constructor(app, heard) {
    this.app = app;
    this.heard = heard;
    this.octave = 60;
    this.box = by("piano");
    const select = (/** @type {string} */ label, /** @type {[number, string][]} */ options, /** @type {number} */ value, /** @type {(value: number) => void} */ then) => {
      const list = make("select", {}, { "aria-label": label }, ...options.map(([number, text]) => make("option", { value: String(number), textContent: text })));
      list.value = String(value);
      list.addEventListener("change", () => then(Number(list.value)));
      return make("label", {}, {}, make("span", { textContent: label }), list);
    };
    const button = (/** @type {string} */ text, /** @type {() => void} */ then) => {
      const made = make("button", { type: "button", className: "plain", textContent: text });
      made.addEventListener("click", then);
      return made;
    };
    this.where = make("p", { className: "quiet" });
    this.said = make("p", { className: "said" }, { role: "status" });
    this.keys = make("div", { className: "keys", tabIndex: 0 }, { role: "application", "aria-label": "Piano: the keys A to K play from C, Z and X change the octave, space is a rest, backspace takes the last note back" });
    for (let pitch = LOW; pitch <= HIGH; pitch += 1) {
      const key = make("button", { type: "button", className: BLACK.has(pitch % 12) ? "key black" : "key", tabIndex: -1 }, { "data-pitch": String(pitch), "aria-label": pitchName(pitch) });
      if (pitch % 12 === 0) key.append(make("span", { textContent: pitchName(pitch) }, { "aria-hidden": "true" }));
      this.keys.append(key);
    }
    this.box.replaceChildren(
      make("div", { className: "row" }, {},
        select("Voice", VOICE_NAMES.map((name, voice) => [voice, name]), app.entry.voice, (voice) => this.set({ voice })),
        select("Length", LENGTHS.map((steps) => [steps, lengthName(steps)]), app.entry.duration, (duration) => this.set({ duration })),
        button("Rest", () => app.rest()),
        button("Take back", () => app.erase()),
        button("Use a MIDI keyboard", () => void this.listen()),
      ),
      make("div", { className: "keys-box" }, {}, this.keys), this.where, this.said,
    );
    this.keys.addEventListener("pointerdown", (event) => {
      const pitch = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.pitch;
      if (pitch && event.pointerType === "mouse") {
        event.preventDefault();
        this.keys.focus({ preventScroll: true });
        this.play(Number(pitch));
      }
    });
    this.keys.addEventListener("click", (event) => {
      const pitch = /** @type {HTMLElement} */ (event.target).closest("button")?.dataset.pitch;
      const mouse = event instanceof PointerEvent && event.pointerType === "mouse";
      if (pitch && !mouse) this.play(Number(pitch));
    });
    this.keys.addEventListener("keydown", (event) => this.key(event));
    app.watchers.push(() => this.show());
    this.show();
    /** @type {HTMLElement} */ (this.keys.parentElement).scrollLeft = this.keys.scrollWidth / 4; // where voices sing
  }

  /**
   * @param {Partial<App["entry"]>} entry
   */
  set(entry) {
    Object.assign(this.app.entry, entry);
    this.app.tell();
  }

  show() {
    const { entry, caret, document: music } = this.app;
    this.where.textContent = `The next note is a ${lengthName(entry.duration)} of the ${VOICE_NAMES[entry.voice].toLowerCase()} at ${placeWords(music, caret)}.`;
  }

  /**
   * @param {number} pitch
   */
  play(pitch) {
    this.heard(pitch);
    this.app.write(pitch);
    const key = this.keys.querySelector(`[data-pitch="${pitch}"]`);
    key?.classList.add("down");
    setTimeout(() => key?.classList.remove("down"), 160);
  }

  /**
   * @param {KeyboardEvent} event
   */
  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const place = COMPUTER.indexOf(event.key.toLowerCase());
    if (place >= 0) this.play(this.octave + place);
    else if (event.key === "z") this.octave = Math.max(24, this.octave - 12);
    else if (event.key === "x") this.octave = Math.min(84, this.octave + 12);
    else if (event.key === " ") this.app.rest();
    else if (event.key === "Backspace") this.app.erase();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Hear what a MIDI keyboard plays. */
  async listen() {
    if (!navigator.requestMIDIAccess) {
      this.said.textContent = "This browser has no way to a MIDI keyboard. Chromium, Chrome, Edge and Firefox have.";
      return;
    }
    try {
      const access = await navigator.requestMIDIAccess();
      const hear = () => {
        for (const input of access.inputs.values()) {
          input.onmidimessage = (/** @type {{data: Uint8Array | null}} */ message) => {
            const [kind, pitch, velocity] = message.data ?? [];
            if ((kind & 0xf0) === 0x90 && velocity) this.play(pitch);
          };
        }
        const names = [...access.inputs.values()].map((input) => input.name);
        this.said.textContent = names.length ? `Listening to ${names.join(", ")}.` : "No MIDI keyboard is plugged in; plug one in, it is heard at once.";
      };
      access.onstatechange = hear;
      hear();
    } catch {
      this.said.textContent = "The browser did not allow it. Allow MIDI for this page in its settings, then press again.";
    }
  }
}
