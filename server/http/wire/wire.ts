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
 * An update as a publisher sends it. The server sets the time of observation, and
 * the times to live begin then.
 */
export interface WireUpdate<M extends PresenceModel = PresenceModel> {
  /** The subject; optional for a client whose identity has a subject. */
  readonly subject?: M["subject"] | undefined;
  /** The context. */
  readonly context: M["context"];
  /** The resource; `null` and `undefined` both mean none. */
  readonly resource?: M["resource"] | null | undefined;
  /**
   * The origin; optional. It must be that of the client's identity. Without an
   * identity, the default is `"http"`.
   */
  readonly origin?: M["origin"] | undefined;
  /**
   * The entry's visibility.
   *
   * @default {"public"}
   */
  readonly visibility?: Visibility<M["label"]> | undefined;
  /** The time to live of the entry in milliseconds; the server clamps it. */
  readonly ttlMs: number;
  /** The facets to change: a value sets a facet, `null` clears it. */
  readonly facets?: Omit<FacetPatch<M>, "lastSeen"> | undefined;
  /** The times to live of facets that this update sets, in milliseconds. */
  readonly facetTtlsMs?: FacetTtls<M> | undefined;
}

/** The times to live of single facets in milliseconds; the server clamps them. */
export type FacetTtls<M extends PresenceModel = PresenceModel> = {
  readonly [Name in Exclude<FacetName<M>, "lastSeen">]?: number | undefined;
};

/**
 * The times to live that an update was granted, in milliseconds: the requested
 * ones, clamped to the bounds of the server and to the expiry of the publisher's
 * identity.
 */
export interface GrantedTtls {
  /** The time to live of the entry. */
  readonly ttlMs: number;
  /** The times to live of facets that have one. */
  readonly facetTtlsMs?: Readonly<Record<string, number>> | undefined;
}

/** The answer to published updates. */
export interface PublishAnswer extends CursorPosition {
  /** The sequence of each update, in order. */
  readonly sequences: readonly Sequence[];
  /** The times to live that each update was granted, in order. */
  readonly granted: readonly GrantedTtls[];
  /** The ticket for a goodbye, if the request asked for it. */
  readonly goodbye?: string | undefined;
}

/** An answer that depends on the other servers of a cluster. */
export interface ClusterAnswer extends CursorPosition {
  /**
   * Set if not all servers could be asked: subjects and entries of the others may
   * be missing or remain, and their changes may come later.
   */
  readonly incomplete?: boolean | undefined;
}

/** The answer to a withdrawal. */
export interface WithdrawAnswer extends ClusterAnswer {
  /** The number of entries that were withdrawn. */
  readonly withdrawn: number;
}

/** The presence of a subject in a context. Unknown fields are omitted. */
export interface WireSummary<M extends PresenceModel = PresenceModel> {
  /** The subject. */
  readonly subject: M["subject"];
  /** The context. */
  readonly context: M["context"];
  /** The resource of the dominant entry. */
  readonly resource?: M["resource"] | undefined;
  /** The origin of the dominant entry. */
  readonly origin: M["origin"];
  /** That of the dominant entry, otherwise of the highest-ranking entry with one. */
  readonly availability?: Availability | undefined;
  /** That of the dominant entry, otherwise of the highest-ranking entry with one. */
  readonly activity?: Activity | undefined;
  /** The latest time of observation of all entries. */
  readonly observedAt: Timestamp;
  /** The last sign of life; a refresh is one too. */
  readonly lastSeen: Timestamp;
  /** The facets of the dominant entry. */
  readonly facets: Facets<M>;
  /** All entries, if the request asked for them. */
  readonly resources?: readonly PresenceSnapshot<M>[] | undefined;
}

/** The subjects in a context. */
export interface ContextAnswer<M extends PresenceModel = PresenceModel>
  extends ClusterAnswer {
  /** The context. */
  readonly context: M["context"];
  /** The subjects, in the order of their keys. */
  readonly summaries: readonly WireSummary<M>[];
  /** The number of subjects on all pages; only on the first page. */
  readonly count?: number | undefined;
  /**
   * The cursor to watch or poll from after the last page; only on the first page.
   * Changes to one page that occur while another is read come after it.
   */
  readonly cursor?: string | undefined;
  /** The `after` of the next page; omitted on the last page. */
  readonly next?: M["subject"] | undefined;
}

/** The presence of a subject in a context. */
export interface SubjectAnswer<M extends PresenceModel = PresenceModel>
  extends ClusterAnswer {
  /** The subject. */
  readonly subject: M["subject"];
  /** The context. */
  readonly context: M["context"];
  /** The summary; `null` if the subject is not there. */
  readonly summary: WireSummary<M> | null;
  /** The time when the subject was last seen there, if it is known. */
  readonly lastSeen?: Timestamp | undefined;
}

/** The contexts that a subject is in. */
export interface WhereaboutsAnswer<M extends PresenceModel = PresenceModel>
  extends ClusterAnswer {
  /** The subject. */
  readonly subject: M["subject"];
  /** The summaries, one for each context. */
  readonly summaries: readonly WireSummary<M>[];
  /** Set if the subject is in more contexts than one answer can hold. */
  readonly more?: boolean | undefined;
}

/** The changes in a context since a cursor. */
export interface ChangesAnswer<M extends PresenceModel = PresenceModel>
  extends ClusterAnswer {
  /** The changes, in order. */
  readonly changes: readonly VisibleChange<M>[];
  /** The cursor to continue from. */
  readonly cursor: string;
  /** Set if there are more changes already: poll again. */
  readonly more?: true | undefined;
}
