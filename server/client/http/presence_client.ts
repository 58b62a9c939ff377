import { assertNoOtherOptions } from "../../../core/assert.ts";
import { InvalidValueError, type PresenceModel } from "../../../core/mod.ts";
import type { Watch } from "../../mod.ts";
import type {
  ClientBatch,
  ClientWatchOptions,
  ContextQuery,
  PageOptions,
  PresenceClientOptions,
  PublishOptions,
  RequestOptions,
  SubjectQuery,
  WhereaboutsQuery,
  WithdrawOptions,
  WithdrawQuery,
} from "./client_options.ts";
import { streamEvents } from "./client_stream.ts";
import { parseJson, startWatch } from "../../internal.ts";
import { requestErrorOf } from "./request_error.ts";
import type { SseBlock } from "./sse_parser.ts";
import type {
  ContextAnswer,
  DocumentCountsAnswer,
  DocumentPresenceAnswer,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireUpdate,
  WithdrawAnswer,
  WorkspaceDocumentsAnswer,
} from "../../http/mod.ts";
import {
  documentAnswer,
  isListAnswer,
  isPublishAnswer,
  isSummaryAnswer,
  isWithdrawAnswer,
  readBatch,
} from "./read_answer.ts";

export type {
  ChangesAnswer,
  ClusterAnswer,
  ContextAnswer,
  DocumentCountsAnswer,
  DocumentPresenceAnswer,
  FacetTtls,
  GrantedTtls,
  ProblemDocument,
  ProblemField,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireSummary,
  WireUpdate,
  WithdrawAnswer,
  WorkspaceDocumentsAnswer,
} from "../../http/mod.ts";

/**
 * A client of the HTTP service.
 *
 * @typeParam M The application's model, whose keys must be strings. The client
 * does not check that the data of the service is of this model.
 *
 * @example Usage
 * ```ts
 * import { PresenceClient } from "@ruthere/presence/client";
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const handler = createHttpHandler(server);
 * const client = new PresenceClient({
 *   url: "http://localhost",
 *   // Calls a service in the same process. Omit it for a remote service.
 *   fetch: (url, init) => handler(new Request(url, init)),
 * });
 *
 * await client.publish({ subject: "alice", context: "doc-1", ttlMs: 30_000 });
 * assertEquals((await client.presence({ context: "doc-1" })).count, 1);
 *
 * for await (const batch of client.watch({ context: "doc-1" })) {
 *   assertEquals(batch.type, "baseline");
 *   break;
 * }
 * ```
 */
export class PresenceClient<M extends PresenceModel = PresenceModel> {
  readonly #base: URL;
  readonly #options: PresenceClientOptions;

  /**
   * Creates a client. It sends nothing yet.
   *
   * @param options The options of the client.
   * @throws {InvalidValueError} If the URL is not valid, or an option is unknown.
   */
  constructor(options: PresenceClientOptions) {
    const { url, headers, fetch, signal, ...rest } = options;
    const { keepAliveMs, onRetry, ...others } = rest;
    const action = "create client";
    assertNoOtherOptions(others, action);
    if (!URL.canParse(String(url))) {
      const rule = "must be a URL with a scheme and a host";
      throw new InvalidValueError(action, "url", rule, url);
    }
    this.#options = { url, headers, fetch, signal, keepAliveMs, onRetry };
    this.#base = new URL(url);
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
  }

  /**
   * Publishes an update, or several: all of them or none.
   *
   * @param updates The updates.
   * @param options The options of the request.
   * @returns The sequences, the times to live that were granted, and the ticket
   * for a goodbye if `options` ask for it.
   * @throws {PresenceRequestError} If the service refuses the request.
   * @throws {TypeError} If the service can't be reached, or its answer is not
   * valid.
   */
  async publish(
    updates: WireUpdate<M> | readonly WireUpdate<M>[],
    { signal, goodbye, keepalive, ...others }: PublishOptions = {},
  ): Promise<PublishAnswer> {
    assertNoOtherOptions(others, "publish");
    const url = this.#url("v1/updates", { goodbye });
    const init = { ...postOf(updates, signal), keepalive };
    return await this.#ask("publish", url, init, isPublishAnswer);
  }

  /**
   * Withdraws an entry of the client's own, or all of them in a context.
   *
   * @param query The entries to withdraw.
   * @param options The options of the request.
   * @returns The number of entries that were withdrawn.
   * @throws {PresenceRequestError} If the service refuses the request.
   * @throws {TypeError} If the service can't be reached, or its answer is not
   * valid.
   */
  async withdraw(
    query: WithdrawQuery<M>,
    { signal, keepalive, ...others }: WithdrawOptions = {},
  ): Promise<WithdrawAnswer> {
    const { context, subject, resource, origin, all, ...more } = query;
    assertNoOtherOptions({ ...others, ...more }, "withdraw");
    const parameters = { context, subject, resource, origin, all };
    const url = this.#url("v1/presence", parameters);
    const init = { method: "DELETE", signal, keepalive };
    return await this.#ask("withdraw", url, init, isWithdrawAnswer);
  }

  /** Lists the subjects in a context. */
  presence(
    query: ContextQuery<M>,
    options?: RequestOptions,
  ): Promise<ContextAnswer<M>>;
  /** Finds a subject in a context, or when they were last seen there. */
  presence(
    query: SubjectQuery<M>,
    options?: RequestOptions,
  ): Promise<SubjectAnswer<M>>;
  /** Finds the contexts that a subject is in. */
  presence(
    query: WhereaboutsQuery<M>,
    options?: RequestOptions,
  ): Promise<WhereaboutsAnswer<M>>;
  async presence(
    query: ContextQuery<M> | SubjectQuery<M> | WhereaboutsQuery<M>,
    { signal, ...others }: RequestOptions = {},
  ): Promise<ContextAnswer<M> | SubjectAnswer<M> | WhereaboutsAnswer<M>> {
    const { context, subject, resources, limit, after, ...more } = query;
    const action = "read presence";
    assertNoOtherOptions({ ...others, ...more }, action);
    const parameters = { context, subject, limit, after, resources };
    const url = this.#url("v1/presence", parameters);
    const isOfOne = context !== undefined && subject !== undefined;
    const isAnswer = isOfOne ? isSummaryAnswer : isListAnswer;
    return await this.#ask<
      ContextAnswer<M> | SubjectAnswer<M> | WhereaboutsAnswer<M>
    >(action, url, { signal }, isAnswer);
  }

  /**
   * Lists the people in a document, in the order of their ids.
   *
   * @param id The id of the document.
   * @param options The page, and the options of the request.
   * @returns The people; none in a document that is unknown.
   * @throws {PresenceRequestError} If the service refuses the request, or has no
   * documents.
   * @throws {TypeError} If the service can't be reached, or its answer is not
   * valid.
   */
  documentPresence(
    id: string,
    options?: PageOptions,
  ): Promise<DocumentPresenceAnswer> {
    return this.#page(
      "read document",
      `v1/documents/${encodeURIComponent(id)}/presence`,
      "active_users",
      options,
    );
  }

  /**
   * Lists the documents of a workspace that have people in them, in the order of
   * their ids.
   *
   * @param id The id of the workspace.
   * @param options The page, and the options of the request.
   * @returns The documents that the client may read.
   * @throws {PresenceRequestError} If the service refuses the request, or has no
   * documents.
   * @throws {TypeError} If the service can't be reached, or its answer is not
   * valid.
   */
  workspaceDocuments(
    id: string,
    options?: PageOptions,
  ): Promise<WorkspaceDocumentsAnswer> {
    return this.#page(
      "read workspace",
      `v1/workspaces/${encodeURIComponent(id)}/documents`,
      "documents",
      options,
    );
  }

  /**
   * Counts the people in each of some documents.
   *
   * @param ids The ids of the documents.
   * @param options The options of the request.
   * @returns The number for each id; 0 for a document that is unknown or that the
   * client may not read.
   * @throws {PresenceRequestError} If the service refuses the request, or has no
   * documents.
   * @throws {TypeError} If the service can't be reached, or its answer is not
   * valid.
   */
  async documentCounts(
    ids: readonly string[],
    { signal, ...others }: RequestOptions = {},
  ): Promise<DocumentCountsAnswer> {
    const action = "count documents";
    assertNoOtherOptions(others, action);
    const url = this.#url("v1/documents/counts");
    const init = postOf({ document_ids: ids }, signal);
    return await this.#ask<DocumentCountsAnswer>(
      action,
      url,
      init,
      documentAnswer("counts"),
    );
  }

  /**
   * Watches a context: yields the batches of the server's own watch, which are a
   * baseline, then changes, and a new baseline after a gap. If the connection is
   * lost or silent for too long, or an answer is not valid, the watch reconnects
   * after a pause and continues where it was. It ends without an error when it is
   * aborted.
   *
   * @param options The options of the watch.
   * @returns The batches, for a `PresenceView`.
   * @throws {PresenceRequestError} If the service refuses the watch permanently.
   *
   * @example Keeping a view over a restart
   * ```ts
   * import { PresenceClient } from "@ruthere/presence/client";
   * import { PresenceServer, PresenceView } from "@ruthere/presence/server";
   * import { createHttpHandler } from "@ruthere/presence/server/http";
   * import { assertEquals } from "@std/assert";
   *
   * using server = new PresenceServer();
   * const handler = createHttpHandler(server);
   * const client = new PresenceClient({
   *   url: "http://localhost",
   *   fetch: (url, init) => handler(new Request(url, init)),
   * });
   * const context = "doc-1";
   * await client.publish({ subject: "alice", context, ttlMs: 30_000 });
   *
   * // Save the entries of the view together with its cursor.
   * let saved = "";
   * const view = new PresenceView();
   * for await (const batch of client.watch({ context })) {
   *   view.apply(batch);
   *   const { cursor } = batch;
   *   if (cursor === undefined) continue;
   *   const { position } = batch;
   *   saved = JSON.stringify({ cursor, position, snapshots: view.snapshots() });
   *   break;
   * }
   *
   * await client.publish({ subject: "bob", context, ttlMs: 30_000 });
   *
   * // The saved entries are a baseline, and the watch continues after it.
   * const { cursor: since, position, snapshots } = JSON.parse(saved);
   * const restored = new PresenceView();
   * const whole = { type: "baseline", part: 0, last: true } as const;
   * restored.apply({ ...whole, position, snapshots });
   * for await (const batch of client.watch({ context, since })) {
   *   restored.apply(batch);
   *   break;
   * }
   * assertEquals(restored.subjects(context), ["alice", "bob"]);
   * ```
   */
  watch(options: ClientWatchOptions<M>): Watch<ClientBatch<M>> {
    const { context, since, signal, ...others } = options;
    assertNoOtherOptions(others, "watch presence");
    return startWatch(
      [signal, this.#options.signal],
      (signal) => this.#batches(context, since, signal),
    );
  }

  #batches(
    context: M["context"],
    since: string | undefined,
    signal: AbortSignal,
  ): AsyncGenerator<ClientBatch<M>, void> {
    const { keepAliveMs = 15_000, onRetry } = this.#options;
    const url = this.#url("v1/changes", { context });
    const request = (lastEventId: string | undefined, signal: AbortSignal) => {
      const headers = new Headers({ accept: "text/event-stream" });
      // A text that no header can hold is not a cursor of the service.
      if (lastEventId !== undefined && /^[!-~]+$/.test(lastEventId)) {
        headers.set("last-event-id", lastEventId);
      }
      return this.#send(url, { headers, signal, cache: "no-store" });
    };
    const read = ({ event, data, id }: SseBlock) => {
      if (data === undefined) return undefined;
      if (event !== "baseline" && event !== "change") return undefined;
      return { ...readBatch<M>(data), cursor: id };
    };
    return streamEvents(
      { request, read, lastEventId: since, keepAliveMs, onRetry },
      signal,
    );
  }

  async #page<A>(
    action: string,
    path: string,
    member: string,
    { limit, after, signal, ...others }: PageOptions = {},
  ): Promise<A> {
    assertNoOtherOptions(others, action);
    const url = this.#url(path, { limit, after });
    return await this.#ask<A>(action, url, { signal }, documentAnswer(member));
  }

  async #ask<A>(
    action: string,
    url: URL,
    init: RequestInit,
    isAnswer: (value: unknown) => value is A,
  ): Promise<A> {
    const headers = new Headers(init.headers);
    headers.set("accept", "application/json");
    const { signal: all } = this.#options;
    const signal = init.signal && all
      ? AbortSignal.any([init.signal, all])
      : init.signal ?? all ?? null;
    const response = await this.#send(url, { ...init, headers, signal });
    if (!response.ok) throw await requestErrorOf(action, response);
    const answer = parseJson(await response.text());
    if (isAnswer(answer)) return answer;
    throw new TypeError(
      `Cannot ${action}: the service sent an unexpected answer`,
    );
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const { headers, fetch = globalThis.fetch } = this.#options;
    const own = typeof headers === "function" ? await headers() : headers;
    const all = new Headers(own);
    new Headers(init.headers).forEach((value, name) => all.set(name, value));
    init.signal?.throwIfAborted();
    return await fetch(url, { ...init, headers: all });
  }

  #url(path: string, parameters: QueryParameters = {}): URL {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }
}

/** Creates a request with a JSON body. */
function postOf(body: object, signal: AbortSignal | undefined): RequestInit {
  return {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal: signal ?? null,
  };
}

type QueryParameters = Readonly<
  Record<string, string | number | boolean | undefined>
>;
