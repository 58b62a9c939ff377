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

import type { PresenceModel } from "../../core/mod.ts";
import type { PresenceBatch, Watch } from "../mod.ts";
import { streamEvents } from "./client_stream.ts";
import { requestErrorOf } from "./request_error.ts";
import type {
  ContextAnswer,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireUpdate,
  WithdrawAnswer,
} from "./wire.ts";
import {
  isContextAnswer,
  isPublishAnswer,
  isSubjectAnswer,
  isWhereaboutsAnswer,
  isWithdrawAnswer,
} from "./wire_answer.ts";
import { readBatch } from "./wire_batch.ts";

export type { ProblemDocument, ProblemField } from "./problem.ts";
export { PresenceRequestError } from "./request_error.ts";
export type {
  ContextAnswer,
  FacetTtls,
  PublishAnswer,
  SubjectAnswer,
  WhereaboutsAnswer,
  WireSummary,
  WireUpdate,
  WithdrawAnswer,
} from "./wire.ts";
export { wireUpdateOf } from "./wire_update.ts";

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
  /** Ends all requests and watches of the client. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How often the service shows on an open stream that it is alive, for a
   * service that does not say so itself.
   *
   * @default {15_000}
   */
  readonly keepAliveMs?: number | undefined;
  /** Told of what a watch has tried again after, `undefined` for a mere end. */
  readonly onRetry?: ((error: unknown) => void) | undefined;
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
   * The `cursor` of an answer, to go on from there; if that is too long ago, a
   * baseline comes all the same.
   */
  readonly since?: string | undefined;
}

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
   */
  constructor(options: PresenceClientOptions) {
    this.#options = options;
    this.#base = new URL(options.url);
    if (!this.#base.pathname.endsWith("/")) this.#base.pathname += "/";
  }

  /**
   * Publishes an update, or several: all of them or none.
   *
   * @param updates What to publish.
   * @returns The sequences.
   * @throws {PresenceRequestError} If the service refuses.
   */
  async publish(
    updates: WireUpdate<M> | readonly WireUpdate<M>[],
  ): Promise<PublishAnswer> {
    const init = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(updates),
    };
    return await this.#ask("publish", "v1/updates", {}, isPublishAnswer, init);
  }

  /**
   * Takes an entry of one's own away, or all of them in a context: a goodbye.
   *
   * @param query What to take away.
   * @returns How many entries are gone by it.
   * @throws {PresenceRequestError} If the service refuses.
   */
  async withdraw(query: WithdrawQuery<M>): Promise<WithdrawAnswer> {
    const { context, subject, resource, origin, all } = query;
    const parameters = { context, subject, resource, origin, all };
    const init = { method: "DELETE" };
    const path = "v1/presence";
    return await this.#ask(
      "withdraw",
      path,
      parameters,
      isWithdrawAnswer,
      init,
    );
  }

  /** Asks who is in a context. */
  presence(query: ContextQuery<M>): Promise<ContextAnswer<M>>;
  /** Asks whether a subject is in a context, or when they were last seen. */
  presence(query: SubjectQuery<M>): Promise<SubjectAnswer<M>>;
  /** Asks where a subject is. */
  presence(query: WhereaboutsQuery<M>): Promise<WhereaboutsAnswer<M>>;
  async presence(
    query: ContextQuery<M> | SubjectQuery<M> | WhereaboutsQuery<M>,
  ): Promise<ContextAnswer<M> | SubjectAnswer<M> | WhereaboutsAnswer<M>> {
    const { context, subject, resources, limit, after } = query;
    const action = "read presence";
    const path = "v1/presence";
    if (subject === undefined) {
      const parameters = { context, limit, after, resources };
      return await this.#ask(action, path, parameters, isContextAnswer<M>);
    }
    const parameters = { context, subject, resources };
    return context === undefined
      ? await this.#ask(action, path, parameters, isWhereaboutsAnswer<M>)
      : await this.#ask(action, path, parameters, isSubjectAnswer<M>);
  }

  /**
   * Watches a context: yields what the server's own watch yields, a baseline,
   * then changes, a baseline again after a gap. When the connection is lost, or
   * silent for too long, it comes back and goes on where it was. It ends
   * without an error when it is aborted.
   *
   * @param options What to watch.
   * @returns The batches, fit for a `PresenceView`.
   * @throws {PresenceRequestError} If the service refuses for good.
   */
  watch(options: ClientWatchOptions<M>): Watch<PresenceBatch<M>> {
    const inner = new AbortController();
    const end = () => inner.abort();
    const outer = [options.signal, this.#options.signal];
    const batches = this.#batches(options, inner.signal);
    async function* linked(): AsyncGenerator<PresenceBatch<M>, void> {
      if (outer.some((signal) => signal?.aborted)) return;
      for (const signal of outer) signal?.addEventListener("abort", end);
      try {
        yield* batches;
      } finally {
        for (const signal of outer) signal?.removeEventListener("abort", end);
      }
    }
    const watch = linked();
    return {
      next: () => watch.next(),
      return: () => {
        end();
        return watch.return();
      },
      [Symbol.asyncIterator]() {
        return this;
      },
      async [Symbol.asyncDispose]() {
        end();
        await watch.return();
      },
    };
  }

  async *#batches(
    { context, since }: ClientWatchOptions<M>,
    signal: AbortSignal,
  ): AsyncGenerator<PresenceBatch<M>, void> {
    const { keepAliveMs = 15_000, onRetry } = this.#options;
    const url = this.#url("v1/changes", { context });
    const request = (lastEventId: string | undefined, signal: AbortSignal) => {
      const headers = new Headers({ accept: "text/event-stream" });
      if (lastEventId !== undefined) headers.set("last-event-id", lastEventId);
      return this.#send(url, { headers, signal, cache: "no-store" });
    };
    const stream = { request, lastEventId: since, keepAliveMs, onRetry };
    for await (const { event, data } of streamEvents(stream, signal)) {
      if (data === undefined) continue;
      if (event === "baseline" || event === "change") yield readBatch<M>(data);
    }
  }

  async #ask<T>(
    action: string,
    path: string,
    parameters: QueryParameters,
    isAnswer: (value: unknown) => value is T,
    init: RequestInit = {},
  ): Promise<T> {
    const headers = new Headers(init.headers);
    headers.set("accept", "application/json");
    const { signal = null } = this.#options;
    const url = this.#url(path, parameters);
    const response = await this.#send(url, { ...init, headers, signal });
    if (!response.ok) throw await requestErrorOf(action, response);
    const answer: unknown = await response.json();
    if (isAnswer(answer)) return answer;
    throw new TypeError(`Cannot ${action}: the service sent something else`);
  }

  async #send(url: URL, init: RequestInit): Promise<Response> {
    const { headers, fetch = globalThis.fetch } = this.#options;
    const own = typeof headers === "function" ? await headers() : headers;
    const all = new Headers(own);
    new Headers(init.headers).forEach((value, name) => all.set(name, value));
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
