// @ts-check

import { readCount } from "../people/text.js";

/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** The longest text of one run, in UTF-16 units. */
export const MAX_LENGTH = 10_000;

/** The longest run that is sent, in letters of one or two units. */
const RUN_LENGTH = MAX_LENGTH / 2;

/**
 * The highest number of a letter, and so the most letters that a text can have,
 * deleted ones included. All writers refuse more in the same way.
 */
const MAX_NUMBER = 100_000;

/** How many letters to keep: people who write at once may use equal numbers. */
const MAX_LETTERS = 2 * MAX_NUMBER;

/** The highest version. It is odd: after it, a letter stays deleted. */
const MAX_VERSION = 999_999;

/**
 * How many letters one message may have, deleted ones included: a short message
 * could take long to merge.
 */
const MAX_IN_MESSAGE = 65_536;

/**
 * A letter (a code point) of the text. It stands after the letter that it was
 * written after; of several there, the newest comes first.
 *
 * @typedef {object} Letter
 * @property {string} writer
 * @property {number} number higher than all numbers that its writer had seen;
 * writer and number name the letter
 * @property {string} text empty until it is known
 * @property {number} version how often it was deleted and restored: the letter
 * is visible while this is even
 * @property {boolean} isShown whether it is in `SharedText.text`
 * @property {Letter | undefined} after `undefined` until it is known
 * @property {Letter[]} followers those that were written after it, oldest first
 */

/**
 * Letters in a row, as they are sent: their writer, the number of the first,
 * writer and number of the letter that it stands after, their version, and the
 * letters, or how many there are if they are deleted.
 *
 * @typedef {[writer: string, number: number, afterWriter: string,
 *   afterNumber: number, version: number, content: string | number]} Run
 */

/**
 * The letters that one step of a writer has shown or hidden.
 *
 * @typedef {{ letter: Letter, isShown: boolean }[]} Step
 */

/**
 * A text that several people write at once: a replicated growable array. Each
 * letter has a name, and a deleted letter keeps its place. All replicas get the
 * same text in any order of messages, and no letter is lost. A merge adds letters,
 * and keeps the highest versions.
 */
export class SharedText {
  #writer;
  /** The highest number so far. */
  #number = 0;
  /**
   * The number of changes that are known here. Two tabs that have merged each
   * other's letters have the same text if they have the same weight.
   */
  weight = 0;
  /** @type {Map<string, Map<number, Letter>>} by writer and number */
  #letters = new Map();
  #count = 0;
  /** The place before all letters. */
  #root = this.#letterOf("", 0);
  /** @type {Letter[]} the visible ones, in order */
  #shown = [];
  /** The text as it is now. */
  text = "";
  #initialWeight;
  /** @type {Step[]} */
  #done = [];
  /** @type {Step[]} */
  #undone = [];
  /** @type {Set<Letter>} what changed here since `takeNews()` */
  #news = new Set();

  /**
   * @param {string} writer names this tab
   * @param {string} text the text before anybody has written
   */
  constructor(writer, text) {
    this.#writer = writer;
    if (text !== "") this.#add(["", 1, "", 0, 0, text]);
    this.#update();
    this.#initialWeight = this.weight;
  }

  /** @returns {boolean} Whether anybody has written. */
  get isWritten() {
    return this.weight > this.#initialWeight;
  }

  /** @returns {Run[]} All letters, the deleted ones too. */
  get runs() {
    return runsOf(
      [...this.#letters.values()].flatMap((some) => [...some.values()]),
    );
  }

  /**
   * Returns the letters that were written, deleted or restored here since the
   * last call.
   *
   * @returns {Run[]}
   */
  takeNews() {
    const runs = runsOf(this.#news);
    this.#news.clear();
    return runs;
  }

  /**
   * Edits the text, unless it has no room for what is inserted.
   *
   * @param {TextEdit} edit
   * @param {boolean} [joins] whether `undo()` undoes it together with the
   * previous edit
   * @returns {TextEdit[]} What has changed, each edit in the text that the one
   * before it left.
   */
  write({ start, end, inserted }, joins = false) {
    const room = Math.min(MAX_NUMBER - this.#number, MAX_LETTERS - this.#count);
    if ([...inserted].length > room) return [];
    /** @type {Step} */
    const step = [];
    let after = this.#root;
    let offset = 0;
    for (const letter of this.#shown) {
      if (offset >= end) break;
      if (offset >= start) this.#toggle(letter, step);
      else after = letter;
      offset += letter.text.length;
    }
    for (const text of inserted) {
      const letter = this.#letterOf(this.#writer, this.#number + 1);
      this.#place(letter, after, text);
      this.#news.add(letter);
      step.push({ letter, isShown: true });
      after = letter;
    }
    const former = this.#done.at(-1);
    const continues = joins && this.#undone.length === 0;
    if (former && continues) former.push(...step);
    else if (step.length > 0) this.#done.push(step);
    if (step.length > 0) this.#undone = [];
    return this.#update();
  }

  /**
   * Undoes the last edit that was made here and still has an effect, whatever
   * others have written since.
   *
   * @returns {TextEdit[]} What has changed.
   */
  undo() {
    return this.#revert(this.#done, this.#undone);
  }

  /**
   * Redoes what was undone last.
   *
   * @returns {TextEdit[]} What has changed.
   */
  redo() {
    return this.#revert(this.#undone, this.#done);
  }

  /**
   * Adds letters of others.
   *
   * @param {readonly Run[]} runs
   * @returns {TextEdit[]} What has changed.
   */
  merge(runs) {
    const before = this.weight;
    for (const run of runs) this.#add(run);
    return this.weight === before ? [] : this.#update();
  }

  /**
   * Reverts the last step that others have not reverted.
   *
   * @param {Step[]} from
   * @param {Step[]} to
   */
  #revert(from, to) {
    /** @type {Step} */
    const reverted = [];
    while (reverted.length === 0) {
      const step = from.pop();
      if (step === undefined) return [];
      for (const { letter, isShown } of step.toReversed()) {
        if (isVisible(letter) === isShown) this.#toggle(letter, reverted);
      }
    }
    to.push(reverted);
    return this.#update();
  }

  /**
   * Deletes or restores a letter.
   *
   * @param {Letter} letter
   * @param {Step} step records it
   */
  #toggle(letter, step) {
    if (letter.version === MAX_VERSION) return;
    letter.version++;
    this.weight++;
    this.#news.add(letter);
    step.push({ letter, isShown: isVisible(letter) });
  }

  /** @param {Run} run */
  #add([writer, number, afterWriter, afterNumber, version, content]) {
    const texts = typeof content === "string"
      ? [...content]
      : Array(content).fill("");
    if (number + texts.length - 1 > MAX_NUMBER) return;
    if (this.#count + texts.length > MAX_LETTERS) return;
    let after = this.#letterOf(afterWriter, afterNumber);
    for (const [index, text] of texts.entries()) {
      const letter = this.#letterOf(writer, number + index);
      this.#place(letter, after, text);
      this.weight += Math.max(0, version - letter.version);
      letter.version = Math.max(letter.version, version);
      after = letter;
    }
  }

  /**
   * Finds a letter by its name, which can arrive before the letter does.
   *
   * @param {string} writer
   * @param {number} number
   * @returns {Letter}
   */
  #letterOf(writer, number) {
    let own = this.#letters.get(writer);
    if (own === undefined) this.#letters.set(writer, own = new Map());
    let letter = own.get(number);
    if (letter === undefined) {
      const unknown = { text: "", after: undefined, followers: [] };
      letter = { writer, number, version: 0, isShown: false, ...unknown };
      own.set(number, letter);
      this.#count++;
    }
    return letter;
  }

  /**
   * @param {Letter} letter
   * @param {Letter} after
   * @param {string} text
   */
  #place(letter, after, text) {
    // The text of a deleted letter can arrive later.
    letter.text ||= text;
    if (letter.after !== undefined) return;
    letter.after = after;
    const { followers } = after;
    let [first, last] = [0, followers.length];
    // Usually it is the newest one.
    for (let middle = last - 1; first < last; middle = (first + last) >> 1) {
      if (isOlder(followers[middle] ?? letter, letter)) first = middle + 1;
      else last = middle;
    }
    followers.splice(first, 0, letter);
    this.#number = Math.max(this.#number, letter.number);
    this.weight++;
  }

  /**
   * Reads the text again.
   *
   * @returns {TextEdit[]} What has changed in it.
   */
  #update() {
    /** @type {TextEdit[]} */
    const edits = [];
    /** @type {TextEdit | undefined} */
    let edit;
    let offset = 0;
    this.#shown = [];
    for (const letter of inOrder(this.#root)) {
      const { text, isShown: wasShown } = letter;
      letter.isShown = isVisible(letter);
      if (letter.isShown && wasShown) {
        edit = undefined;
      } else if (letter.isShown !== wasShown) {
        if (edit === undefined) {
          edit = { start: offset, end: offset, inserted: "" };
          edits.push(edit);
        }
        if (wasShown) edit.end += text.length;
        else edit.inserted += text;
      }
      if (!letter.isShown) continue;
      this.#shown.push(letter);
      offset += text.length;
    }
    this.text = this.#shown.map(({ text }) => text).join("");
    return edits;
  }
}

/** @param {Letter} letter */
function isVisible({ text, version }) {
  return text !== "" && version % 2 === 0;
}

/**
 * @param {Letter} one
 * @param {Letter} other
 */
function isOlder(one, other) {
  return one.number < other.number ||
    one.number === other.number && one.writer < other.writer;
}

/** @param {Letter} root */
function* inOrder(root) {
  const left = [root];
  for (let letter = left.pop(); letter !== undefined; letter = left.pop()) {
    yield letter;
    // The newest follower is next.
    for (const follower of letter.followers) left.push(follower);
  }
}

/**
 * Puts letters into the form in which they are sent.
 *
 * @param {Iterable<Letter>} letters
 */
function runsOf(letters) {
  const sorted = [...letters].sort((one, other) => {
    if (one.writer === other.writer) return one.number - other.number;
    return one.writer < other.writer ? -1 : 1;
  });
  /** @type {Run[]} */
  const runs = [];
  /** @type {Letter | undefined} */
  let former;
  for (const letter of sorted) {
    const { writer, number, version, text, after } = letter;
    if (after === undefined) continue;
    const run = runs.at(-1);
    const isNext = run !== undefined && after === former &&
      former.writer === writer && former.number === number - 1 &&
      former.version === version && number - run[1] < RUN_LENGTH;
    former = letter;
    const content = version % 2 === 0 ? text : 1;
    if (!isNext) {
      runs.push([writer, number, after.writer, after.number, version, content]);
    } else if (typeof run[5] === "string") run[5] += content;
    else run[5]++;
  }
  return runs;
}

/**
 * Reads runs from the wire.
 *
 * @param {unknown} value
 * @returns {Run[] | undefined}
 */
export function readRuns(value) {
  if (!Array.isArray(value) || !value.every(isRun)) return undefined;
  const letters = value.reduce((sum, run) => sum + lengthOf(run), 0);
  return letters <= MAX_IN_MESSAGE ? value : undefined;
}

/**
 * Returns how many letters a run has, or UTF-16 units if they are not deleted.
 *
 * @param {Run} run
 */
export function lengthOf([, , , , , content]) {
  return typeof content === "string" ? content.length : content;
}

/**
 * @param {unknown} value
 * @returns {value is Run}
 */
function isRun(value) {
  if (!Array.isArray(value) || value.length !== 6) return false;
  const [writer, number, afterWriter, afterNumber, version, content] = value;
  // A letter is newer than the one that it stands after: there are no circles.
  const isGood = typeof writer === "string" && isCount(number, MAX_NUMBER) &&
    typeof afterWriter === "string" && isCount(afterNumber, number - 1) &&
    isCount(version, MAX_VERSION);
  if (!isGood) return false;
  if (version % 2 === 1) return isLength(content);
  // A textarea has line feeds alone.
  return typeof content === "string" && isLength(content.length) &&
    content.isWellFormed() && !content.includes("\r");
}

/** @param {unknown} value */
function isLength(value) {
  return isCount(value, MAX_LENGTH) && value > 0;
}

/**
 * @param {unknown} value
 * @param {number} max
 * @returns {value is number}
 */
function isCount(value, max) {
  return (readCount(value) ?? Infinity) <= max;
}
