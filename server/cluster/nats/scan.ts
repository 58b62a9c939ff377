import {
  type ConsumerMessages,
  DeliverPolicy,
  type JetStreamClient,
} from "@nats-io/jetstream";
import { type Entry, entryOf } from "./entry.ts";
import type { Names } from "./names.ts";

/** What is scanned. */
export interface ScanOptions {
  /** Only values with this revision or a later one; all, if left out. */
  readonly from?: number | undefined;
  /** Whether the values themselves are left out. */
  readonly isHeadersOnly?: boolean | undefined;
}

interface Scan extends ScanOptions {
  /** The keys. */
  readonly key: string;
  /** Takes a value; `false` for enough. */
  take(entry: Entry): boolean | void;
  /** The revision that must be reached, if there is one. */
  readonly target: number | undefined;
  /** The last value that one of the keys has. */
  last(): Promise<Entry | undefined>;
  /** For how many milliseconds nothing may come. */
  readonly patienceMs: number;
}

/** After how many milliseconds without an end it is looked whether it is there. */
const LOOK_AGAIN_MS = 250;

/**
 * Reads many keys by a consumer that is made for that, in the order of their
 * revisions. It ends where nothing is left to read: what is written anew while
 * it goes on comes later, and would be missed by whoever ends with what was the
 * last one when it began.
 *
 * @returns When the consumer was made, and when that was known here.
 */
export async function scan(
  names: Names,
  js: JetStreamClient,
  options: Scan,
): Promise<{ time: number; answered: number }> {
  const { from = 0, target = 0, take } = options;
  const consumer = await js.consumers.getPushConsumer(names.stream, {
    filter_subjects: names.subject(options.key),
    headers_only: options.isHeadersOnly ?? false,
    ...from > 0
      ? { opt_start_seq: from }
      : { deliver_policy: DeliverPolicy.LastPerSubject },
  });
  const { created, num_pending } = await consumer.info(true);
  const answered = performance.now();
  let seen = 0;
  let isEnough = num_pending === 0 && target === 0;
  let wake = () => {};
  const messages = await consumer.consume({
    callback: (message) => {
      if (isEnough) return;
      seen = message.seq;
      const entry = entryOf(names, message, message.headers);
      const isEnd = message.info.pending === 0 && seen >= target;
      isEnough = take(entry) === false || isEnd;
      if (isEnough) wake();
    },
  });
  try {
    await end(messages);
  } catch (cause) {
    // Not as it came: who reads from another bucket then must begin anew.
    throw new Error("Cannot read to the end of a bucket", { cause });
  } finally {
    messages.stop();
    // If that is lost, the server forgets it after a while.
    consumer.delete().catch(() => {});
  }
  return { time: Date.parse(created), answered };

  /** Waits for the end, as long as something comes. */
  async function end(messages: ConsumerMessages): Promise<void> {
    let failure: unknown;
    messages.closed().then((error) => {
      failure = error ?? new Error("The reader is closed");
      wake();
    });
    let former = -1;
    let silentSince = performance.now();
    while (!isEnough) {
      await nap();
      if (isEnough) return;
      if (failure !== undefined) throw failure;
      // What was to come may be gone: purged, without a word.
      const now = await options.last();
      if (now === undefined || now.revision <= seen) return;
      if (seen !== former) [former, silentSince] = [seen, performance.now()];
      if (performance.now() - silentSince > options.patienceMs) {
        throw new Error("Nothing comes any more");
      }
    }
  }

  /** Waits until there is news, or for a while. */
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
