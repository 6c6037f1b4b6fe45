// Undo and redo: every document and its settings that there were, each with the words for the step that led to them.
// Documents are never changed in place, so that a step back is the very same document.

/** @typedef {import('./types.js').Document} Document */
/** @typedef {import('./types.js').Settings} Settings */
/** @typedef {{label: string, document: Document, settings: Settings}} Step */
/** @typedef {{steps: ReadonlyArray<Step>, at: number}} History */

/** Steps that are kept; the oldest go first. */
export const MOST_STEPS = 1000;

/**
 * A history of one document.
 * @param {Document} document
 * @param {Settings} settings
 * @param {string} [label]
 * @returns {History}
 */
export function begun(document, settings, label = "Started") {
  return { steps: [{ label, document, settings }], at: 0 };
}

/**
 * What is seen now.
 * @param {History} history
 * @returns {Step}
 */
export function current(history) {
  return history.steps[history.at];
}

/**
 * One step more; what had been undone is gone. What says the same as now is no step.
 * @param {History} history
 * @param {string} label
 * @param {{document?: Document, settings?: Settings}} change
 * @param {boolean} [again] whether a step of the same words is gone on with, as in typing
 * @returns {History}
 */
export function recorded(history, label, change, again = false) {
  const now = current(history);
  const next = { label, document: change.document ?? now.document, settings: change.settings ?? now.settings };
  if (same(now.document, next.document) && same(now.settings, next.settings)) return history;
  const before = history.steps.slice(0, history.at + (again && now.label === label && history.at ? 0 : 1));
  const steps = [...before, next].slice(-MOST_STEPS);
  return { steps, at: steps.length - 1 };
}

/**
 * @param {object} one
 * @param {object} other
 */
function same(one, other) {
  return one === other || JSON.stringify(one) === JSON.stringify(other);
}

/**
 * @param {History} history
 * @returns {History}
 */
export function undone(history) {
  return moved(history, history.at - 1);
}

/**
 * @param {History} history
 * @returns {History}
 */
export function redone(history) {
  return moved(history, history.at + 1);
}

/**
 * The same steps, seen from another one of them; beyond either end nothing changes.
 * @param {History} history
 * @param {number} at
 * @returns {History}
 */
export function moved(history, at) {
  return at < 0 || at >= history.steps.length ? history : { ...history, at };
}
