import { assertMethods } from "../../core/assert.ts";
import type { PresenceModel } from "../../core/mod.ts";
import { assertServer } from "../internal.ts";
import type { PresenceServer, Replication, Watch } from "../mod.ts";
import type { NodeLife, PresenceBackbone } from "./backbone.ts";
import { ClusterNode } from "./cluster_node.ts";
import { type ClusterOptions, settingsOf } from "./cluster_options.ts";
import type { ClusterStats } from "./cluster_stats.ts";
import type { FollowedContext } from "./followed_context.ts";
import type { Outbox } from "./outbox.ts";
import type { ClusterStatus, StatusWatch } from "./status.ts";
import type { CountAnswer, EntriesAnswer, QuestionOptions } from "./survey.ts";

/** What a node knows, for the invariant check of the tests. */
export interface ClusterIndexes<M extends PresenceModel> {
  readonly life: NodeLife;
  /** Whether the backbone has all its rows, as far as it knows. */
  readonly isAnnounced: boolean;
  readonly replication: Replication<M>;
  readonly outbox: Outbox;
  readonly own: ReadonlyMap<string, ReadonlySet<string>>;
  readonly followed: ReadonlyMap<string, FollowedContext<M>>;
}

/** What a node knows, for the invariant check of the tests. */
export let indexesOf: <M extends PresenceModel>(
  cluster: Cluster<M>,
) => ClusterIndexes<M>;

/**
 * A node of a cluster: what its server receives is replicated, and what others
 * receive is put into its server. Leave it when the server ends.
 *
 * @typeParam M The application's model.
 */
export class Cluster<M extends PresenceModel = PresenceModel>
  implements AsyncDisposable {
  readonly #node: ClusterNode<M>;
  #left: Promise<void> | undefined;

  static {
    indexesOf = (cluster) => {
      const node = cluster.#node;
      return {
        life: node.session.life,
        isAnnounced: node.session.lease.announced === node.session.memory,
        replication: node.replication,
        outbox: node.writer.outbox,
        own: node.interest.own,
        followed: node.contexts.all,
      };
    };
  }

  /** Made by {@linkcode joinCluster}. */
  constructor(
    server: PresenceServer<M>,
    backbone: PresenceBackbone,
    options: ClusterOptions = {},
  ) {
    const action = "join cluster";
    assertServer(server, action);
    const rule = "must be a PresenceBackbone";
    assertMethods(backbone, ["connect"], "backbone", rule, action);
    this.#node = new ClusterNode(
      server,
      backbone,
      settingsOf(options),
      () => this.leave(),
    );
  }

  /** The name of the node: another one once another process has taken it. */
  get node(): string {
    return this.#node.session.node;
  }

  /** Whether it is one with its cluster. */
  get status(): ClusterStatus {
    return this.#node.session.status.current;
  }

  /**
   * Whether its answers are worth asking for: it has been one with its cluster,
   * is not cut off for longer than `holdMs`, and has not left.
   */
  get isReady(): boolean {
    return this.#node.isReady;
  }

  /**
   * Watches the status: yields what it is, and then the latest whenever it is
   * another one. It ends without an error when it is aborted, and after `left`.
   *
   * @param options What ends it.
   * @returns The statuses.
   */
  watchStatus(
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): StatusWatch {
    return this.#node.session.status.watch(signal);
  }

  /**
   * The names of the nodes that live, this one among them; none after it has
   * left, as it knows of none any more.
   */
  nodes(): string[] {
    return [...this.#node.nodes.current];
  }

  /**
   * Watches who lives: yields the names of the nodes, and then the latest
   * whenever one has come or gone. It ends without an error when it is aborted,
   * and after it has yielded none, as the node has left.
   *
   * @param options What ends it.
   * @returns The names, this node's among them, in order.
   */
  watchNodes(
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Watch<readonly string[]> {
    return this.#node.nodes.watch(signal);
  }

  /**
   * What has happened so far, and how it stands, for whoever measures. O(rows
   * that it follows).
   */
  get stats(): ClusterStats {
    const { session, peers, writer, contexts } = this.#node;
    const nodes = this.nodes();
    const rows = new Map(nodes.map((node) => [node, 0]));
    for (const context of contexts.all.values()) {
      for (const { node } of context.rows.values()) {
        const owned = rows.get(node);
        if (owned !== undefined) rows.set(node, owned + 1);
      }
    }
    return {
      node: session.node,
      status: session.status.current,
      nodes,
      nodesCame: peers.came,
      nodesWent: peers.went,
      contexts: contexts.all.size,
      rows,
      unwritten: writer.outbox.size,
      lagMs: writer.lagMs,
      written: writer.written,
      writeFailures: writer.failures,
    };
  }

  /**
   * Has all entries of a context be in the server, for somebody who asks
   * without watching. Whoever asks again within the lease's time to live gets
   * an answer at once.
   *
   * @param context Which context.
   * @returns Whether they are; `false` if this can't be now, as the node is cut
   * off from its cluster.
   */
  follow(context: M["context"]): Promise<boolean> {
    return this.#node.follow(context);
  }

  /**
   * Lists the entries of a context. A context that this node does not follow is
   * read from the backbone, which takes no longer than two seconds.
   *
   * @param context Which context.
   * @param options On whose behalf, and what ends the wait.
   * @returns The entries, and the nodes whose entries may not be among them.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws The signal's reason, if it is aborted.
   */
  list(
    context: M["context"],
    options: QuestionOptions<M> = {},
  ): Promise<EntriesAnswer<M>> {
    return this.#node.survey.list(context, options);
  }

  /**
   * Finds the entries of a subject in all contexts, by a question to all other
   * nodes. Waits no longer than two seconds for their answers.
   *
   * @param subject Who.
   * @param options On whose behalf, and what ends the wait.
   * @returns The entries, and whether all nodes have answered.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws The signal's reason, if it is aborted.
   */
  locate(
    subject: M["subject"],
    options: QuestionOptions<M> = {},
  ): Promise<EntriesAnswer<M>> {
    return this.#node.survey.locate(subject, options);
  }

  /**
   * Counts the subjects of contexts; one that is at several nodes counts once.
   * Each context that this node does not follow is read from the backbone:
   * O(entries).
   *
   * @param contexts Which contexts.
   * @param options On whose behalf, and what ends the wait.
   * @returns How many each has, and the nodes whose entries may not be counted.
   * @throws {InvalidValueError} If a key is not well-formed.
   * @throws The signal's reason, if it is aborted.
   */
  count(
    contexts: readonly M["context"][],
    options: QuestionOptions<M> = {},
  ): Promise<CountAnswer<M>> {
    return this.#node.survey.count(contexts, options);
  }

  /**
   * Leaves. As a rule what the node owns is retracted at once. For a rolling
   * restart it may be kept: then others show it until the lease has run out,
   * so that whoever comes back to another node meanwhile has not been away.
   *
   * The server goes on, alone: it shows only what it has received itself.
   *
   * @param options Whether to keep what it owns.
   */
  leave({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    this.#left ??= this.#node.leave(keep);
    return this.#left;
  }

  /** Leaves; what the node owns is retracted. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.leave();
  }
}

/**
 * Lets a server be one with others: from now on what it receives is replicated,
 * and what others receive appears in it.
 *
 * @typeParam M The application's model.
 * @param server The server.
 * @param backbone What they are connected by.
 * @param options How it behaves.
 * @returns The node. It connects by itself, also if the backbone is away now.
 * @throws {InvalidValueError} If an option has a bad value.
 * @throws {TypeError} If the server is in a cluster already.
 * @throws {ServerClosedError} If the server has been disposed of.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { joinCluster, MemoryBackbone } from "@ruthere/presence/server/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * using server = new PresenceServer();
 * const cluster = joinCluster(server, new MemoryBackbone(), { node: "a" });
 * for await (const status of cluster.watchStatus()) {
 *   if (status === "connected") break;
 * }
 * assertEquals(cluster.nodes(), ["a"]);
 * await cluster.leave();
 * ```
 */
export function joinCluster<M extends PresenceModel = PresenceModel>(
  server: PresenceServer<M>,
  backbone: PresenceBackbone,
  options: ClusterOptions = {},
): Cluster<M> {
  return new Cluster(server, backbone, options);
}
