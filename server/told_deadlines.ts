import {
  type EntryKey,
  entryKeyOf,
  type PresenceModel,
  type Timestamp,
} from "../core/mod.ts";
import { DeadlineQueue, type Scheduled } from "../store/mod.ts";
import { EntryMap } from "./entry_map.ts";

/** When facets go by themselves, by their names. */
export type Deadlines = ReadonlyMap<string, Timestamp>;

/** What others were told of the facets of an entry. */
interface Told<M extends PresenceModel> extends Scheduled {
  readonly key: EntryKey<M>;
  /** When it has to be told again, if the facets are still there. */
  due: Timestamp;
  deadlines: Deadlines;
}

/**
 * What other servers were told of when facets of own entries go by themselves.
 * They end them then. A deadline that moves further away, as with every key
 * that somebody types, is told when the one is reached that was told before:
 * then either the facet is gone, which is a change, or it goes on.
 */
export class ToldDeadlines<M extends PresenceModel> {
  #told = new EntryMap<M, Told<M>>();
  #queue = new DeadlineQueue<Told<M>>();

  /** A time before which nothing has to be told again. O(1). */
  earliest(): Timestamp {
    return this.#queue.earliest();
  }

  /**
   * Whether others have to know of deadlines at once: of a facet that goes by
   * itself from now on, that no longer does, or that goes earlier.
   */
  areNews(key: EntryKey<M>, deadlines: Deadlines | undefined): boolean {
    const told = this.#told.get(key)?.deadlines;
    if ((told?.size ?? 0) !== (deadlines?.size ?? 0)) return true;
    for (const [name, deadline] of deadlines ?? []) {
      if (deadline < (told?.get(name) ?? Infinity)) return true;
    }
    return false;
  }

  /** Takes note that others are told. */
  tell(key: EntryKey<M>, deadlines: Deadlines | undefined): void {
    if (deadlines === undefined || deadlines.size === 0) {
      return this.forget(key);
    }
    const due = Math.min(...deadlines.values());
    let told = this.#told.get(key);
    if (told === undefined) {
      told = { key: entryKeyOf(key), due, deadlines, queuedAt: Infinity };
      this.#told.set(key, told);
    }
    told.due = due;
    told.deadlines = deadlines;
    this.#queue.schedule(told);
  }

  /** Forgets an entry: it is gone, or is another server's. */
  forget(key: EntryKey<M>): void {
    const told = this.#told.get(key);
    if (told === undefined) return;
    this.#queue.forget(told);
    this.#told.delete(key);
  }

  /** Forgets all entries. O(1). */
  clear(): void {
    this.#told = new EntryMap();
    this.#queue = new DeadlineQueue();
  }

  /** Takes an entry that others must be told of again, if there is one. */
  takeDue(now: Timestamp): EntryKey<M> | undefined {
    return this.#queue.takeDue(now)?.key;
  }
}
