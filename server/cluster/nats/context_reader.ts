import type { ContextRows } from "../mod.ts";
import type { Bucket } from "./bucket.ts";
import type { Entry } from "./entry.ts";
import { Limiter } from "./limiter.ts";
import { token } from "./names.ts";
import { decodeRow } from "./records.ts";

/** How many scans are under way at once. */
const MAX_SCANS = 32;

/** From how many contexts that wait one scan of all rows costs less. */
const MANY = 16;

/** A context that is to be read. */
interface Asked {
  readonly context: string;
  /** The scan that reads it together with others, if there is one. */
  scan: Promise<Scanned> | undefined;
}

/** A value of a key, decoded. */
interface Found extends Pick<Entry, "revision" | "time"> {
  /** The row; `undefined` if there is none. */
  readonly row: ReturnType<typeof decodeRow>;
}

/** Returns what a scan has read of a context. */
type Scanned = (context: string) => ContextRows;

/**
 * Reads contexts. A server without an index looks at all keys for each scan, so
 * where many contexts wait, one scan of all rows reads them together.
 */
export class ContextReader {
  readonly #bucket: Bucket;
  readonly #scans = new Limiter(MAX_SCANS);
  /** The contexts that wait. */
  readonly #asked = new Set<Asked>();

  /** Makes a reader of a bucket. */
  constructor(bucket: Bucket) {
    this.#bucket = bucket;
  }

  /** Reads a context. */
  async read(context: string): Promise<ContextRows> {
    const asked: Asked = { context, scan: undefined };
    this.#asked.add(asked);
    try {
      const rowsOf = await this.#scans.run(() => this.#scanFor(asked));
      return rowsOf(context);
    } finally {
      this.#asked.delete(asked);
    }
  }

  async #scanFor(asked: Asked): Promise<Scanned> {
    // Others may be asked for by the same task.
    await Promise.resolve();
    this.#asked.delete(asked);
    if (asked.scan !== undefined) return await asked.scan;
    const isShared = this.#asked.size >= MANY && !this.#bucket.isIndexed;
    const waiting = isShared ? [...this.#asked] : [];
    const scan = this.#scan([asked, ...waiting].map(({ context }) => context));
    for (const other of waiting) {
      other.scan = scan;
      this.#asked.delete(other);
    }
    return await scan;
  }

  /** Reads contexts by one scan: of one of them, or of all that there are. */
  async #scan(contexts: readonly string[]): Promise<Scanned> {
    const { names } = this.#bucket;
    const [first, ...others] = contexts;
    for (;;) {
      const former = this.#bucket.memory;
      const found = new Map(
        contexts.map((context) => [token(context), new Map<string, Found>()]),
      );
      const key = names.rows(others.length === 0 ? first : undefined);
      await this.#bucket.scan(key, (entry) => {
        const entries = found.get(contextOf(entry.key));
        // The last one is the latest.
        entries?.delete(entry.key);
        entries?.set(entry.key, foundOf(entry));
      }, { wants: (key) => found.has(contextOf(key)) });
      // Only now: the bucket may have been made again meanwhile.
      const memory = await this.#bucket.open();
      if (memory !== former) continue;
      return (context) => {
        const entries = [...found.get(token(context))?.values() ?? []];
        const revision = entries.at(-1)?.revision ?? 0;
        const rows = entries.flatMap(({ row, time }) => {
          if (row === undefined) return [];
          const age = row.age + this.#bucket.clock.since(time);
          const { node, epoch, id, value } = row;
          return { node, epoch, id, value, age };
        });
        return { memory, revision, rows };
      };
    }
  }
}

/** Decodes each value when it arrives: many at the end would take long. */
function foundOf({ isRemoved, value, revision, time }: Entry): Found {
  const row = isRemoved ? undefined : decodeRow(value);
  return { row, revision, time };
}

/** Returns the token of the context from the key of a row. */
function contextOf(key: string): string {
  return key.split(".")[1] ?? "";
}
