import type { PresenceModel } from "../../../core/mod.ts";
import type { PresenceBatch } from "../../mod.ts";

/** The options of a client. */
export interface PresenceClientOptions {
  /** The URL of the service, to which its `/v1/` paths are relative. */
  readonly url: string | URL;
  /**
   * The headers of each request, or a function that returns them. It is called
   * for each request, so a token can be fresh.
   */
  readonly headers?:
    | HeadersInit
    | (() => HeadersInit | Promise<HeadersInit>)
    | undefined;
  /**
   * Sends the requests. To send cookies to another site, wrap the global `fetch`.
   *
   * @default {globalThis.fetch}
   */
  readonly fetch?:
    | ((url: URL, init: RequestInit) => Promise<Response>)
    | undefined;
  /** Aborts all requests of the client, and ends its watches. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The interval of the service's keep-alives in milliseconds, if the service
   * does not send it.
   *
   * @default {15_000}
   */
  readonly keepAliveMs?: number | undefined;
  /**
   * Called before a watch retries, with the error: a lost connection, an answer
   * that is not a stream of the service, or a temporary refusal; `undefined` if
   * the stream just ended.
   */
  readonly onRetry?: ((error: unknown) => void) | undefined;
}

/** The options of a request. */
export interface RequestOptions {
  /** Aborts the request: its promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** The options of a request that publishes. */
export interface PublishOptions extends RequestOptions {
  /**
   * Whether the answer is to have a ticket, which `navigator.sendBeacon()` sends
   * to `v1/goodbye` when the tab closes. Each later update of an entry voids the
   * ticket for it, and gets another.
   *
   * @default {false}
   */
  readonly goodbye?: boolean | undefined;
  /**
   * Whether the request outlives its page, for a tab that closes. In a browser,
   * `headers` must return at once then.
   *
   * @default {false}
   */
  readonly keepalive?: boolean | undefined;
}

/** The options of a request that withdraws. */
export interface WithdrawOptions extends RequestOptions {
  /**
   * Whether the request outlives its page, for a tab that closes. In a browser,
   * `headers` must return at once then.
   *
   * @default {false}
   */
  readonly keepalive?: boolean | undefined;
}

/** The options of a request for a list in pages. */
export interface PageOptions extends RequestOptions {
  /** The largest number of people or documents. */
  readonly limit?: number | undefined;
  /** The `next` of the previous page. */
  readonly after?: string | undefined;
}

/** The entries to withdraw. */
export interface WithdrawQuery<M extends PresenceModel = PresenceModel> {
  /** The context. */
  readonly context: M["context"];
  /** The subject; optional for a client whose identity has a subject. */
  readonly subject?: M["subject"] | undefined;
  /** The resource; by default the entry without a resource. */
  readonly resource?: M["resource"] | undefined;
  /** The origin; optional as in an update. */
  readonly origin?: M["origin"] | undefined;
  /** Whether to withdraw all of the client's entries of the subject there. */
  readonly all?: boolean | undefined;
}

/** Selects the subjects in a context. */
export interface ContextQuery<M extends PresenceModel = PresenceModel> {
  /** The context. */
  readonly context: M["context"];
  /** All subjects. */
  readonly subject?: undefined;
  /** The largest number of subjects. */
  readonly limit?: number | undefined;
  /** The `next` of the previous page. */
  readonly after?: M["subject"] | undefined;
  /** Whether to return the entries of each summary too. */
  readonly resources?: boolean | undefined;
}

/** Selects a subject in a context. */
export interface SubjectQuery<M extends PresenceModel = PresenceModel> {
  /** The context. */
  readonly context: M["context"];
  /** The subject. */
  readonly subject: M["subject"];
  /** One subject has no pages. */
  readonly limit?: undefined;
  /** One subject has no pages. */
  readonly after?: undefined;
  /** Whether to return the entries of each summary too. */
  readonly resources?: boolean | undefined;
}

/** Selects a subject in all contexts. */
export interface WhereaboutsQuery<M extends PresenceModel = PresenceModel>
  extends Omit<SubjectQuery<M>, "context"> {
  /** All contexts. */
  readonly context?: undefined;
}

/** The options of a watch. */
export interface ClientWatchOptions<M extends PresenceModel = PresenceModel> {
  /** The context. */
  readonly context: M["context"];
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
  /**
   * The `cursor` of a batch, or of the first page of the context, to continue
   * from. If it is too old or belongs to other rights, the watch begins with a
   * baseline.
   */
  readonly since?: string | undefined;
}

/** A batch of the server with the cursor after it. */
export type ClientBatch<M extends PresenceModel = PresenceModel> =
  & PresenceBatch<M>
  & {
    /**
     * The `since` to continue from after this batch; `undefined` for each part
     * of a baseline but the last.
     */
    readonly cursor: string | undefined;
  };
