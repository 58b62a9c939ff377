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

/** When a subject with a label was last seen in a context. */
interface Sighting<M extends PresenceModel> {
  readonly visibility: Visibility<M["label"]>;
  seenAt: Timestamp;
}

/** How many labels to remember of a subject in a context: the latest. */
const MAX_SIGHTINGS = 4;

/**
 * The last-seen times of subjects that have left a context or gone out of sight.
 * It holds a bounded number: the latest.
 */
export class Departures<M extends PresenceModel> {
  readonly #capacity: number;
  /** The sightings of departed subjects. Both are in order, the latest last. */
  readonly #departed = new Map<string, readonly Sighting<M>[]>();
  /** Goes on after the forgotten ones. A new iterator would have to skip them. */
  readonly #oldest = this.#departed.keys();

  /** Creates one for a number of subjects, counted once in each context. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** Records when an entry was last seen as it was. Amortised O(1). */
  record(
    { subject, context, visibility }: PresenceSnapshot<M>,
    at: Timestamp,
  ): void {
    if (this.#capacity === 0) return;
    const name = nameOf(subject, context);
    const sightings = this.#departed.get(name) ?? [];
    const former = sightings.find((sighting) =>
      sameVisibility(sighting.visibility, visibility)
    );
    // The last entry to leave need not be the last one seen: a phone that was
    // silent for a while expires after the laptop has said goodbye.
    const seenAt = Math.max(at, former?.seenAt ?? -Infinity);
    const others = sightings.filter((sighting) => sighting !== former);
    this.#departed.delete(name);
    this.#departed.set(
      name,
      [...others, { visibility, seenAt }].slice(-MAX_SIGHTINGS),
    );
    if (this.#departed.size <= this.#capacity) return;
    const { value: oldest = "" } = this.#oldest.next();
    this.#departed.delete(oldest);
  }

  /** Makes all times earlier: the clock was set back. O(departures). */
  setBack(by: Duration): void {
    for (const sightings of this.#departed.values()) {
      for (const sighting of sightings) sighting.seenAt -= by;
    }
  }

  /** Returns when a reader with a policy last saw a subject. O(1). */
  lastSeen(
    subject: M["subject"],
    context: M["context"],
    visible: VisibilityPolicy<M["label"], M["subject"]>,
  ): Timestamp | undefined {
    const times = (this.#departed.get(nameOf(subject, context)) ?? [])
      .filter(({ visibility }) => visible(visibility, subject))
      .map(({ seenAt }) => seenAt);
    return times.length === 0 ? undefined : Math.max(...times);
  }
}

/** Returns a name for a subject in a context. In JSON, 1 differs from "1". */
function nameOf(subject: Key, context: Key): string {
  return JSON.stringify([subject, context]);
}
