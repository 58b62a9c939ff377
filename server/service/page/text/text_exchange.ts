import type { JsonObject } from "../../../client/mod.ts";
import { editBetween, type TextEdit } from "../../../client/views/text_edit.ts";
import { type Places, readPlaces } from "../document/places.ts";
import { readCount } from "../people/text.ts";
import { lengthOf, readRuns, type Run, SharedText } from "./shared_text.ts";

/** The longest delay of an answer to somebody who wants the text. */
const ANSWER_MS = 200;

/**
 * How much text a message may have, in bytes: a broadcast has at most 64 KiB. A
 * deleted letter counts like a visible one.
 */
const MESSAGE_BYTES = 32_768;

interface ExchangeEvents {
  /** Sends a message to all others. */
  readonly send: (message: JsonObject) => void;
  /** Asks all others for the text. */
  readonly ask: () => void;
  /** Called after somebody else has edited the text. */
  readonly onEdits: (edits: readonly TextEdit[]) => void;
}

/**
 * Exchanges the text between the tabs of a document: new and deleted letters as
 * they are written, and all letters for a newcomer. The answer to a newcomer
 * includes all cursors: inactive people don't send theirs again when the
 * text before them changes.
 */
export class TextExchange {
  readonly #self: string;
  readonly #events: ExchangeEvents;
  readonly #places: Places;
  readonly #writer: string;
  readonly #shared: SharedText;
  /** How many messages with changes have been sent. */
  #sent = 0;
  /** That number for each other writer. */
  readonly #received = new Map<string, number>();
  /** Whether letters that others have sent are missing here. */
  #isBehind = false;
  #wantsPlaces = false;
  #answering: ReturnType<typeof setTimeout> | undefined;

  /** Makes it, with the key of the one who writes here, and the initial text. */
  constructor(
    self: string,
    text: string,
    places: Places,
    events: ExchangeEvents,
  ) {
    const [id = 0] = crypto.getRandomValues(new Uint32Array(1));
    this.#self = self;
    this.#places = places;
    this.#events = events;
    this.#writer = id.toString(36);
    this.#shared = new SharedText(this.#writer, text);
  }

  /**
   * Writes what was typed here. `sendNews()` sends it. If it joins, it is undone
   * together with what was written before. Returns the edits that revert it if the
   * text is full.
   */
  write(text: string, caret: number, joins: boolean): readonly TextEdit[] {
    const shared = this.#shared;
    if (text === shared.text) return [];
    const edit = editBetween(shared.text, text, caret);
    this.#edited(shared.write(edit, joins));
    return text === shared.text
      ? []
      : [editBetween(text, shared.text, edit.end)];
  }

  /** Undoes what was written here last, and returns what has changed. */
  undo(): readonly TextEdit[] {
    return this.#edited(this.#shared.undo());
  }

  /** Redoes what was undone last, and returns what has changed. */
  redo(): readonly TextEdit[] {
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

  /** Merges a message of somebody else. */
  receive(
    payload: Readonly<Record<string, unknown>>,
    sender: string | undefined,
  ) {
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
   */
  #lookForGap({ writer, count }: { writer: string; count: number }) {
    const received = this.#received.get(writer) ?? 0;
    this.#received.set(writer, Math.max(received, count));
    this.#isBehind ||= count > received + 1;
    if (this.#isBehind) this.#events.ask();
  }

  #edited(edits: readonly TextEdit[]) {
    this.#places.edited(edits, this.#self);
    return edits;
  }

  /** Sends all letters, and some fields in the last message. */
  #sendAll(besides: JsonObject) {
    if (!this.#shared.isWritten) return;
    if (this.#shared.takeNews().length > 0) this.#sent++;
    const parts = inMessages(this.#shared.runs);
    const last = parts.pop() ?? [];
    for (const runs of parts) this.#send({ runs });
    this.#send({ runs: last, weight: this.#shared.weight, ...besides });
  }

  #send(message: JsonObject) {
    const [writer, count] = [this.#writer, this.#sent];
    this.#events.send({ writer, count, ...message });
  }
}

/** Groups runs into messages that are short enough. */
function inMessages(runs: readonly Run[]) {
  const encoder = new TextEncoder();
  const messages: Run[][] = [];
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

/** Reads a message from the wire: runs, and the cursors, if it has them. */
function readMessage(
  { writer, weight, places, ...payload }: Readonly<Record<string, unknown>>,
) {
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
