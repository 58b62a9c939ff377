import {
  type Duration,
  type EntryKey,
  entryKeyOf,
  type PresenceModel,
  type Timestamp,
} from "../core/mod.ts";
import { EntryMap } from "./entry_map.ts";
import { Ticks } from "./ticks.ts";

/**
 * A deadline that has moved is told after so many milliseconds at the latest:
 * others may have ended the facet, by a clock that is not ours.
 */
const TELL_AGAIN_MS: Duration = 60_000;

/**
 * A deadline that comes earlier by less has time as well: a publisher that adds
 * up two clocks, as a heartbeat does, says another one with each beat.
 */
const SAME_MS: Duration = 100;

/** When facets go by themselves, by their names. */
export type Deadlines = ReadonlyMap<string, Timestamp>;

/** What others were told of the facets of an entry. */
interface Told<M extends PresenceModel> {
  readonly key: EntryKey<M>;
  deadlines: Deadlines;
}

/**
 * What other servers were told of when facets of own entries go by themselves.
 * They end them then. A deadline that moves further away, as with every key
 * that somebody types, is told when the one is reached that was told before, or
 * after a minute: then either the facet is gone, which is a change, or it goes
 * on.
 */
export class ToldDeadlines<M extends PresenceModel> {
  #told = new EntryMap<M, Told<M>>();
  #due = new Ticks<Told<M>>();

  /** A time before which nothing has to be told again. O(1). */
  earliest(): Timestamp {
    return this.#due.earliest();
  }

  /**
   * Whether others have to know of deadlines at once: of a facet that goes by
   * itself from now on, that no longer does, or that goes clearly earlier.
   */
  areNews(key: EntryKey<M>, deadlines: Deadlines | undefined): boolean {
    return this.#haveMoved(
      key,
      deadlines,
      (deadline, told) => told - deadline >= SAME_MS,
    );
  }

  /** Whether others know other deadlines. */
  areOthers(key: EntryKey<M>, deadlines: Deadlines | undefined): boolean {
    return this.#haveMoved(
      key,
      deadlines,
      (deadline, told) => deadline !== told,
    );
  }

  /** Takes note that others are told, or know already. O(deadlines). */
  tell(
    key: EntryKey<M>,
    deadlines: Deadlines | undefined,
    now: Timestamp,
  ): void {
    if (deadlines === undefined || deadlines.size === 0) {
      return this.forget(key);
    }
    let told = this.#told.get(key);
    if (told === undefined) {
      told = { key: entryKeyOf(key), deadlines };
      this.#told.set(key, told);
    }
    told.deadlines = deadlines;
    let due = now + TELL_AGAIN_MS;
    for (const deadline of deadlines.values()) due = Math.min(due, deadline);
    this.#due.set(told, due);
  }

  /** Forgets an entry: it is gone, or is another server's. */
  forget(key: EntryKey<M>): void {
    const told = this.#told.get(key);
    if (told === undefined) return;
    this.#due.delete(told);
    this.#told.delete(key);
  }

  /** Forgets all entries. O(1). */
  clear(): void {
    this.#told = new EntryMap();
    this.#due = new Ticks();
  }

  /** Takes the entries whose deadlines others may have to be told again. */
  takeDue(now: Timestamp): EntryKey<M>[] {
    return this.#due.takeDue(now).map(({ key }) => key);
  }

  #haveMoved(
    key: EntryKey<M>,
    deadlines: Deadlines | undefined,
    hasMoved: (deadline: Timestamp, told: Timestamp) => boolean,
  ): boolean {
    const told = this.#told.get(key)?.deadlines;
    if ((told?.size ?? 0) !== (deadlines?.size ?? 0)) return true;
    for (const [name, deadline] of deadlines ?? []) {
      if (hasMoved(deadline, told?.get(name) ?? Infinity)) return true;
    }
    return false;
  }
}
