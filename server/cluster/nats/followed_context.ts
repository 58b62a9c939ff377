import type { Subscription } from "@nats-io/nats-core";
import type { BackboneListener } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import type { News } from "./entry.ts";
import { Feed } from "./feed.ts";
import { decodeRow, decodeText } from "./records.ts";

/** A context that a node follows. */
export class FollowedContext {
  readonly #context: string;
  readonly #bucket: Bucket;
  readonly #listener: BackboneListener;
  readonly #ignores: () => boolean;
  /** The changes of its rows. */
  readonly changes: Feed;
  readonly #texts: Subscription;
  /** The last known revision, also from answers to writes. */
  #known: number | undefined;
  /** The revision of the last change that was received. */
  #received: number | undefined;
  /** The changes that were received, but are yet to be passed on. */
  readonly #waiting: News[] = [];
  #isStopped = false;

  /**
   * Begins to receive texts; changes are yet to be subscribed to.
   *
   * @param by Identifies the connection, which ignores its own texts.
   * @param ignores Reports whether to ignore what is received.
   */
  constructor(
    context: string,
    bucket: Bucket,
    listener: BackboneListener,
    by: string,
    ignores: () => boolean,
  ) {
    this.#context = context;
    this.#bucket = bucket;
    this.#listener = listener;
    this.#ignores = () => this.#isStopped || ignores();
    const { names } = bucket;
    this.changes = new Feed(bucket, names.rows(context), (news) => {
      this.#waiting.push(news);
      if (this.#waiting.length === 1) queueMicrotask(() => this.#take());
    });
    this.#texts = bucket.subscribe(names.texts(context), (message) => {
      const text = decodeText(message.string());
      if (text === undefined || text.by === by || this.#ignores()) return;
      listener.onMessage(context, text.from, text.text);
    });
  }

  /** The last known revision. */
  get known(): number | undefined {
    return this.#known;
  }

  /** Learns of a revision, for instance from the answer to a write. */
  knows(revision: number): void {
    this.#known = Math.max(this.#known ?? 0, revision);
  }

  /** Forgets all revisions, because the bucket has. */
  forget(): void {
    this.#known = undefined;
    this.#received = undefined;
  }

  /** Stops at once. */
  stop(): void {
    this.#isStopped = true;
    this.changes.stop();
    this.#texts.unsubscribe();
  }

  /** Takes what arrived together; the server may have mixed up its order. */
  #take(): void {
    const all = this.#waiting.splice(0)
      .sort((a, b) => a.revision - b.revision);
    for (const news of all) {
      if (!this.#ignores()) this.#change(news);
    }
  }

  #change({ revision, isRemoved, value }: News): void {
    const received = this.#received;
    const isLate = this.changes.isLasting && revision < (received ?? 0);
    const row = decodeRow(value);
    // A follower that has received a later change would miss this one. A value
    // that somebody else has written may belong to any row.
    if (isLate || row === undefined) return this.#listener.onInterrupted();
    this.#received = revision;
    this.knows(revision);
    const { node, epoch, id, age, left, after } = row;
    // If nothing is lost, all that the writer knew of was received before.
    const isNext = after === undefined ||
      received !== undefined && after <= received;
    this.#listener.onChange({
      context: this.#context,
      memory: this.#bucket.memory,
      revision,
      previous: isNext ? undefined : Math.min(after, revision - 1),
      change: isRemoved
        ? { type: "removed", id, age: left && age }
        : { type: "put", row: { node, epoch, id, value: row.value, age } },
    });
  }
}
