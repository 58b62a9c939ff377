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

/** When a subject was last seen in a context, by the label it then had. */
interface Sighting<M extends PresenceModel> {
  readonly visibility: Visibility<M["label"]>;
  seenAt: Timestamp;
}

/** How many labels of a subject in a context are remembered: the latest. */
const MAX_SIGHTINGS = 4;

/**
 * Remembers when subjects left a context, or went out of sight. It holds the
 * latest departures up to a number.
 */
export class Departures<M extends PresenceModel> {
  readonly #capacity: number;
  /** The sightings of each departed subject, latest last, as are departures. */
  readonly #departed = new Map<string, readonly Sighting<M>[]>();

  /** Makes a memory for a number of subjects, counted once in each context. */
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
    // The last to leave need not be the last that was seen: a phone that was
    // silent for a while expires after the laptop has said goodbye.
    const seenAt = Math.max(at, former?.seenAt ?? -Infinity);
    const others = sightings.filter((sighting) => sighting !== former);
    this.#departed.delete(name);
    this.#departed.set(
      name,
      [...others, { visibility, seenAt }].slice(-MAX_SIGHTINGS),
    );
    if (this.#departed.size <= this.#capacity) return;
    for (const oldest of this.#departed.keys()) {
      this.#departed.delete(oldest);
      return;
    }
  }

  /** Makes all times earlier: the clock was set back. O(departures). */
  setBack(by: Duration): void {
    for (const sightings of this.#departed.values()) {
      for (const sighting of sightings) sighting.seenAt -= by;
    }
  }

  /** Returns when a subject was last seen, by a reader with a policy. O(1). */
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

/** Names a subject in a context; JSON tells 1 from "1". */
function nameOf(subject: Key, context: Key): string {
  return JSON.stringify([subject, context]);
}
