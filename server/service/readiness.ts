import type { Cluster } from "../cluster/mod.ts";
import type { DocumentModel } from "../documents/mod.ts";

/** Reports to load balancers whether the service takes requests. */
export class Readiness {
  #cluster: Cluster<DocumentModel> | undefined;
  #state: "starting" | "serving" | "draining" = "starting";

  /** The service listens, as a node of a cluster if there is one. */
  serving(cluster: Cluster<DocumentModel> | undefined): void {
    this.#cluster = cluster;
    this.#state = "serving";
  }

  /** The service is about to stop. */
  draining(): void {
    this.#state = "draining";
  }

  /** Answers `/readyz`: 200, or 503 with the reason. No token is needed. */
  answer({ method }: Request): Response {
    if (method !== "GET" && method !== "HEAD") {
      const headers = { allow: "GET, HEAD" };
      return new Response(null, { status: 405, headers });
    }
    const reason = this.#reason;
    const status = reason === undefined ? "ok" : "not ready";
    const body = JSON.stringify({ status, reason });
    return new Response(method === "HEAD" ? null : body, {
      status: reason === undefined ? 200 : 503,
      headers: {
        "cache-control": "no-store",
        "content-type": "application/json",
      },
    });
  }

  get #reason(): string | undefined {
    if (this.#state !== "serving") return `the service is ${this.#state}`;
    if (this.#cluster?.isReady !== false) return undefined;
    return this.#cluster.status === "isolated"
      ? "the backbone has been down for too long"
      : "the backbone has not been reached yet";
  }
}
