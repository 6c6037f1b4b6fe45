// Undo and redo: every document that there was, each with the words for the step that led to it.
// Documents are never changed in place, so that a step back is the very same document.

/** @typedef {import('./types.js').Document} Document */
/** @typedef {{label: string, document: Document}} Step */
/** @typedef {{steps: ReadonlyArray<Step>, at: number}} History */

/** Steps that are kept; the oldest go first. */
export const MOST_STEPS = 1000;

/**
 * A history of one document.
 * @param {Document} document
 * @param {string} [label]
 * @returns {History}
 */
export function begun(document, label = "Started") {
  return { steps: [{ label, document }], at: 0 };
}

/**
 * The document that is seen now.
 * @param {History} history
 * @returns {Document}
 */
export function current(history) {
  return history.steps[history.at].document;
}

/**
 * One step more; what had been undone is gone. A document that says the same as now is no step.
 * @param {History} history
 * @param {string} label
 * @param {Document} document
 * @returns {History}
 */
export function recorded(history, label, document) {
  if (document === current(history) || JSON.stringify(document) === JSON.stringify(current(history))) return history;
  const steps = [...history.steps.slice(0, history.at + 1), { label, document }].slice(-MOST_STEPS);
  return { steps, at: steps.length - 1 };
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
