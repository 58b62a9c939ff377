import type { PresenceModel } from "../../../core/mod.ts";
import type { PresenceBatch } from "../../mod.ts";

/** Where the service is, and how to speak to it. */
export interface PresenceClientOptions {
  /** The URL under which the service has its `/v1/` paths. */
  readonly url: string | URL;
  /**
   * Headers of every request, or what gives them: it is asked anew for each
   * request, so that a token may be a fresh one.
   */
  readonly headers?:
    | HeadersInit
    | (() => HeadersInit | Promise<HeadersInit>)
    | undefined;
  /**
   * Sends the requests. To send cookies to another site, wrap the usual one.
   *
   * @default {globalThis.fetch}
   */
  readonly fetch?:
    | ((url: URL, init: RequestInit) => Promise<Response>)
    | undefined;
  /** Aborts all requests of the client, and ends its watches. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How often the service shows on an open stream that it is alive, for a
   * service that does not say so itself.
   *
   * @default {15_000}
   */
  readonly keepAliveMs?: number | undefined;
  /**
   * Told of what a watch tries again after: a lost connection, an answer that
   * is no stream of ours, a refusal for now; `undefined` for a mere end.
   */
  readonly onRetry?: ((error: unknown) => void) | undefined;
}

/** How to go about a single request. */
export interface RequestOptions {
  /** Aborts the request: the promise is rejected with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What to take away. */
export interface WithdrawQuery<M extends PresenceModel = PresenceModel> {
  /** Where. */
  readonly context: M["context"];
  /** Whose; may be left out by whoever is known to be one subject. */
  readonly subject?: M["subject"] | undefined;
  /** The entry of this resource; left out, the one without a resource. */
  readonly resource?: M["resource"] | undefined;
  /** Whose word it was; may be left out as in an update. */
  readonly origin?: M["origin"] | undefined;
  /** Takes away all of one's own there instead of a single entry. */
  readonly all?: boolean | undefined;
}

/** Who is asked after: everybody in a context. */
export interface ContextQuery<M extends PresenceModel = PresenceModel> {
  /** Where. */
  readonly context: M["context"];
  /** Everybody. */
  readonly subject?: undefined;
  /** How many at most. */
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: M["subject"] | undefined;
  /** Whether the entries behind each summary are wanted as well. */
  readonly resources?: boolean | undefined;
}

/** Who is asked after: a subject in a context. */
export interface SubjectQuery<M extends PresenceModel = PresenceModel> {
  /** Where. */
  readonly context: M["context"];
  /** Who. */
  readonly subject: M["subject"];
  /** There are no pages of one subject. */
  readonly limit?: undefined;
  /** There are no pages of one subject. */
  readonly after?: undefined;
  /** Whether the entries behind the summary are wanted as well. */
  readonly resources?: boolean | undefined;
}

/** Who is asked after: a subject, wherever they are. */
export interface WhereaboutsQuery<M extends PresenceModel = PresenceModel> {
  /** Everywhere. */
  readonly context?: undefined;
  /** Who. */
  readonly subject: M["subject"];
  /** There are no pages of one subject. */
  readonly limit?: undefined;
  /** There are no pages of one subject. */
  readonly after?: undefined;
  /** Whether the entries behind each summary are wanted as well. */
  readonly resources?: boolean | undefined;
}

/** What to watch. */
export interface ClientWatchOptions<M extends PresenceModel = PresenceModel> {
  /** Which context. */
  readonly context: M["context"];
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The `cursor` of a batch, or of the first page of who is in the context, to
   * go on from there. If that is too long ago, or of other rights, a baseline
   * comes all the same.
   */
  readonly since?: string | undefined;
}

/** What a watch of a client yields: what a server's does, and where it is. */
export type ClientBatch<M extends PresenceModel = PresenceModel> =
  & PresenceBatch<M>
  & {
    /**
     * What to go on `since` once this batch is applied; `undefined` for all
     * parts of a baseline but the last.
     */
    readonly cursor: string | undefined;
  };
