import type { Key } from "../../core/mod.ts";
import type { ClusterStats } from "../cluster/mod.ts";
import type { DocumentStats } from "../documents/mod.ts";
import type { HttpStats } from "../http/mod.ts";
import type { ServerStats } from "../mod.ts";
import type { PhoenixStats } from "../phoenix/mod.ts";

/** A server to measure: a `PresenceServer` of any model. */
export interface MeasuredServer {
  /** The statistics of the server. */
  readonly stats: ServerStats;
  /** The current entries, for metrics of single documents. */
  readonly store: {
    /** Returns all contexts with an entry. */
    contexts(): Key[];
    /** Counts the subjects of a context. */
    count(context: Key): { readonly subjects: number };
    /** Returns the entries of a context. */
    snapshots(query?: { readonly context?: Key | undefined }): readonly {
      readonly subject: Key;
      readonly facets: object;
    }[];
  };
}

/** Metrics from elsewhere, such as a `Registry` of prom-client. */
export interface OtherMetrics {
  /** Returns the metrics in the text format of Prometheus. */
  metrics(): Promise<string>;
}

/** The sources of metrics besides a server. */
export interface MetricsSources {
  /** A handler of `createHttpHandler`. */
  readonly http?: { readonly stats: HttpStats } | undefined;
  /** A `PhoenixEndpoint`. */
  readonly phoenix?: { readonly stats: PhoenixStats } | undefined;
  /** A `Cluster`. */
  readonly cluster?: { readonly stats: ClusterStats } | undefined;
  /** A `DocumentPresence`. If it names its server, it must be the same one. */
  readonly documents?:
    | { readonly stats: DocumentStats; readonly server?: object | undefined }
    | undefined;
}
