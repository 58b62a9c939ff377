import { isKey, type PresenceModel } from "../../core/mod.ts";
import type { NodeLife } from "./backbone.ts";
import { within } from "./within.ts";

/** How long to wait for answers, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 2_000;

/**
 * How many UTF-16 code units one message carries: at most 256 KiB of UTF-8,
 * whatever they are and however JSON escapes them.
 */
const PART_LENGTH = 80_000;

/** A text between nodes. */
type Message =
  | {
    readonly type: "ask";
    readonly id: string;
    /** The subject to locate. */
    readonly subject: unknown;
  }
  | {
    readonly type: "answer";
    readonly id: string;
    /** The index of the part, from 0. */
    readonly part: number;
    /** The number of parts. */
    readonly parts: number;
    /** The text of the part. */
    readonly text: string;
  }
  /** The node can't read the question. */
  | { readonly type: "none"; readonly id: string }
  /** The node leaves and answers no more. The id is the epoch of its life. */
  | { readonly type: "left"; readonly id: string };

/** The answers to a question. */
export interface Answers {
  /** The answer of each node that has answered. */
  readonly answers: readonly string[];
  /** The names of the nodes that have not answered. */
  readonly missing: readonly string[];
}

/** What questions need. */
export interface QuestionsHost<M extends PresenceModel> {
  /** Sends a text to one node or to all others. */
  send(text: string, to?: string): void;
  /** Returns the own entries of a subject as text. */
  answer(subject: M["subject"]): string;
  /** Reports whether a node has announced that it answers no more. */
  isSilent(node: string): boolean;
  /** Called when a life announces that. */
  silenced(life: NodeLife): void;
}

/** Asks all other nodes for the entries of a subject, and answers them. */
export class Questions<M extends PresenceModel> {
  readonly #host: QuestionsHost<M>;
  readonly #open = new Map<string, OpenQuestion>();

  /** Makes the questions of a node. */
  constructor(host: QuestionsHost<M>) {
    this.#host = host;
  }

  /** Asks other nodes; waits for all answers, but no longer than the timeout. */
  async ask(
    subject: M["subject"],
    others: readonly string[],
  ): Promise<Answers> {
    const { isSilent } = this.#host;
    const open = new OpenQuestion(others, isSilent);
    const id = crypto.randomUUID();
    this.#open.set(id, open);
    try {
      if (open.isOpen) this.#send({ type: "ask", id, subject });
      await within(open.settled, ANSWER_TIMEOUT_MS, undefined);
      return open.answers;
    } finally {
      this.#open.delete(id);
    }
  }

  /** Handles a text of another node. */
  receive(from: string, text: string): void {
    const message = decodeMessage(text);
    switch (message?.type) {
      case "ask":
        return this.#answer(from, message.id, message.subject);
      case "answer":
        return this.#open.get(message.id)?.take(from, message);
      case "none":
        return this.#open.get(message.id)?.silenced(from);
      case "left":
        this.#host.silenced({ node: from, epoch: message.id });
        for (const open of this.#open.values()) open.silenced(from);
    }
  }

  /** Announces that a life of this node answers no more. */
  leave({ epoch }: NodeLife): void {
    this.#send({ type: "left", id: epoch });
  }

  /** Stops waiting for a node whose life has ended: its entries are gone. */
  gone(node: string): void {
    for (const open of this.#open.values()) open.gone(node);
  }

  /** Stops waiting for all nodes. */
  stop(): void {
    for (const open of this.#open.values()) open.settle();
  }

  #answer(from: string, id: string, subject: unknown): void {
    if (!isKey(subject)) return this.#send({ type: "none", id }, from);
    const text = this.#host.answer(subject);
    const parts = Math.ceil(text.length / PART_LENGTH);
    for (let part = 0; part < parts; part++) {
      const start = part * PART_LENGTH;
      const piece = text.slice(start, start + PART_LENGTH);
      this.#send({ type: "answer", id, part, parts, text: piece }, from);
    }
  }

  #send(message: Message, to?: string): void {
    this.#host.send(JSON.stringify(message), to);
  }
}

/** A question that not all nodes have answered. */
class OpenQuestion {
  /** Settles when the question awaits no more answers. */
  readonly settled: Promise<void>;
  /** Stops waiting. */
  settle: () => void = () => {};
  readonly #awaited: Set<string>;
  readonly #silent: Set<string>;
  readonly #parts = new Map<string, Map<number, string>>();
  readonly #answers: string[] = [];

  constructor(others: readonly string[], isSilent: (node: string) => boolean) {
    this.settled = new Promise((resolve) => this.settle = resolve);
    this.#awaited = new Set(others.filter((node) => !isSilent(node)));
    this.#silent = new Set(others.filter(isSilent));
    this.#look();
  }

  /** Whether the question awaits answers. */
  get isOpen(): boolean {
    return this.#awaited.size > 0;
  }

  /** The answers so far. */
  get answers(): Answers {
    const missing = [...this.#awaited, ...this.#silent].sort();
    return { answers: this.#answers, missing };
  }

  /** Applies a part of an answer. */
  take(
    from: string,
    { part, parts, text }: Extract<Message, { type: "answer" }>,
  ): void {
    if (!this.#awaited.has(from)) return;
    const had = this.#parts.get(from) ?? new Map<number, string>();
    this.#parts.set(from, had.set(part, text));
    if (had.size < parts) return;
    const all = Array.from({ length: parts }, (_, index) => had.get(index));
    this.#answers.push(all.join(""));
    this.gone(from);
  }

  /** Stops waiting for a node. */
  gone(node: string): void {
    this.#awaited.delete(node);
    this.#silent.delete(node);
    this.#look();
  }

  /** Stops waiting for a node that will not answer. */
  silenced(node: string): void {
    if (this.#awaited.delete(node)) this.#silent.add(node);
    this.#look();
  }

  #look(): void {
    if (!this.isOpen) this.settle();
  }
}

/** Reads a message; `undefined` if this version does not know it. */
function decodeMessage(text: string): Message | undefined {
  try {
    const { type, id, subject, part, parts, text: piece } = JSON.parse(text);
    if (typeof id !== "string") return undefined;
    if (type === "left" || type === "none") return { type, id };
    if (type === "ask") return { type, id, subject };
    const isPart = Number.isInteger(part) && Number.isInteger(parts) &&
      part >= 0 && part < parts && typeof piece === "string";
    if (type !== "answer" || !isPart) return undefined;
    return { type, id, part, parts, text: piece };
  } catch {
    return undefined;
  }
}
