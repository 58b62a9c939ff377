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

/** Makes a person of a summary. */
export function personOf<M extends PresenceModel>(
  { subject, dominant, snapshots, ...summary }: SubjectSummary<M>,
): Person<M> {
  const { activity, availability, lastSeen, observedAt } = summary;
  return {
    id: subject,
    facets: dominant.facets,
    activity,
    availability,
    lastSeen: lastSeen ?? observedAt,
    connections: snapshots,
  };
}
