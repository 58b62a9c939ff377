import type { TextEdit } from "../../../client/views/text_edit.ts";
import { readCount } from "../people/text.ts";

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
 */
interface Letter {
  readonly writer: string;
  /**
   * Higher than all numbers that its writer had seen. Writer and number name the
   * letter.
   */
  readonly number: number;
  /** Empty until it is known. */
  text: string;
  /** How often it was deleted and restored: it is visible while this is even. */
  version: number;
  /** Whether it is in `SharedText.text`. */
  isShown: boolean;
  /** `undefined` until it is known. */
  after: Letter | undefined;
  /** Those that were written after it, oldest first. */
  readonly followers: Letter[];
}

/**
 * Letters in a row, as they are sent: their writer, the number of the first,
 * writer and number of the letter that it stands after, their version, and the
 * letters, or how many there are if they are deleted.
 */
export type Run = [
  writer: string,
  number: number,
  afterWriter: string,
  afterNumber: number,
  version: number,
  content: string | number,
];

/** The letters that one step of a writer has shown or hidden. */
type Step = { letter: Letter; isShown: boolean }[];

/**
 * A text that several people write at once: a replicated growable array. Each
 * letter has a name, and a deleted letter keeps its place. All replicas get the
 * same text in any order of messages, and no letter is lost. A merge adds letters,
 * and keeps the highest versions.
 */
export class SharedText {
  readonly #writer: string;
  /** The highest number so far. */
  #number = 0;
  /**
   * The number of changes that are known here. Two tabs that have merged each
   * other's letters have the same text if they have the same weight.
   */
  weight = 0;
  /** By writer and number. */
  readonly #letters = new Map<string, Map<number, Letter>>();
  #count = 0;
  /** The place before all letters. */
  readonly #root: Letter = this.#letterOf("", 0);
  /** The visible ones, in order. */
  #shown: Letter[] = [];
  /** The text as it is now. */
  text = "";
  readonly #initialWeight: number;
  readonly #done: Step[] = [];
  #undone: Step[] = [];
  /** What changed here since `takeNews()`. */
  readonly #news = new Set<Letter>();

  /** Makes it, with a name of this tab, and the text before anybody has written. */
  constructor(writer: string, text: string) {
    this.#writer = writer;
    if (text !== "") this.#add(["", 1, "", 0, 0, text]);
    this.#update();
    this.#initialWeight = this.weight;
  }

  /** Whether anybody has written. */
  get isWritten(): boolean {
    return this.weight > this.#initialWeight;
  }

  /** All letters, the deleted ones too. */
  get runs(): Run[] {
    return runsOf(
      [...this.#letters.values()].flatMap((some) => [...some.values()]),
    );
  }

  /**
   * Returns the letters that were written, deleted or restored here since the
   * last call.
   */
  takeNews(): Run[] {
    const runs = runsOf(this.#news);
    this.#news.clear();
    return runs;
  }

  /**
   * Edits the text, unless it has no room for what is inserted. If it joins,
   * `undo()` undoes it together with the previous edit. Returns what has changed,
   * as all these methods do: each edit in the text that the one before it left.
   */
  write({ start, end, inserted }: TextEdit, joins = false): TextEdit[] {
    const room = Math.min(MAX_NUMBER - this.#number, MAX_LETTERS - this.#count);
    if ([...inserted].length > room) return [];
    const step: Step = [];
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
   */
  undo(): TextEdit[] {
    return this.#revert(this.#done, this.#undone);
  }

  /** Redoes what was undone last. */
  redo(): TextEdit[] {
    return this.#revert(this.#undone, this.#done);
  }

  /** Adds letters of others. */
  merge(runs: readonly Run[]): TextEdit[] {
    const before = this.weight;
    for (const run of runs) this.#add(run);
    return this.weight === before ? [] : this.#update();
  }

  /** Reverts the last step that others have not reverted. */
  #revert(from: Step[], to: Step[]): TextEdit[] {
    const reverted: Step = [];
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

  /** Deletes or restores a letter, and records it in a step. */
  #toggle(letter: Letter, step: Step) {
    if (letter.version === MAX_VERSION) return;
    letter.version++;
    this.weight++;
    this.#news.add(letter);
    step.push({ letter, isShown: isVisible(letter) });
  }

  #add([writer, number, afterWriter, afterNumber, version, content]: Run) {
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

  /** Finds a letter by its name, which can arrive before the letter does. */
  #letterOf(writer: string, number: number): Letter {
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

  #place(letter: Letter, after: Letter, text: string) {
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

  /** Reads the text again, and returns what has changed in it. */
  #update(): TextEdit[] {
    const edits: TextEdit[] = [];
    let edit: { start: number; end: number; inserted: string } | undefined;
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

function isVisible({ text, version }: Letter) {
  return text !== "" && version % 2 === 0;
}

function isOlder(one: Letter, other: Letter) {
  return one.number < other.number ||
    one.number === other.number && one.writer < other.writer;
}

function* inOrder(root: Letter) {
  const left = [root];
  for (let letter = left.pop(); letter !== undefined; letter = left.pop()) {
    yield letter;
    // The newest follower is next.
    for (const follower of letter.followers) left.push(follower);
  }
}

/** Puts letters into the form in which they are sent. */
function runsOf(letters: Iterable<Letter>) {
  const sorted = [...letters].sort((one, other) => {
    if (one.writer === other.writer) return one.number - other.number;
    return one.writer < other.writer ? -1 : 1;
  });
  const runs: Run[] = [];
  let former: Letter | undefined;
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

/** Reads runs from the wire. */
export function readRuns(value: unknown): readonly Run[] | undefined {
  if (!Array.isArray(value) || !value.every(isRun)) return undefined;
  const letters = value.reduce((sum, run) => sum + lengthOf(run), 0);
  return letters <= MAX_IN_MESSAGE ? value : undefined;
}

/** Returns how many letters a run has, or UTF-16 units if they are not deleted. */
export function lengthOf([, , , , , content]: Run): number {
  return typeof content === "string" ? content.length : content;
}

function isRun(value: unknown): value is Run {
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

function isLength(value: unknown) {
  return isCount(value, MAX_LENGTH) && value > 0;
}

function isCount(value: unknown, max: number): value is number {
  return (readCount(value) ?? Infinity) <= max;
}
