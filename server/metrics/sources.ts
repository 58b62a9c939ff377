import type { Key } from "../../core/mod.ts";
import type { ClusterStats } from "../cluster/mod.ts";
import type { DocumentStats } from "../documents/mod.ts";
import type { HttpStats } from "../http/mod.ts";
import type { ServerStats } from "../mod.ts";
import type { PhoenixStats } from "../phoenix/mod.ts";

/** A server that can be measured: a `PresenceServer` of any model. */
export interface MeasuredServer {
  /** What has happened so far, and how it stands. */
  readonly stats: ServerStats;
  /** What there is now; asked for where contexts are told of. */
  readonly store: {
    /** Where anyone is. */
    contexts(): Key[];
    /** How many are in a context. */
    count(context: Key): { readonly subjects: number };
    /** The entries of a context. */
    snapshots(query?: { readonly context?: Key | undefined }): readonly {
      readonly subject: Key;
      readonly facets: object;
    }[];
  };
}

/** Metrics of others: a `Registry` of prom-client is fit. */
export interface OtherMetrics {
  /** Gives them in the text format of Prometheus. */
  metrics(): Promise<string>;
}

/** What can be measured, beside a server. */
export interface MetricsSources {
  /** A handler of `createHttpHandler`. */
  readonly http?: { readonly stats: HttpStats } | undefined;
  /** A `PhoenixEndpoint`. */
  readonly phoenix?: { readonly stats: PhoenixStats } | undefined;
  /** A `Cluster`. */
  readonly cluster?: { readonly stats: ClusterStats } | undefined;
  /** A `DocumentPresence`. If it says of which server, that must be this one. */
  readonly documents?:
    | { readonly stats: DocumentStats; readonly server?: object | undefined }
    | undefined;
}
