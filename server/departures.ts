import {
  type Duration,
  type Key,
  type PresenceModel,
  type PresenceSnapshot,
  sameVisibility,
  type Timestamp,
  type Visibility,
  type VisibilityPolicy,
} from "../core/mod.ts";

/** When a subject was last seen in a context, by the label they then had. */
interface Departure<M extends PresenceModel> {
  readonly subject: M["subject"];
  readonly context: M["context"];
  /** The newest last. */
  readonly sightings: Sighting<M>[];
}

interface Sighting<M extends PresenceModel> {
  readonly visibility: Visibility<M["label"]>;
  seenAt: Timestamp;
}

/** More labels than this of one subject in one context are not remembered. */
const MAX_SIGHTINGS = 4;

/**
 * The memory of who has gone, or out of sight, and when. It holds the latest
 * departures up to a number and forgets the others.
 */
export class Departures<M extends PresenceModel> {
  readonly #capacity: number;
  readonly #byContext = new Map<Key, Map<Key, Departure<M>>>();
  /** In the order of the latest sighting, the oldest first. */
  readonly #all = new Set<Departure<M>>();

  /** Makes a memory for so many subjects, counted once in each context. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Remembers when an entry with a label was last there. Amortised O(1). */
  record(
    { subject, context, visibility }: PresenceSnapshot<M>,
    at: Timestamp,
  ): void {
    if (this.#capacity === 0) return;
    const departure = this.#find(subject, context) ??
      this.#add({ subject, context, sightings: [] });
    this.#all.delete(departure);
    this.#all.add(departure);
    const { sightings } = departure;
    const same = sightings.findIndex((sighting) =>
      sameVisibility(sighting.visibility, visibility)
    );
    const [former] = same < 0 ? [] : sightings.splice(same, 1);
    // What goes last need not be what was seen last: a phone that was silent
    // for a while expires after the laptop has said goodbye.
    const seenAt = Math.max(at, former?.seenAt ?? -Infinity);
    sightings.push({ visibility, seenAt });
    if (sightings.length > MAX_SIGHTINGS) sightings.shift();
    this.#forgetOldest();
  }

  /** Makes all of it earlier: the clock was set back. O(departures). */
  setBack(by: Duration): void {
    for (const { sightings } of this.#all) {
      for (const sighting of sightings) sighting.seenAt -= by;
    }
  }

  /** When a subject was last there, for a reader with a policy. O(1). */
  lastSeen(
    subject: M["subject"],
    context: M["context"],
    visible: VisibilityPolicy<M["label"], M["subject"]>,
  ): Timestamp | undefined {
    let latest: Timestamp | undefined;
    for (const sighting of this.#find(subject, context)?.sightings ?? []) {
      if (!visible(sighting.visibility, subject)) continue;
      latest = Math.max(latest ?? sighting.seenAt, sighting.seenAt);
    }
    return latest;
  }

  #find(
    subject: M["subject"],
    context: M["context"],
  ): Departure<M> | undefined {
    return this.#byContext.get(context)?.get(subject);
  }

  #add(departure: Departure<M>): Departure<M> {
    const { subject, context } = departure;
    let bySubject = this.#byContext.get(context);
    if (bySubject === undefined) {
      bySubject = new Map();
      this.#byContext.set(context, bySubject);
    }
    bySubject.set(subject, departure);
    return departure;
  }

  #forgetOldest(): void {
    if (this.#all.size <= this.#capacity) return;
    for (const departure of this.#all) {
      this.#all.delete(departure);
      const bySubject = this.#byContext.get(departure.context);
      bySubject?.delete(departure.subject);
      if (bySubject?.size === 0) this.#byContext.delete(departure.context);
      return;
    }
  }
}
