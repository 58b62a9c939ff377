import type { PresenceModel } from "../../core/mod.ts";
import type { NodeLife } from "./backbone.ts";
import {
  decodeMessage,
  decodeQuestion,
  MAX_PARTS,
  type Question,
  type QuestionMessage,
  splitText,
} from "./question_wire.ts";

/** How long an answer is waited for, in milliseconds. */
export const ANSWER_TIMEOUT_MS = 2_000;

/** How many parts of an answer are sent before anything else gets its turn. */
const PARTS_AT_ONCE = 8;

/** What has been answered. */
export interface Answers {
  /** What each node has answered. */
  readonly answers: readonly string[];
  /** The names of the nodes that have not. */
  readonly missing: readonly string[];
}

/** What asks and answers. */
export interface QuestionsHost<M extends PresenceModel> {
  /** Sends a text to a node, or to all others. */
  send(text: string, to?: string): void;
  /** What this node has to say. */
  answer(question: Question<M>): string;
  /** Whether a node has said that it answers nothing any more. */
  isSilent(node: string): boolean;
  /** A node says so, of one of its lives. */
  silenced(life: NodeLife): void;
}

/** Asks all other nodes, and answers them. */
export class Questions<M extends PresenceModel> {
  readonly #host: QuestionsHost<M>;
  readonly #open = new Map<string, OpenQuestion>();
  #isStopped = false;

  /** Makes one. */
  constructor(host: QuestionsHost<M>) {
    this.#host = host;
  }

  /** Asks others, and waits until they have answered, or for too long. */
  ask(
    question: Question<M>,
    others: readonly string[],
    signal: AbortSignal | undefined,
  ): Promise<Answers> {
    if (signal?.aborted) return Promise.reject(signal.reason);
    const isSilent = (node: string) => this.#host.isSilent(node);
    const awaited = others.filter((node) => !isSilent(node));
    const silent = others.filter(isSilent).sort();
    if (awaited.length === 0) {
      return Promise.resolve({ answers: [], missing: silent });
    }
    const id = crypto.randomUUID();
    return new Promise((resolve, reject) => {
      const close = () => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", abort);
        this.#open.delete(id);
      };
      const open = new OpenQuestion(awaited, silent, (answers) => {
        close();
        resolve(answers);
      });
      const abort = () => {
        close();
        reject(signal?.reason);
      };
      const timer = setTimeout(() => open.settle(), ANSWER_TIMEOUT_MS);
      signal?.addEventListener("abort", abort);
      this.#open.set(id, open);
      this.#send({ type: "ask", id, question: JSON.stringify(question) });
    });
  }

  /** Takes a text that another node has sent. */
  hear(from: string, text: string): void {
    const message = decodeMessage(text);
    if (message?.type === "answer") {
      this.#open.get(message.id)?.take(from, message);
    } else if (message?.type === "none") {
      this.#open.get(message.id)?.silenced(from);
    } else if (message?.type === "ask") this.#answer(from, message);
    else if (message?.type === "left") {
      this.#host.silenced({ node: from, epoch: message.id });
      for (const open of [...this.#open.values()]) open.silenced(from);
    }
  }

  /** Lets nobody wait for this node any more, whose life it is. */
  leave({ epoch }: NodeLife): void {
    this.#send({ type: "left", id: epoch });
  }

  /** Waits no longer for a node: its life is over, and what it had is gone. */
  gone(node: string): void {
    for (const open of [...this.#open.values()]) open.gone(node);
  }

  /** Waits no longer for anybody. */
  stop(): void {
    this.#isStopped = true;
    for (const open of [...this.#open.values()]) open.settle();
  }

  async #answer(
    from: string,
    { id, question: asked }: { readonly id: string; readonly question: string },
  ): Promise<void> {
    const question = decodeQuestion<M>(asked);
    const texts = question && splitText(this.#host.answer(question));
    // Nobody waits for what does not come.
    if (texts === undefined || texts.length > MAX_PARTS) {
      return this.#send({ type: "none", id }, from);
    }
    const parts = texts.length;
    for (const [part, text] of texts.entries()) {
      if (part > 0 && part % PARTS_AT_ONCE === 0) {
        await new Promise((resolve) => setTimeout(resolve));
      }
      if (this.#isStopped) return;
      this.#send({ type: "answer", id, part, parts, text }, from);
    }
  }

  #send(message: QuestionMessage, to?: string): void {
    this.#host.send(JSON.stringify(message), to);
  }
}

/** A question that has not been answered by all. */
class OpenQuestion {
  readonly #awaited: Set<string>;
  readonly #silent: Set<string>;
  readonly #settled: (answers: Answers) => void;
  readonly #parts = new Map<string, Map<number, string>>();
  readonly #answers = new Map<string, string>();

  constructor(
    awaited: readonly string[],
    silent: readonly string[],
    settled: (answers: Answers) => void,
  ) {
    this.#awaited = new Set(awaited);
    this.#silent = new Set(silent);
    this.#settled = settled;
  }

  /** Takes a part of an answer. */
  take(
    from: string,
    { part, parts, text }: {
      readonly part: number;
      readonly parts: number;
      readonly text: string;
    },
  ): void {
    if (!this.#awaited.has(from)) return;
    const had = this.#parts.get(from) ?? new Map<number, string>();
    this.#parts.set(from, had.set(part, text));
    if (had.size < parts) return;
    const all = Array.from({ length: parts }, (_, index) => had.get(index));
    this.#parts.delete(from);
    this.#answers.set(from, all.join(""));
    this.gone(from);
  }

  /** Waits for a node no longer. */
  gone(node: string): void {
    this.#silent.delete(node);
    if (this.#awaited.delete(node) && this.#awaited.size === 0) this.settle();
  }

  /** Waits for a node no longer, which has not answered. */
  silenced(node: string): void {
    if (!this.#awaited.has(node)) return;
    this.#silent.add(node);
    this.#awaited.delete(node);
    if (this.#awaited.size === 0) this.settle();
  }

  /** Waits for nobody any longer. */
  settle(): void {
    const missing = [...this.#awaited, ...this.#silent].sort();
    this.#settled({ answers: [...this.#answers.values()], missing });
  }
}
