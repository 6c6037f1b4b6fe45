// Talk with the server: JSON there, JSON or octets back, the token in a header. Nothing else is ever fetched.

/** @typedef {import('./types.js').SoundHeader} SoundHeader */
/** @typedef {import('./types.js').Status} Status */

/** What goes wrong with a request, in one line for the person; silent where a newer request took its place. */
export class Refused extends Error {
  /**
   * @param {string} words
   * @param {number} status 0 where no answer came
   */
  constructor(words, status) {
    super(words);
    this.status = status;
  }

  get silent() {
    return this.status === 409;
  }
}

const TOKEN = "biaxial-studio-token";
export const GONE =
  "The studio’s program does not answer. Start biaxial-studio again; your music is kept in this browser, go on then.";
const STRANGER = "This page’s address is not the one that biaxial-studio printed. Open that one; your music is kept.";

/** This open page, so that its requests replace each other and never those of another page. */
export const client = crypto.randomUUID();
let jobs = 0;

/** The fragment of the address, or what it was when the page was first opened. */
function token() {
  const said = location.hash.slice(1);
  try {
    if (said) localStorage.setItem(TOKEN, said);
    return said || localStorage.getItem(TOKEN) || "";
  } catch {
    return said;
  }
}

/**
 * @param {string} path
 * @param {RequestInit} init
 * @returns {Promise<Response>} an answer that says yes
 * @throws {Refused}
 */
async function asked(path, init) {
  /** @type {Response} */
  let answer;
  try {
    const headers = { ...init.headers, "X-Biaxial-Token": token() };
    answer = await fetch(`api/${path}`, { ...init, headers, cache: "no-store" });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw new Refused("", 409);
    throw new Refused(GONE, 0);
  }
  if (answer.ok) return answer;
  if (answer.status === 401) throw new Refused(STRANGER, 401);
  const problem = await answer.json().catch(() => ({ error: `The program answered with status ${answer.status}.` }));
  throw new Refused(problem.error, answer.status);
}

/**
 * A request that JSON answers.
 * @template T
 * @param {string} verb
 * @param {object} request
 * @param {AbortSignal} [signal]
 * @returns {Promise<T>}
 */
export async function ask(verb, request, signal) {
  return (await post(verb, request, signal)).json();
}

/**
 * @param {string} verb
 * @param {object} request
 * @param {AbortSignal} [signal]
 */
function post(verb, request, signal) {
  const headers = { "Content-Type": "application/json" };
  return asked(verb, { method: "POST", headers, body: JSON.stringify(request), signal });
}

/**
 * Who asks, for a request that takes its turn.
 * @param {string} [lane]
 */
export function turn(lane = "") {
  jobs += 1;
  return { client, job: String(jobs), lane };
}

/**
 * A file, as it lies on the disk; a sound is listened to.
 * @param {File} file
 * @returns {Promise<import('./types.js').Opened>}
 */
export async function readFile(file) {
  const headers = { "Content-Type": "application/octet-stream" };
  const name = encodeURIComponent(file.name);
  const verb = /\.(wav|flac|ogg|mp3)$/i.test(file.name) ? "listen" : "read";
  return (await asked(`${verb}?name=${name}`, { method: "POST", headers, body: file })).json();
}

/**
 * A file to keep.
 * @param {object} request
 * @returns {Promise<{data: Blob, name: string}>}
 */
export async function exported(request) {
  const answer = await post("export", request);
  const said = answer.headers.get("Content-Disposition") ?? "";
  const long = /filename\*=UTF-8''([^;]+)/i.exec(said);
  const name = long ? decodeURIComponent(long[1]) : /filename="?([^";]+)/.exec(said)?.[1];
  return { data: await answer.blob(), name: name ?? "music" };
}

/**
 * Sound: what is said of it, and its samples.
 * @param {object} request
 * @param {AbortSignal} [signal]
 * @returns {Promise<{header: SoundHeader, samples: Int16Array}>}
 */
export async function sound(request, signal) {
  const octets = await (await post("render", request, signal)).arrayBuffer();
  const length = new DataView(octets).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(octets, 4, length)));
  return { header, samples: new Int16Array(octets, 4 + length) };
}

/** @returns {Promise<Status>} */
export async function status() {
  return (await asked("status", {})).json();
}
