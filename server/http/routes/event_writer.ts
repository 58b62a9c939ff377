import type { ChangesBatch, PresenceBatch } from "../../mod.ts";

const encoder = new TextEncoder();

/** Returns up to `max` changes from a start, and the position after them. */
export function changesFrom(
  { changes, position }: ChangesBatch,
  start: number,
  max: number,
): ChangesBatch {
  const part = changes.slice(start, start + max);
  const last = part.at(-1);
  const isCut = start + part.length < changes.length && last !== undefined;
  const sequence = isCut ? last.sequence : position.sequence;
  return {
    type: "changes",
    position: { ...position, sequence },
    changes: part,
  };
}

/**
 * Writes batches as server-sent events. Watchers with equal rights get the same
 * batch, and share its bytes.
 */
export class EventWriter {
  readonly #maxChanges: number;
  readonly #parts = new WeakMap<PresenceBatch, readonly PresenceBatch[]>();
  /** Held weakly: a quiet context keeps its baseline, which may be large. */
  readonly #events = new WeakMap<PresenceBatch, WeakRef<Uint8Array>>();

  /** Creates a writer of events with a largest number of changes. */
  constructor(maxChanges: number) {
    this.#maxChanges = maxChanges;
  }

  /** Splits a batch into batches that each fit into an event. */
  split(batch: PresenceBatch): readonly PresenceBatch[] {
    if (
      batch.type === "baseline" || batch.changes.length <= this.#maxChanges
    ) return [batch];
    let parts = this.#parts.get(batch);
    if (parts === undefined) {
      const max = this.#maxChanges;
      const length = Math.ceil(batch.changes.length / max);
      parts = Array.from(
        { length },
        (_, n) => changesFrom(batch, n * max, max),
      );
      this.#parts.set(batch, parts);
    }
    return parts;
  }

  /**
   * Writes a batch and the id of the position after it. Without an id the
   * reader can't resume there.
   */
  write(batch: PresenceBatch, id: string | undefined): Uint8Array {
    const end = encoder.encode(id === undefined ? "\n" : `id: ${id}\n\n`);
    if (batch.type === "changes" && batch.changes.length === 0) return end;
    const event = this.#eventOf(batch);
    const block = new Uint8Array(event.length + end.length);
    block.set(event);
    block.set(end, event.length);
    return block;
  }

  #eventOf(batch: PresenceBatch): Uint8Array {
    let event = this.#events.get(batch)?.deref();
    if (event === undefined) {
      const name = batch.type === "baseline" ? "baseline" : "change";
      const data = JSON.stringify(batch);
      event = encoder.encode(`event: ${name}\ndata: ${data}\n`);
      this.#events.set(batch, new WeakRef(event));
    }
    return event;
  }
}
