// @ts-check

/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** The longest text that one run brings, in UTF-16 units. */
export const MAX_LENGTH = 10_000;

/** The longest run that is sent, in letters: each has one or two units. */
const RUN_LENGTH = MAX_LENGTH / 2;

/**
 * The highest number of a letter: so many letters a text has at most, those
 * included that were deleted. What is beyond is refused by all in the same way.
 */
const MAX_NUMBER = 100_000;

/** How many letters are kept: who writes at once may take the same number. */
const MAX_LETTERS = 2 * MAX_NUMBER;

/** A letter can be deleted at last, so it is odd. */
const MAX_VERSION = 999_999;

/**
 * How many letters one message brings, those included that were deleted: to
 * take them costs time, however short the message is.
 */
const MAX_IN_MESSAGE = 65_536;

/**
 * A letter (a code point) of the text. It stands after the letter that it was
 * written after; of several there, the newest comes first.
 *
 * @typedef {object} Letter
 * @property {string} writer
 * @property {number} number higher than all that its writer had seen; with the
 * writer, it names the letter
 * @property {string} text empty as long as it is not known
 * @property {number} version how often it was deleted and restored: it is shown
 * while this is even
 * @property {Letter | undefined} after `undefined` as long as it is not known
 * @property {Letter[]} followers those that were written after it, oldest first
 */

/**
 * Letters in a row, as they are sent: who wrote them, the number of the first,
 * writer and number of the letter that it stands after, their version, and the
 * letters, or how many there are if they are deleted.
 *
 * @typedef {[writer: string, number: number, afterWriter: string,
 *   afterNumber: number, version: number, content: string | number]} Run
 */

/** @typedef {{ letter: Letter, isShown: boolean }} Toggle */

/**
 * What has been done to the text: the edits, each in the text that the one
 * before it left, and the letters that were shown or hidden.
 *
 * @typedef {{ edits: TextEdit[], toggles: Toggle[] }} Change
 */

/**
 * A text that several write at once. Whatever they write, and in whatever order
 * they hear of it, it becomes the same for all, and no letter is lost: a
 * replicated growable array, where a letter has a name and a deleted one keeps
 * its place. To merge is to add letters and take the highest versions.
 */
export class SharedText {
  #writer;
  /** The highest number so far. */
  #number = 0;
  #weight = 0;
  /** @type {Map<string, Map<number, Letter>>} by writer and number */
  #letters = new Map();
  #count = 0;
  /** What comes before all letters. */
  #root = this.#letterOf("", 0);
  /** @type {readonly Letter[]} those that are shown, in order */
  #shown = [];
  #text = "";
  #initialWeight;

  /**
   * @param {string} writer names this tab
   * @param {string} text what is there as long as nobody has written
   */
  constructor(writer, text) {
    this.#writer = writer;
    if (text !== "") this.#add(["", 1, "", 0, 0, text]);
    this.#update();
    this.#initialWeight = this.#weight;
  }

  /** @returns {string} */
  get text() {
    return this.#text;
  }

  /**
   * How much is known: grows with each change. If it is the same for two who
   * have merged what the other one has, they have the same text.
   *
   * @returns {number}
   */
  get weight() {
    return this.#weight;
  }

  /** @returns {boolean} Whether anybody has written. */
  get isWritten() {
    return this.#weight > this.#initialWeight;
  }

  /** @returns {Letter[]} All letters, the deleted ones too. */
  get letters() {
    return [...this.#letters.values()].flatMap((some) =>
      [...some.values()].filter(({ after }) => after !== undefined)
    );
  }

  /**
   * Edits the text, unless it has no room for what is inserted.
   *
   * @param {TextEdit} edit
   * @returns {Change}
   */
  write({ start, end, inserted }) {
    /** @type {Toggle[]} */
    const toggles = [];
    const room = Math.min(MAX_NUMBER - this.#number, MAX_LETTERS - this.#count);
    if ([...inserted].length > room) return { edits: [], toggles };
    let after = this.#root;
    let offset = 0;
    for (const letter of this.#shown) {
      if (offset >= end) break;
      if (offset >= start) this.#toggle(letter, toggles);
      else after = letter;
      offset += letter.text.length;
    }
    for (const text of inserted) {
      const letter = this.#letterOf(this.#writer, this.#number + 1);
      this.#place(letter, after, text);
      toggles.push({ letter, isShown: true });
      after = letter;
    }
    return { edits: this.#update(), toggles };
  }

  /**
   * Shows again what was hidden, and hides what was shown, as far as others
   * have not done so.
   *
   * @param {readonly Toggle[]} done
   * @returns {Change}
   */
  revert(done) {
    /** @type {Toggle[]} */
    const toggles = [];
    for (const { letter, isShown } of done.toReversed()) {
      if (isVisible(letter) === isShown) this.#toggle(letter, toggles);
    }
    return { edits: this.#update(), toggles };
  }

  /**
   * Takes letters of others.
   *
   * @param {readonly Run[]} runs
   * @returns {TextEdit[]}
   */
  merge(runs) {
    const before = this.#weight;
    for (const run of runs) this.#add(run);
    return this.#weight === before ? [] : this.#update();
  }

  /**
   * @param {Letter} letter
   * @param {Toggle[]} toggles what is done is added to it
   */
  #toggle(letter, toggles) {
    if (letter.version === MAX_VERSION) return;
    letter.version++;
    this.#weight++;
    toggles.push({ letter, isShown: isVisible(letter) });
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
      this.#weight += Math.max(0, version - letter.version);
      letter.version = Math.max(letter.version, version);
      after = letter;
    }
  }

  /**
   * A letter by its name. It can be named before it is known.
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
      letter = {
        writer,
        number,
        text: "",
        version: 0,
        after: undefined,
        followers: [],
      };
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
    // Of a deleted letter the text can come later.
    letter.text ||= text;
    if (letter.after !== undefined) return;
    letter.after = after;
    const { followers } = after;
    let [first, last] = [0, followers.length];
    // It is the newest one as a rule.
    for (let middle = last - 1; first < last; middle = (first + last) >> 1) {
      if (isOlder(followers[middle] ?? letter, letter)) first = middle + 1;
      else last = middle;
    }
    followers.splice(first, 0, letter);
    this.#number = Math.max(this.#number, letter.number);
    this.#weight++;
  }

  /**
   * Reads the text anew.
   *
   * @returns {TextEdit[]} What has changed in it.
   */
  #update() {
    const before = this.#shown;
    this.#shown = visible(this.#root);
    this.#text = this.#shown.map(({ text }) => text).join("");
    return editsBetween(before, this.#shown);
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
function visible(root) {
  const found = [];
  const left = [root];
  for (let letter = left.pop(); letter !== undefined; letter = left.pop()) {
    if (isVisible(letter)) found.push(letter);
    // The newest one is taken first.
    for (const follower of letter.followers) left.push(follower);
  }
  return found;
}

/**
 * @param {readonly Letter[]} before
 * @param {readonly Letter[]} after has the letters of both in the same order
 */
function editsBetween(before, after) {
  const shorter = Math.min(before.length, after.length);
  // As a rule all but one place is the same, which is quickly told.
  let same = 0;
  while (same < shorter && before[same] === after[same]) same++;
  let end = 0;
  while (end < shorter - same && before.at(-1 - end) === after.at(-1 - end)) {
    end++;
  }
  const old = before.slice(same, before.length - end);
  const known = new Set(old);
  /** @type {TextEdit[]} */
  const edits = [];
  let start = 0;
  for (const { text } of after.slice(0, same)) start += text.length;
  let [removed, inserted] = [0, ""];
  let next = 0;
  const close = (kept = 0) => {
    if (removed > 0 || inserted !== "") {
      edits.push({ start, end: start + removed, inserted });
    }
    start += inserted.length + kept;
    [removed, inserted] = [0, ""];
  };
  const skip = () => {
    let gone = old[next];
    while (gone !== undefined && !isVisible(gone)) {
      removed += gone.text.length;
      gone = old[++next];
    }
  };
  for (const letter of after.slice(same, after.length - end)) {
    skip();
    if (known.has(letter)) {
      close(letter.text.length);
      next++;
    } else {
      inserted += letter.text;
    }
  }
  skip();
  close();
  return edits;
}

/**
 * Letters as they are sent.
 *
 * @param {Iterable<Letter>} letters
 * @returns {Run[]}
 */
export function runsOf(letters) {
  const sorted = [...letters].sort((one, other) =>
    one.writer < other.writer
      ? -1
      : one.writer > other.writer
      ? 1
      : one.number - other.number
  );
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
    } else if (typeof run[5] === "string") {
      run[5] += content;
    } else {
      run[5]++;
    }
  }
  return runs;
}

/**
 * Takes runs from the wire, if they are some.
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
 * How many letters are in a run, or UTF-16 units if they are not deleted.
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
  // A letter is newer than what it stands after: so there are no circles.
  return typeof writer === "string" && isCount(number, MAX_NUMBER) &&
    typeof afterWriter === "string" && isCount(afterNumber, number - 1) &&
    isCount(version, MAX_VERSION) &&
    (version % 2 === 0 ? isContent(content) : isLength(content));
}

/** @param {unknown} value */
function isContent(value) {
  // Textareas have no other ends of lines.
  return typeof value === "string" && isLength(value.length) &&
    value.isWellFormed() && !value.includes("\r");
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
  return typeof value === "number" && Number.isInteger(value) && value >= 0 &&
    value <= max;
}
