// @ts-check

/**
 * What somebody has done, step by step, to undo it and to do it again.
 *
 * @template T
 */
export class UndoStack {
  /** @type {T[][]} */
  #done = [];
  /** @type {T[][]} */
  #undone = [];

  /**
   * @param {readonly T[]} step
   * @param {boolean} joins whether it is undone together with the one before it
   */
  push(step, joins) {
    const last = joins && this.#undone.length === 0
      ? this.#done.at(-1)
      : undefined;
    if (last !== undefined) last.push(...step);
    else this.#done.push([...step]);
    this.#undone = [];
  }

  /**
   * Undoes the last step that still has an effect.
   *
   * @param {(step: readonly T[]) => readonly T[]} revert gives what it has done
   */
  undo(revert) {
    move(this.#done, this.#undone, revert);
  }

  /**
   * Does again what was undone last.
   *
   * @param {(step: readonly T[]) => readonly T[]} revert gives what it has done
   */
  redo(revert) {
    move(this.#undone, this.#done, revert);
  }
}

/**
 * @template T
 * @param {T[][]} from
 * @param {T[][]} to
 * @param {(step: readonly T[]) => readonly T[]} revert
 */
function move(from, to, revert) {
  for (let step = from.pop(); step !== undefined; step = from.pop()) {
    const reverted = revert(step);
    if (reverted.length === 0) continue;
    to.push([...reverted]);
    return;
  }
}
