import type {
  Activity,
  Availability,
  FacetName,
  FacetPatch,
  Facets,
  PresenceModel,
  PresenceSnapshot,
  Timestamp,
  Visibility,
} from "../../../core/mod.ts";
import type {
  CursorPosition,
  Sequence,
  VisibleChange,
} from "../../../store/mod.ts";

/**
 * What a publisher sends. All times are the server's: it says when the update
 * was observed, and counts the time to live from then on.
 */
export interface WireUpdate<M extends PresenceModel = PresenceModel> {
  /** Who; may be left out by whoever is known to be one subject. */
  readonly subject?: M["subject"] | undefined;
  /** Where. */
  readonly context: M["context"];
  /** By what; `null` is by none, like leaving it out. */
  readonly resource?: M["resource"] | null | undefined;
  /**
   * Who tells of it. May be left out by whoever is known to be one origin, and
   * is `"http"` for the others.
   */
  readonly origin?: M["origin"] | undefined;
  /**
   * Who it is meant for.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility<M["label"]> | undefined;
  /** How many milliseconds the entry lives from now on, within the server's bounds. */
  readonly ttlMs: number;
  /** What changes: a value sets, `null` clears. */
  readonly facets?: Omit<FacetPatch<M>, "lastSeen"> | undefined;
  /** How many milliseconds facets that this update sets live from now on. */
  readonly facetTtlsMs?: FacetTtls<M> | undefined;
}

/** How many milliseconds single facets live; the server bounds them too. */
export type FacetTtls<M extends PresenceModel = PresenceModel> = {
  readonly [Name in Exclude<FacetName<M>, "lastSeen">]?: number | undefined;
};

/**
 * The times to live that an update was granted, in milliseconds: those that it
 * asked for, within the bounds of the server and the time that the publisher's
 * identity still has.
 */
export interface GrantedTtls {
  /** That of the entry. */
  readonly ttlMs: number;
  /** Those of the facets that were given one. */
  readonly facetTtlsMs?: Readonly<Record<string, number>> | undefined;
}

/** The answer to updates. */
export interface PublishAnswer extends CursorPosition {
  /** The sequence of each update, in order. */
  readonly sequences: readonly Sequence[];
  /** The times to live that each update was granted, in order. */
  readonly granted: readonly GrantedTtls[];
}

/** The answer to a goodbye. */
export interface WithdrawAnswer extends CursorPosition {
  /** How many entries are gone by it. */
  readonly withdrawn: number;
  /**
   * Set where not all servers could be asked, so that an entry may be left that
   * was published at another one.
   */
  readonly incomplete?: boolean | undefined;
}

/** What a subject is doing in a context; what is not known is left out. */
export interface WireSummary<M extends PresenceModel = PresenceModel> {
  /** Who. */
  readonly subject: M["subject"];
  /** Where. */
  readonly context: M["context"];
  /** The resource of the entry that headlines. */
  readonly resource?: M["resource"] | undefined;
  /** The origin of the entry that headlines. */
  readonly origin: M["origin"];
  /** Of the entry that headlines, else of the best one that has it. */
  readonly availability?: Availability | undefined;
  /** Of the entry that headlines, else of the best one that has it. */
  readonly activity?: Activity | undefined;
  /** When what is told was true: the latest over all entries. */
  readonly observedAt: Timestamp;
  /** The last sign of life, which a refresh is too. */
  readonly lastSeen: Timestamp;
  /** The facets of the entry that headlines. */
  readonly facets: Facets<M>;
  /** All entries, if they were asked for. */
  readonly resources?: readonly PresenceSnapshot<M>[] | undefined;
}

/** The answer to who is in a context. */
export interface ContextAnswer<M extends PresenceModel = PresenceModel>
  extends CursorPosition {
  /** Where. */
  readonly context: M["context"];
  /** Who is there, in the order of their keys. */
  readonly summaries: readonly WireSummary<M>[];
  /**
   * Set where not all servers could be asked, so that somebody may be there who
   * is not told.
   */
  readonly incomplete?: boolean | undefined;
  /** How many subjects are there, on all pages; told on the first one. */
  readonly count?: number | undefined;
  /**
   * Where the changes after this answer begin, for a watch; told on the first
   * page. Whoever has read all pages goes on from there: what has changed on
   * one page while they read another is among those changes.
   */
  readonly cursor?: string | undefined;
  /** What to ask for the next page after; left out on the last one. */
  readonly next?: M["subject"] | undefined;
}

/** The answer to whether a subject is in a context. */
export interface SubjectAnswer<M extends PresenceModel = PresenceModel>
  extends CursorPosition {
  /** Who. */
  readonly subject: M["subject"];
  /** Where. */
  readonly context: M["context"];
  /** What they are doing; `null` if they are not there. */
  readonly summary: WireSummary<M> | null;
  /** When they were last seen there, if it is known. */
  readonly lastSeen?: Timestamp | undefined;
  /**
   * Set where not all servers could be asked, so that somebody may be there who
   * is not told.
   */
  readonly incomplete?: boolean | undefined;
}

/** The answer to where a subject is. */
export interface WhereaboutsAnswer<M extends PresenceModel = PresenceModel>
  extends CursorPosition {
  /** Who. */
  readonly subject: M["subject"];
  /** What they are doing, context by context. */
  readonly summaries: readonly WireSummary<M>[];
  /** Set if they are in more contexts than can be told in one answer. */
  readonly more?: boolean | undefined;
  /**
   * Set where not all servers could be asked, so that somebody may be there who
   * is not told.
   */
  readonly incomplete?: boolean | undefined;
}

/** The answer to what has changed in a context since a cursor. */
export interface ChangesAnswer<M extends PresenceModel = PresenceModel>
  extends CursorPosition {
  /** The changes, in order. */
  readonly changes: readonly VisibleChange<M>[];
  /**
   * Set where not all servers could be asked, so that a change may be missing
   * that comes later.
   */
  readonly incomplete?: boolean | undefined;
  /** Where to go on. */
  readonly cursor: string;
  /** Left out unless there are more changes by now: ask again. */
  readonly more?: true | undefined;
}
