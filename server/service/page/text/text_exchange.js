// @ts-check

import { readPlaces } from "../document/participants.js";
import { lengthOf, readRuns, SharedText } from "./shared_text.js";
import { editBetween } from "./text_edit.js";

/** @typedef {import("../document/participants.js").Participants} Participants */
/** @typedef {import("./shared_text.js").Run} Run */
/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** How long others may take to answer somebody who wants the text. */
const ANSWER_MS = 200;

/**
 * How much text a message has, in bytes: a broadcast has at most 64 KiB. A
 * deleted letter counts as one that is shown.
 */
const MESSAGE_BYTES = 32_768;

/**
 * @typedef {object} ExchangeEvents
 * @property {(message: object) => void} send to all others
 * @property {() => void} ask all others for the text
 * @property {(edits: readonly TextEdit[]) => void} onEdits somebody else has
 * edited the text
 */

/**
 * What the tabs of a document tell each other of the text: the letters that are
 * new or deleted, and all of them to anybody who comes. The answer says where
 * all cursors are, too: people who do nothing don't say it again whenever the
 * text before them changes.
 */
export class TextExchange {
  #self;
  #events;
  #participants;
  #writer;
  #shared;
  /** How many messages have told of changes. */
  #told = 0;
  /** @type {Map<string, number>} The same of the others, as far as heard. */
  #heard = new Map();
  /** Whether something that was told is not known here. */
  #isBehind = false;
  #wantsPlaces = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #answering;

  /**
   * @param {string} self the key of the one who writes here
   * @param {string} text what is there as long as nobody has written
   * @param {Participants} participants
   * @param {ExchangeEvents} events
   */
  constructor(self, text, participants, events) {
    const [id = 0] = crypto.getRandomValues(new Uint32Array(1));
    this.#self = self;
    this.#participants = participants;
    this.#events = events;
    this.#writer = id.toString(36);
    this.#shared = new SharedText(this.#writer, text);
  }

  /**
   * Takes what has been written here; `tell()` tells the others.
   *
   * @param {string} text
   * @param {number} caret where it is now
   * @param {boolean} joins whether it is undone together with what was written
   * before
   * @returns {readonly TextEdit[]} What takes it back, if there is no room.
   */
  write(text, caret, joins) {
    if (text === this.#shared.text) return [];
    const edit = editBetween(this.#shared.text, text, caret);
    this.#edited(this.#shared.write(edit, joins));
    return text === this.#shared.text
      ? []
      : [editBetween(text, this.#shared.text, edit.end)];
  }

  /**
   * Undoes what was written here last, whatever others have written since.
   *
   * @returns {readonly TextEdit[]} What has changed.
   */
  undo() {
    return this.#edited(this.#shared.undo());
  }

  /**
   * Does again what was undone last.
   *
   * @returns {readonly TextEdit[]} What has changed.
   */
  redo() {
    return this.#edited(this.#shared.redo());
  }

  /** Tells the others what is new. */
  tell() {
    for (const runs of inMessages(this.#shared.takeNews())) {
      this.#told++;
      this.#send({ runs });
    }
  }

  /** One is in, perhaps again: others may have written, and have to be told. */
  joined() {
    this.#wantsPlaces = true;
    this.#tellAll({});
  }

  /** Answers somebody who wants the text, unless somebody else does. */
  wanted() {
    if (!this.#shared.isWritten) return;
    this.#answering ??= setTimeout(() => {
      this.#answering = undefined;
      const places = [...this.#participants.places()]
        .map(([userId, { anchor, head }]) => [userId, anchor, head]);
      this.#tellAll({ places });
    }, Math.random() * ANSWER_MS);
  }

  /**
   * Takes what somebody else has told.
   *
   * @param {unknown} message
   */
  receive(message) {
    const told = readMessage(message);
    if (told === undefined || told.writer === this.#writer) return;
    const edits = this.#shared.merge(told.runs);
    if (edits.length > 0) {
      this.#participants.edited(edits, this.#shared.text, told.sender);
      this.#events.onEdits(edits);
    }
    if (told.weight === undefined) return this.#lookForGap(told);
    this.#heard.set(told.writer, told.count);
    this.#isBehind = told.weight > this.#shared.weight;
    if (told.places === undefined) return;
    if (told.weight !== this.#shared.weight) {
      // The places are in another text: somebody's edit has crossed the answer.
      if (this.#wantsPlaces) this.#events.ask();
      return;
    }
    clearTimeout(this.#answering);
    this.#answering = undefined;
    if (!this.#wantsPlaces && edits.length === 0) return;
    this.#wantsPlaces = false;
    for (const [userId, place] of told.places) {
      this.#participants.place(userId, place, this.#shared.text);
    }
  }

  /**
   * A service leaves out what a slow reader cannot take, an answer too: it is
   * asked for until it has come.
   *
   * @param {{ writer: string, count: number }} told
   */
  #lookForGap({ writer, count }) {
    const heard = this.#heard.get(writer) ?? 0;
    this.#heard.set(writer, Math.max(heard, count));
    this.#isBehind ||= count > heard + 1;
    if (this.#isBehind) this.#events.ask();
  }

  /** @param {readonly TextEdit[]} edits made here */
  #edited(edits) {
    this.#participants.edited(edits, this.#shared.text, this.#self);
    return edits;
  }

  /** @param {object} besides what is told with the last part */
  #tellAll(besides) {
    if (!this.#shared.isWritten) return;
    if (this.#shared.takeNews().length > 0) this.#told++;
    const parts = inMessages(this.#shared.runs);
    const last = parts.pop();
    for (const runs of parts) this.#send({ runs });
    this.#send({ runs: last, weight: this.#shared.weight, ...besides });
  }

  /** @param {object} message */
  #send(message) {
    const [writer, count] = [this.#writer, this.#told];
    this.#events.send({ writer, count, ...message });
  }
}

/**
 * As many runs together as go into a message.
 *
 * @param {readonly Run[]} runs
 */
function inMessages(runs) {
  const encoder = new TextEncoder();
  /** @type {Run[][]} */
  const messages = [];
  let left = 0;
  for (const run of runs) {
    const bytes = encoder.encode(JSON.stringify(run)).length;
    const length = Math.max(bytes, lengthOf(run));
    if (length > left) {
      messages.push([]);
      left = MESSAGE_BYTES;
    }
    messages.at(-1)?.push(run);
    left -= length;
  }
  return messages;
}

/**
 * Takes a message from the wire, if it is one: runs, who has sent them, and
 * where cursors are, if that is told.
 *
 * @param {unknown} message
 */
function readMessage(message) {
  const fields = new Map(Object.entries(message ?? {}));
  const sender = new Map(Object.entries(fields.get("sender") ?? {}));
  const [writer, count, weight] = ["writer", "count", "weight"]
    .map((name) => fields.get(name));
  const runs = readRuns(fields.get("runs"));
  if (runs === undefined || typeof writer !== "string") return undefined;
  if (typeof count !== "number") return undefined;
  return {
    runs,
    writer,
    count,
    weight: typeof weight === "number" ? weight : undefined,
    sender: String(sender.get("key")),
    places: fields.has("places") ? readPlaces(fields.get("places")) : undefined,
  };
}
