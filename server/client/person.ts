import type {
  Activity,
  Availability,
  Facets,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
} from "../../core/mod.ts";
import { summarize } from "../../store/mod.ts";

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
  /** Whether the service has restarted, and the person has yet to return. */
  readonly isReturning: boolean;
}

/** Makes a person of all their entries; `undefined` if there is none. */
export function personOf<M extends PresenceModel>(
  entries: readonly PresenceSnapshot<M>[],
  isReturning: boolean,
): Person<M> | undefined {
  const summary = summarize(entries);
  return summary && {
    id: summary.subject,
    facets: summary.dominant.facets,
    activity: summary.activity,
    availability: summary.availability,
    lastSeen: summary.lastSeen ?? summary.observedAt,
    connections: summary.snapshots,
    isReturning,
  };
}
