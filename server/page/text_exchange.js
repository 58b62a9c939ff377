// @ts-check

import { readPlaces } from "./participants.js";
import { readDraft, SharedText } from "./shared_text.js";
import { editBetween } from "./text_edit.js";

/** @typedef {import("./participants.js").Participants} Participants */
/** @typedef {import("./text_edit.js").TextEdit} TextEdit */

/** How long others may take to answer somebody who wants the text. */
const ANSWER_MS = 200;

/**
 * @typedef {object} ExchangeEvents
 * @property {(message: object) => void} send to all others
 * @property {(edit: TextEdit) => void} onEdit somebody else has edited the text
 */

/**
 * What the tabs of a document tell each other of the text: each edit as the
 * whole text, which is not much, and the present text to whoever comes. Who
 * answers says where all cursors are in it, too: those who do nothing don't say
 * it again whenever the text before them changes.
 */
export class TextExchange {
  #self;
  #events;
  #participants;
  #shared;
  /** What the others have been told. */
  #told;
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
    this.#shared = new SharedText(`${self} ${id}`, text);
    this.#told = this.#shared.draft;
  }

  /**
   * Takes note of what has been written here; `tell()` tells the others.
   *
   * @param {string} text
   */
  write(text) {
    const edit = editBetween(this.#shared.draft.text, text);
    this.#shared.write(text);
    this.#participants.edited(edit, text, this.#self);
  }

  /** Tells the others what is new. */
  tell() {
    const { draft } = this.#shared;
    if (draft === this.#told) return;
    this.#told = draft;
    this.#events.send(draft);
  }

  /** Takes note that one is in, again perhaps: others may have written. */
  joined() {
    this.#wantsPlaces = true;
    const { draft } = this.#shared;
    if (draft.version > 0) this.#events.send(draft);
  }

  /** Answers somebody who wants the text, unless somebody else does. */
  wanted() {
    if (this.#shared.draft.version === 0) return;
    this.#answering ??= setTimeout(() => {
      this.#answering = undefined;
      const places = [...this.#participants.places()]
        .map(([userId, { anchor, head }]) => [userId, anchor, head]);
      this.#told = this.#shared.draft;
      this.#events.send({ ...this.#told, places });
    }, Math.random() * ANSWER_MS);
  }

  /**
   * Takes what somebody else has told.
   *
   * @param {unknown} message
   */
  receive(message) {
    const draft = readDraft(message);
    if (draft === undefined) return;
    const before = this.#shared.draft;
    const isNew = this.#shared.receive(draft);
    const isSame = draft.version === before.version &&
      draft.writer === before.writer;
    const { places, writer } = readCircumstances(message);
    if (places !== undefined && (isNew || isSame)) this.#stopAnswering();
    if (isNew) {
      const edit = editBetween(before.text, draft.text);
      this.#told = draft;
      this.#participants.edited(edit, draft.text, writer);
      this.#events.onEdit(edit);
    }
    if (places === undefined || !isNew && !(isSame && this.#wantsPlaces)) {
      return;
    }
    this.#wantsPlaces = false;
    for (const [userId, place] of places) {
      this.#participants.place(userId, place, draft.text);
    }
  }

  #stopAnswering() {
    clearTimeout(this.#answering);
    this.#answering = undefined;
  }
}

/**
 * Who has told something, and where cursors are, if that has been told.
 *
 * @param {unknown} message
 */
function readCircumstances(message) {
  const fields = new Map(Object.entries(message ?? {}));
  const sender = new Map(Object.entries(fields.get("sender") ?? {}));
  return {
    writer: String(sender.get("key")),
    places: fields.has("places") ? readPlaces(fields.get("places")) : undefined,
  };
}
