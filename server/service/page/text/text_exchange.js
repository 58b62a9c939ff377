// @ts-check

import { readPlaces } from "../document/places.js";
import { readCount } from "../people/text.js";
import { lengthOf, readRuns, SharedText } from "./shared_text.js";
import { editBetween } from "./text_edit.js";

/** @typedef {import("../document/places.js").Places} Places */
/** @typedef {import("./shared_text.js").Run} Run */
/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** The longest delay of an answer to somebody who wants the text. */
const ANSWER_MS = 200;

/**
 * How much text a message may have, in bytes: a broadcast has at most 64 KiB. A
 * deleted letter counts like a visible one.
 */
const MESSAGE_BYTES = 32_768;

/**
 * @typedef {object} ExchangeEvents
 * @property {(message: import("../../../client/mod.ts").JsonObject) => void} send sends a message to all others
 * @property {() => void} ask asks all others for the text
 * @property {(edits: readonly TextEdit[]) => void} onEdits is called after
 * somebody else has edited the text
 */

/**
 * Exchanges the text between the tabs of a document: new and deleted letters as
 * they are written, and all letters for a newcomer. The answer to a newcomer
 * includes all cursors: inactive people don't send theirs again when the
 * text before them changes.
 */
export class TextExchange {
  #self;
  #events;
  #places;
  #writer;
  #shared;
  /** How many messages with changes have been sent. */
  #sent = 0;
  /** @type {Map<string, number>} that number for each other writer */
  #received = new Map();
  /** Whether letters that others have sent are missing here. */
  #isBehind = false;
  #wantsPlaces = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #answering;

  /**
   * @param {string} self the key of the one who writes here
   * @param {string} text the text before anybody has written
   * @param {Places} places
   * @param {ExchangeEvents} events
   */
  constructor(self, text, places, events) {
    const [id = 0] = crypto.getRandomValues(new Uint32Array(1));
    this.#self = self;
    this.#places = places;
    this.#events = events;
    this.#writer = id.toString(36);
    this.#shared = new SharedText(this.#writer, text);
  }

  /**
   * Writes what was typed here. `sendNews()` sends it.
   *
   * @param {string} text
   * @param {number} caret where it is now
   * @param {boolean} joins whether to undo it together with what was written
   * before
   * @returns {readonly TextEdit[]} The edits that revert it if the text is full.
   */
  write(text, caret, joins) {
    const shared = this.#shared;
    if (text === shared.text) return [];
    const edit = editBetween(shared.text, text, caret);
    this.#edited(shared.write(edit, joins));
    return text === shared.text
      ? []
      : [editBetween(text, shared.text, edit.end)];
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
   * Redoes what was undone last.
   *
   * @returns {readonly TextEdit[]} What has changed.
   */
  redo() {
    return this.#edited(this.#shared.redo());
  }

  /** Sends what has changed here. */
  sendNews() {
    for (const runs of inMessages(this.#shared.takeNews())) {
      this.#sent++;
      this.#send({ runs });
    }
  }

  /** Sends all letters after a join: others may lack some after a lost connection. */
  joined() {
    this.#wantsPlaces = true;
    this.#sendAll({});
  }

  /** Answers somebody who asks for the text, unless somebody else is faster. */
  answer() {
    if (!this.#shared.isWritten) return;
    this.#answering ??= setTimeout(() => {
      this.#answering = undefined;
      const places = [...this.#places.all()]
        .map(([id, { place: { anchor, head } }]) => [id, anchor, head]);
      this.#sendAll({ places });
    }, Math.random() * ANSWER_MS);
  }

  /**
   * Merges a message of somebody else.
   *
   * @param {Readonly<Record<string, unknown>>} payload
   * @param {string | undefined} sender
   */
  receive(payload, sender) {
    const message = readMessage(payload);
    if (message === undefined || message.writer === this.#writer) return;
    const edits = this.#shared.merge(message.runs);
    if (edits.length > 0) {
      this.#places.edited(edits, sender);
      this.#events.onEdits(edits);
    }
    if (message.weight === undefined) return this.#lookForGap(message);
    this.#received.set(message.writer, message.count);
    this.#isBehind = message.weight > this.#shared.weight;
    if (message.places === undefined) return;
    if (message.weight !== this.#shared.weight) {
      // The places are in another text: somebody's edit has crossed the answer.
      if (this.#wantsPlaces) this.#events.ask();
      return;
    }
    clearTimeout(this.#answering);
    this.#answering = undefined;
    if (!this.#wantsPlaces && edits.length === 0) return;
    this.#wantsPlaces = false;
    this.#places.correct(message.places);
  }

  /**
   * Asks for the text while letters are missing. A service drops messages for slow
   * readers, even answers.
   *
   * @param {{ writer: string, count: number }} message
   */
  #lookForGap({ writer, count }) {
    const received = this.#received.get(writer) ?? 0;
    this.#received.set(writer, Math.max(received, count));
    this.#isBehind ||= count > received + 1;
    if (this.#isBehind) this.#events.ask();
  }

  /** @param {readonly TextEdit[]} edits made here */
  #edited(edits) {
    this.#places.edited(edits, this.#self);
    return edits;
  }

  /** @param {object} besides fields to add to the last message */
  #sendAll(besides) {
    if (!this.#shared.isWritten) return;
    if (this.#shared.takeNews().length > 0) this.#sent++;
    const parts = inMessages(this.#shared.runs);
    const last = parts.pop();
    for (const runs of parts) this.#send({ runs });
    this.#send({ runs: last, weight: this.#shared.weight, ...besides });
  }

  /** @param {object} message */
  #send(message) {
    const [writer, count] = [this.#writer, this.#sent];
    this.#events.send({ writer, count, ...message });
  }
}

/**
 * Groups runs into messages that are short enough.
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
 * Reads a message from the wire: runs, and the cursors, if it has them.
 *
 * @param {Readonly<Record<string, unknown>>} payload
 */
function readMessage({ writer, weight, places, ...payload }) {
  const count = readCount(payload.count);
  const runs = readRuns(payload.runs);
  if (runs === undefined || count === undefined) return undefined;
  if (typeof writer !== "string") return undefined;
  return {
    runs,
    writer,
    count,
    weight: readCount(weight),
    places: places === undefined ? undefined : readPlaces(places),
  };
}
