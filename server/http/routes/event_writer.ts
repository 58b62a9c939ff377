import type { ChangesBatch, PresenceBatch } from "../../mod.ts";

const encoder = new TextEncoder();

/** Changes from one on, as many as may be told at once, and where they lead. */
export function changesFrom(
  { changes, position }: ChangesBatch,
  start: number,
  max: number,
): ChangesBatch {
  const told = changes.slice(start, start + max);
  const last = told.at(-1);
  if (last === undefined || start + told.length === changes.length) {
    return { type: "changes", position, changes: told };
  }
  const { epoch } = position;
  const reached = { epoch, sequence: last.sequence };
  return { type: "changes", position: reached, changes: told };
}

/**
 * Writes batches as server-sent events. Watchers with equal rights are given
 * the same batch, and share its bytes.
 */
export class EventWriter {
  readonly #maxChanges: number;
  readonly #parts = new WeakMap<PresenceBatch, readonly PresenceBatch[]>();
  readonly #events = new WeakMap<PresenceBatch, Uint8Array>();

  /** Makes a writer of events with so many changes at most. */
  constructor(maxChanges: number) {
    this.#maxChanges = maxChanges;
  }

  /** The batches, none of them too large for an event, that a batch is. */
  split(batch: PresenceBatch): readonly PresenceBatch[] {
    if (
      batch.type === "baseline" || batch.changes.length <= this.#maxChanges
    ) return [batch];
    let parts = this.#parts.get(batch);
    if (parts === undefined) {
      const max = this.#maxChanges;
      const count = Math.ceil(batch.changes.length / max);
      parts = Array.from(
        { length: count },
        (_, part) => changesFrom(batch, part * max, max),
      );
      this.#parts.set(batch, parts);
    }
    return parts;
  }

  /**
   * Writes a batch and the id of the position that its reader is at then.
   * Without an id the reader is not yet whole.
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
    let event = this.#events.get(batch);
    if (event === undefined) {
      const name = batch.type === "baseline" ? "baseline" : "change";
      event = encoder.encode(
        `event: ${name}\ndata: ${JSON.stringify(batch)}\n`,
      );
      this.#events.set(batch, event);
    }
    return event;
  }
}
