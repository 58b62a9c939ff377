import type {
  Activity,
  Availability,
  Facets,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import type { SubjectSummary } from "../../store/mod.ts";

/** Somebody in a room: a subject, with all connections. */
export interface Person<M extends PresenceModel = PresenceModel> {
  /** Who it is: the subject. */
  readonly id: M["subject"];
  /** The facets of the connection that counts most. */
  readonly facets: Facets<M>;
  /** What the person does; `undefined` if nothing says so. */
  readonly activity: Activity | undefined;
  /** Whether the person can be reached; `undefined` if nothing says so. */
  readonly availability: Availability | undefined;
  /** The last sign of life that is known, in Unix milliseconds. */
  readonly lastSeen: Timestamp;
  /** One entry for each tab, device or service: a resource and its facets. */
  readonly connections: readonly PresenceSnapshot<M>[];
}

/** Makes a person of a summary: the same object for the same summary. */
export class People<M extends PresenceModel> {
  readonly #known = new WeakMap<SubjectSummary<M>, Person<M>>();

  /** Returns the person of a summary. */
  of(summary: SubjectSummary<M>): Person<M> {
    let person = this.#known.get(summary);
    if (person === undefined) {
      const { subject, dominant, activity, availability } = summary;
      const { snapshots: connections, lastSeen, observedAt } = summary;
      person = {
        id: subject,
        facets: dominant.facets,
        activity,
        availability,
        lastSeen: lastSeen ?? observedAt,
        connections,
      };
      this.#known.set(summary, person);
    }
    return person;
  }
}
