/**
 * A client of the HTTP service, for Deno, Node, Bun and browsers.
 *
 * @example Usage
 * ```ts
 * import { PresenceClient } from "@ruthere/presence/client";
 * import { PresenceServer, PresenceView } from "@ruthere/presence/server";
 * import { createHttpHandler } from "@ruthere/presence/server/http";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const http = Deno.serve(
 *   { port: 0, hostname: "127.0.0.1", onListen() {} },
 *   createHttpHandler(server),
 * );
 * const url = `http://127.0.0.1:${http.addr.port}`;
 *
 * const client = new PresenceClient({ url });
 * await client.publish({ subject: "alice", context: "doc-1", ttlMs: 30_000 });
 *
 * const view = new PresenceView();
 * for await (const batch of client.watch({ context: "doc-1" })) {
 *   view.apply(batch);
 *   break;
 * }
 * assertEquals(view.subjects("doc-1"), ["alice"]);
 * await http.shutdown();
 * ```
 *
 * @module
 */

import { assertNoOtherOptions } from "../../../core/assert.ts";
import { InvalidValueError, type PresenceModel } from "../../../core/mod.ts";
import type { Watch } from "../../mod.ts";
import type {
  ClientBatch,
  ClientWatchOptions,
  ContextQuery,
  PresenceClientOptions,
  RequestOptions,
  SubjectQuery,
  WhereaboutsQuery,
  WithdrawQuery,
} from "./client_options.ts";
import { streamEvents } from "./client_stream.ts";
import { parseJson, startWatch } from "../../internal.ts";
import { requestErrorOf } from "./request_error.ts";
import type { SseBlock } from "./sse_parser.ts";
import type {
  ContextAnswer,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireUpdate,
  WithdrawAnswer,
} from "../wire/wire.ts";
import { areSummaries, isAnswer, isSummary } from "./wire_answer.ts";
import { readBatch } from "./wire_batch.ts";

export type {
  ClientBatch,
  ClientWatchOptions,
  ContextQuery,
  PresenceClientOptions,
  RequestOptions,
  SubjectQuery,
  WhereaboutsQuery,
  WithdrawQuery,
} from "./client_options.ts";
export type { ProblemDocument, ProblemField } from "../wire/problem.ts";
export { PresenceRequestError } from "./request_error.ts";
export type {
  ContextAnswer,
  FacetTtls,
  GrantedTtls,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireSummary,
  WireUpdate,
  WithdrawAnswer,
} from "../wire/wire.ts";
export { wireUpdateOf } from "./wire_update.ts";

/**
 * A client of the HTTP service.
 *
 * @typeParam M The application's model, whose keys must be strings. That the
 * service's data is of it is believed, not checked.
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
 *   // A service in the same process; leave this out for one elsewhere.
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
   * Makes a client; nothing is sent yet.
   *
   * @param options Where the service is, and how to speak to it.
   * @throws {InvalidValueError} If the URL is none, or an option is not known.
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
   * @param updates What to publish.
   * @param options How to go about it.
   * @returns The sequences, and the times to live that were granted.
   * @throws {PresenceRequestError} If the service refuses.
   * @throws {TypeError} If it can't be reached, or something else answers.
   */
  async publish(
    updates: WireUpdate<M> | readonly WireUpdate<M>[],
    { signal, ...others }: RequestOptions = {},
  ): Promise<PublishAnswer> {
    assertNoOtherOptions(others, "publish");
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(updates),
      signal,
    };
    const path = "v1/updates";
    return await this.#ask(
      "publish",
      path,
      {},
      init,
      "sequences",
      Array.isArray,
    );
  }

  /**
   * Takes an entry of one's own away, or all of them in a context: a goodbye.
   *
   * @param query What to take away.
   * @param options How to go about it.
   * @returns How many entries are gone by it.
   * @throws {PresenceRequestError} If the service refuses.
   * @throws {TypeError} If it can't be reached, or something else answers.
   */
  async withdraw(
    query: WithdrawQuery<M>,
    { signal, ...others }: RequestOptions = {},
  ): Promise<WithdrawAnswer> {
    const { context, subject, resource, origin, all, ...more } = query;
    assertNoOtherOptions({ ...others, ...more }, "withdraw");
    return await this.#ask(
      "withdraw",
      "v1/presence",
      { context, subject, resource, origin, all },
      { method: "DELETE", signal },
      "withdrawn",
      (count) => typeof count === "number",
    );
  }

  /** Asks who is in a context. */
  presence(
    query: ContextQuery<M>,
    options?: RequestOptions,
  ): Promise<ContextAnswer<M>>;
  /** Asks whether a subject is in a context, or when they were last seen. */
  presence(
    query: SubjectQuery<M>,
    options?: RequestOptions,
  ): Promise<SubjectAnswer<M>>;
  /** Asks where a subject is. */
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
    const isOfOne = context !== undefined && subject !== undefined;
    return await this.#ask(
      action,
      "v1/presence",
      { context, subject, limit, after, resources },
      { signal },
      isOfOne ? "summary" : "summaries",
      isOfOne
        ? (summary) => summary === null || isSummary(summary)
        : areSummaries,
    );
  }

  /**
   * Watches a context: yields what the server's own watch yields, a baseline,
   * then changes, a baseline again after a gap. When the connection is lost, or
   * silent for too long, or something else than the service answers, it comes
   * back after a pause and goes on where it was. It ends without an error when
   * it is aborted.
   *
   * @param options What to watch.
   * @returns The batches, fit for a `PresenceView`.
   * @throws {PresenceRequestError} If the service refuses for good.
   *
   * @example Keeping a mirror over a restart
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
   * // Save what the mirror holds together with the cursor that it is at.
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
   * // What is saved is a baseline; the watch goes on after it.
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
      (signal) => this.#batches({ context, since }, signal),
    );
  }

  #batches(
    { context, since }: ClientWatchOptions<M>,
    signal: AbortSignal,
  ): AsyncGenerator<ClientBatch<M>, void> {
    const { keepAliveMs = 15_000, onRetry } = this.#options;
    const url = this.#url("v1/changes", { context });
    const request = (lastEventId: string | undefined, signal: AbortSignal) => {
      const headers = new Headers({ accept: "text/event-stream" });
      // What can't be sent is no position of ours.
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

  async #ask<T>(
    action: string,
    path: string,
    parameters: QueryParameters,
    init: RequestInit,
    field: string,
    isField: (value: unknown) => boolean,
  ): Promise<T> {
    const headers = new Headers(init.headers);
    headers.set("accept", "application/json");
    const signal = anyOf(init.signal, this.#options.signal);
    const url = this.#url(path, parameters);
    const response = await this.#send(url, { ...init, headers, signal });
    if (!response.ok) throw await requestErrorOf(action, response);
    const answer = parseJson(await response.text());
    if (isAnswer<T>(answer, field, isField)) return answer;
    throw new TypeError(`Cannot ${action}: the service sent something else`);
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const { headers, fetch = globalThis.fetch } = this.#options;
    const own = typeof headers === "function" ? await headers() : headers;
    const all = new Headers(own);
    new Headers(init.headers).forEach((value, name) => all.set(name, value));
    init.signal?.throwIfAborted();
    return await fetch(url, { ...init, headers: all });
  }

  #url(path: string, parameters: QueryParameters): URL {
    const url = new URL(path, this.#base);
    for (const [name, value] of Object.entries(parameters)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }
}

type QueryParameters = Readonly<
  Record<string, string | number | boolean | undefined>
>;

/** A signal that is aborted as soon as one of two is. */
function anyOf(
  own: AbortSignal | null | undefined,
  general: AbortSignal | undefined,
): AbortSignal | null {
  if (!own || !general) return own ?? general ?? null;
  return AbortSignal.any([own, general]);
}
