"use strict";
// The test: welcome, the pairs one by one, the answers as a file. Answers are kept in the browser until then.

const FORMAT = "biaxial listening answers 1";
const STORE = `listening-${TEST.id}`;
const MIN_HEARD = 2; // seconds of each excerpt before an answer is taken
const byId = (id) => document.getElementById(id);
const questions = byId("questions");

function newListener() {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return {
    listener: Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    experience: null,
    place: -1, // pair shown; -1 the welcome
    answers: TEST.pairs.map(() => ({ choice: null, sure: null, preferred: null, known: false, heard: [0, 0] })),
  };
}

function stored() {
  try {
    const found = JSON.parse(localStorage.getItem(STORE));
    return found?.answers?.length === TEST.pairs.length ? found : newListener();
  } catch {
    return newListener(); // storage is switched off
  }
}

function store() {
  try {
    localStorage.setItem(STORE, JSON.stringify(state));
  } catch {
    // without storage a reload loses the answers; nothing else changes
  }
}

let state = stored();
let played = null; // the player last used
let wanted = 0; // counts the pairs asked for: a rendering that comes too late is dropped
let ready = { place: -2, buffers: null }; // the next pair, rendered ahead

const players = Array.from(document.querySelectorAll(".player"), (element) => {
  return new Player(element, element.dataset.side, (player) => {
    played = player;
    say("");
    players.filter((other) => other !== player).forEach((other) => other.pause());
  });
});

function say(text) {
  byId("message").textContent = text;
}

function show(id) {
  say("");
  for (const section of ["welcome", "trial", "end"]) byId(section).hidden = section !== id;
  document.querySelector(`#${id} h1`).focus({ preventScroll: true });
  window.scrollTo(0, 0);
}

function render(place) {
  if (ready.place !== place) ready = { place, buffers: renderPair(TEST.pairs[place], TEST.secondsPerUnit) };
  return ready.buffers;
}

/** Write what the form and the players say into the answers. */
function keep() {
  const answer = state.answers[state.place];
  if (!answer) return;
  const form = new FormData(questions);
  for (const name of ["choice", "sure", "preferred"]) answer[name] = form.get(name);
  answer.known = form.get("known") !== null;
  players.forEach((player) => player.pause());
  answer.heard = players.map((player) => Math.round(player.heard * 10) / 10);
  store();
}

async function showPair(place) {
  state.place = place;
  store();
  const answer = state.answers[place];
  byId("heading").textContent = `Pair ${place + 1} of ${TEST.pairs.length}`;
  byId("progress").value = state.answers.filter(({ choice }) => choice).length;
  byId("next").textContent = place + 1 < TEST.pairs.length ? "Next" : "Finish";
  questions.reset();
  for (const name of ["choice", "sure", "preferred"]) if (answer[name]) questions.elements[name].value = answer[name];
  questions.elements.known.checked = answer.known;
  played = null;
  players.forEach((player, side) => player.load(null, answer.heard[side]));
  show("trial");
  const ticket = ++wanted;
  const buffers = await render(place);
  if (ticket !== wanted) return;
  players.forEach((player, side) => player.load(buffers[side], answer.heard[side]));
  if (place + 1 < TEST.pairs.length) render(place + 1);
}

function next() {
  keep();
  const answer = state.answers[state.place];
  if (Math.min(...answer.heard) < MIN_HEARD) say("Please listen to both first.");
  else if (!answer.choice) say("Please say which one it is; guess if you cannot tell.");
  else if (state.place + 1 < TEST.pairs.length) showPair(state.place + 1);
  else finish();
}

function back() {
  keep();
  if (state.place > 0) showPair(state.place - 1);
  else welcome();
}

function welcome() {
  wanted++;
  state.place = -1;
  store();
  for (const input of document.getElementsByName("experience")) input.checked = input.value === state.experience;
  show("welcome");
}

function begin() {
  const chosen = document.querySelector("[name=experience]:checked");
  if (!chosen) {
    say("Please say what your experience is.");
    return;
  }
  state.experience = chosen.value;
  showPair(0);
}

function answersText() {
  const { listener, experience, answers } = state;
  return `${JSON.stringify({ format: FORMAT, test: TEST.id, listener, experience, answers }, null, 1)}\n`;
}

function finish() {
  byId("text").value = answersText();
  show("end");
}

function download() {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([answersText()], { type: "application/json" }));
  link.download = `answers-${TEST.id}-${state.listener}.json`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  say(`Saved as ${link.download}.`);
}

async function trySound() {
  const quarter = 24;
  const chord = [60, 64, 67, 72].flatMap((pitch) => [0, 4 * quarter, pitch]);
  const sample = { length: 4 * quarter, notes: chord };
  const context = device();
  const [buffer] = await renderPair([sample, sample], TEST.secondsPerUnit);
  const source = new AudioBufferSourceNode(context, { buffer });
  source.connect(context.destination);
  source.start();
}

function afresh() {
  if (!confirm("The answers kept here will be lost unless they were saved. Go on?")) return;
  state = newListener();
  welcome();
}

const KEYS = {
  a: () => players[0].toggle(),
  b: () => players[1].toggle(),
  r: () => played?.restart(),
  n: next,
  p: back,
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || byId("trial").hidden || !byId("keys").checked) return;
  KEYS[event.key.toLowerCase()]?.();
});
questions.addEventListener("submit", (event) => event.preventDefault());
questions.addEventListener("change", () => say(""));
window.addEventListener("pagehide", keep);
byId("try-sound").addEventListener("click", trySound);
byId("begin").addEventListener("click", begin);
byId("next").addEventListener("click", next);
byId("back").addEventListener("click", back);
byId("download").addEventListener("click", download);
byId("review").addEventListener("click", () => showPair(TEST.pairs.length - 1));
byId("afresh").addEventListener("click", afresh);

if (state.place >= 0) showPair(state.place);
else welcome();
