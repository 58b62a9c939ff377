import {
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
} from "@nats-io/jetstream";
import { type Entry, entryOf } from "./entry.ts";
import type { Names } from "./names.ts";

/** Which values a scan takes. */
export interface ScanOptions {
  /** Skips values with an earlier revision. */
  readonly from?: number | undefined;
  /** Reports whether to take the value of a key; all are taken if left out. */
  readonly wants?: ((key: string) => boolean) | undefined;
  /** Whether to leave out the values and read headers alone. */
  readonly isHeadersOnly?: boolean | undefined;
}

/** A scan. */
interface Scan extends ScanOptions {
  /** The keys, with wildcards. */
  readonly key: string;
  /** Takes a value, and returns `false` when it has enough. */
  take(entry: Entry): boolean | void;
  /** Whether the server that answers may lag behind the leader. */
  readonly mayLag: boolean;
  /** Returns the last value of all the keys. */
  last(): Promise<Entry | undefined>;
  /** How long it may take until the next value, in milliseconds. */
  readonly patienceMs: number;
}

/** How often to check whether the end was reached, in milliseconds. */
const LOOK_AGAIN_MS = 250;

/**
 * Reads many keys by a consumer made for that, in the order of their revisions.
 * It ends when it has read the last value of all the keys, and not at the one that
 * was the last when it began: a key that is written again meanwhile moves beyond
 * it. What the server says is left is not exact then: it may subtract the former
 * value of the key before it adds the new one.
 *
 * @returns When the consumer was made, by the server's clock, and when the answer
 * arrived, by `performance.now()`.
 */
export async function scan(
  names: Names,
  js: JetStreamClient,
  options: Scan,
): Promise<{ time: number; answered: number }> {
  const { from = 0, mayLag, take, wants = () => true } = options;
  const consumer = await js.consumers.getPushConsumer(names.stream, {
    filter_subjects: names.subject(options.key),
    headers_only: options.isHeadersOnly ?? false,
    // All values are the last ones of their keys, and cost half as much.
    ...from > 0
      ? { opt_start_seq: from }
      : { deliver_policy: DeliverPolicy.All },
  });
  const { created, num_pending } = await consumer.info(true);
  const answered = performance.now();
  let seen = Math.max(0, from - 1);
  let mayEnd = num_pending === 0;
  let isEnough = mayEnd && !mayLag;
  if (isEnough) {
    consumer.delete().catch(() => {});
    return { time: Date.parse(created), answered };
  }
  let wake = () => {};
  const messages = await consumer.consume({
    callback: (message) => {
      if (isEnough) return;
      seen = message.seq;
      // The rest costs twice as much as this.
      if (wants(names.key(message.subject))) {
        const entry = entryOf(names, message, message.headers);
        isEnough = take(entry) === false;
      }
      mayEnd = message.info.pending === 0;
      if (isEnough || mayEnd) wake();
    },
  });
  try {
    await end(messages);
  } catch (cause) {
    // Not the error itself: it could make the caller retry in another bucket.
    throw new Error("Cannot read to the end of a bucket", { cause });
  } finally {
    messages.stop();
    // If that is lost, the server forgets it after a while.
    consumer.delete().catch(() => {});
  }
  return { time: Date.parse(created), answered };

  /** Waits for the end, as long as values arrive. */
  async function end(messages: ConsumerMessages): Promise<void> {
    let failure: unknown;
    messages.closed().then((error) => {
      failure = error ?? new Error("The reader is closed");
      wake();
    });
    let former = -1;
    let silentSince = performance.now();
    while (!isEnough) {
      if (!mayEnd) await nap();
      if (isEnough) return;
      if (failure !== undefined) throw failure;
      mayEnd = false;
      // What is left may have been removed, or written again.
      const now = await options.last();
      if (now === undefined || now.revision <= seen) return;
      if (seen !== former) [former, silentSince] = [seen, performance.now()];
      if (performance.now() - silentSince > options.patienceMs) {
        throw new Error("No value arrives any more");
      }
    }
  }

  /** Waits until it is woken, or for a while. */
  function nap(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LOOK_AGAIN_MS);
      wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}
