import type {
  EntryKey,
  PresenceModel,
  PresenceSnapshot,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type { CursorPosition, PresenceCount } from "../../store/mod.ts";
import type {
  PresenceBatch,
  PresenceReader,
  PresenceServer,
  Watch,
} from "../mod.ts";
import type { JsonValue } from "../internal.ts";

/**
 * The model of a server that topics live on: a topic is a context, a key is a
 * subject, and a connection is a resource.
 *
 * An application with facets of its own extends it.
 */
export interface TopicModel extends PresenceModel {
  /** The keys that are tracked. */
  subject: string;
  /** The topics. */
  context: string;
  /** The connections. */
  resource: string;
  /** What holds the connections: a socket, a process. */
  origin: string;
  /** The application's own facets, and those of tracked connections. */
  facets: {
    /**
     * The meta in a box, because a facet can't be `null` and a meta can. Over
     * HTTP any other JSON is a meta without a box.
     */
    meta: { readonly value: JsonValue };
    /** Tells handles apart that have tracked the same connection. */
    visit: string;
  };
}

/** Decides whether a reader may see an entry. */
export type TopicPolicy = VisibilityPolicy<string, string>;

/** What a reader may see of topics: a `Viewer` whose subject is a string. */
export interface TopicViewer {
  /** The labels whose restricted entries are visible. */
  readonly restricted: "all" | readonly string[];
  /** Whether private entries are visible. */
  readonly private: boolean;
  /** The key that the reader is: it sees its own entries. */
  readonly subject?: string | undefined;
}

/** Which entries topics read. */
export interface TopicQuery {
  /** Only entries of this topic. */
  readonly context?: string | undefined;
  /** Only entries of this key. */
  readonly subject?: string | undefined;
  /** Only entries that this origin holds. */
  readonly origin?: string | undefined;
  /** Only entries that this policy allows. */
  readonly visible?: TopicPolicy | undefined;
}

/**
 * What topics need of a server: a `PresenceServer` whose model is a
 * {@linkcode TopicModel} or extends it.
 *
 * @typeParam M The model.
 */
export interface TopicServer<M extends TopicModel = TopicModel> extends
  Pick<
    PresenceServer<M>,
    | "closed"
    | "disconnect"
    | "expire"
    | "follow"
    | "isCutOff"
    | "now"
    | "receive"
    | "receiveIfPresent"
    | "relay"
    | "replicated"
    | "steadyNow"
    | "withdraw"
    | "withdrawOrigin"
  > {
  /** What is present now. */
  readonly store: TopicStore<M>;
  /** Watches a topic, or all of them. */
  watch(options?: {
    readonly context?: string | undefined;
    readonly viewer?: TopicViewer | undefined;
    readonly since?: CursorPosition | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Watch<PresenceBatch<M>>;
}

/**
 * What topics read from.
 *
 * @typeParam M The model.
 */
export interface TopicStore<M extends TopicModel = TopicModel>
  extends Pick<PresenceReader<M>, "epoch" | "lastSequence"> {
  /** Reads one entry. */
  snapshot(key: EntryKey<M>): PresenceSnapshot<M> | undefined;
  /** Reads entries. */
  snapshots(query: TopicQuery): PresenceSnapshot<M>[];
  /** Counts without making a list. */
  count(
    context: string,
    options?: { readonly visible?: TopicPolicy | undefined },
  ): PresenceCount;
}
