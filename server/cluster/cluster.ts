import { assertMethods } from "../../core/assert.ts";
import type { PresenceModel } from "../../core/mod.ts";
import { assertServer } from "../internal.ts";
import type {
  PresenceServer,
  SubjectCounts,
  Watch,
  Whereabouts,
} from "../mod.ts";
import type { PresenceBackbone } from "./backbone.ts";
import { ClusterNode } from "./cluster_node.ts";
import { type ClusterOptions, settingsOf } from "./cluster_options.ts";
import type { ClusterStats, ClusterStatus } from "./cluster_stats.ts";
import type { QuestionOptions } from "./survey.ts";

/**
 * A node of a cluster. It shares the entries that its server has received, and
 * puts those of other nodes into its server. Leave the cluster when the server
 * ends.
 *
 * @typeParam M The application's model.
 */
export class Cluster<M extends PresenceModel = PresenceModel>
  implements AsyncDisposable {
  readonly #node: ClusterNode<M>;
  #left: Promise<void> | undefined;
  /** Leaves the cluster and retracts the own entries. */
  declare readonly [Symbol.asyncDispose]: () => Promise<void>;

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
    this[Symbol.asyncDispose] = this.leave;
    this.#node = new ClusterNode(
      server,
      backbone,
      settingsOf(options),
      () => this.leave(),
    );
  }

  /** The name of the node. It changes if another process takes the name. */
  get node(): string {
    return this.#node.session.node;
  }

  /** Whether the node is connected to its cluster. */
  get status(): ClusterStatus {
    return this.#node.session.status.current;
  }

  /**
   * Whether a load balancer should use the node. True after the first connection
   * unless the node has been cut off for longer than `holdMs` or has left.
   */
  get isReady(): boolean {
    return this.#node.isReady;
  }

  /**
   * Watches the status: yields the present one, then the latest after each
   * change. The watch ends without an error when it is aborted, and after
   * `left`.
   *
   * @param options The signal that ends it.
   * @returns The statuses.
   */
  watchStatus(
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Watch<ClusterStatus> {
    return this.#node.session.status.watch(signal);
  }

  /**
   * Returns the names of the living nodes, including this one; none after it has
   * left.
   */
  nodes(): string[] {
    return [...this.#node.roster.nodes.current];
  }

  /**
   * Watches which nodes live: yields their names, then the latest after each
   * change. The watch ends without an error when it is aborted. After this node
   * has left it yields no name, and ends.
   *
   * @param options The signal that ends it.
   * @returns The names in order, including this one.
   */
  watchNodes(
    { signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): Watch<readonly string[]> {
    return this.#node.roster.nodes.watch(signal);
  }

  /**
   * The state of the node and its event counts, for metrics. O(rows of followed
   * contexts).
   */
  get stats(): ClusterStats {
    const { session, roster, outbox, writer, contexts } = this.#node;
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
      nodesCame: roster.joined,
      nodesWent: roster.left,
      contexts: contexts.all.size,
      rows,
      unwritten: outbox.size,
      lagMs: writer.lagMs,
      written: writer.written,
      writeFailures: writer.failures,
    };
  }

  /**
   * Loads all entries of a context into the server and keeps them current for
   * as long as a lease lives: another call within that time returns at once.
   *
   * @param context The context.
   * @returns Whether they are loaded; `false` if that is impossible now because
   * the node is cut off from its cluster.
   */
  follow(context: M["context"]): Promise<boolean> {
    return this.#node.follow(context);
  }

  /**
   * Lists the entries of a context. If this node does not follow it, reads it
   * from the backbone, which takes at most two seconds.
   *
   * @param context The context.
   * @param options The viewer, and a signal that ends the wait.
   * @returns The entries, and the nodes whose entries may not be among them.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws The signal's reason, if it is aborted.
   */
  list(
    context: M["context"],
    options: QuestionOptions<M> = {},
  ): Promise<Whereabouts<M>> {
    return this.#node.survey.list(context, options);
  }

  /**
   * Finds the entries of a subject in all contexts. Asks all other nodes, and
   * waits at most two seconds for their answers.
   *
   * @param subject The subject.
   * @param options The viewer, and a signal that ends the wait.
   * @returns The entries, and whether all nodes have answered.
   * @throws {InvalidValueError} If the key is not well-formed.
   * @throws The signal's reason, if it is aborted.
   */
  locate(
    subject: M["subject"],
    options: QuestionOptions<M> = {},
  ): Promise<Whereabouts<M>> {
    return this.#node.survey.locate(subject, options);
  }

  /**
   * Counts the subjects of contexts. A subject at several nodes counts once.
   * Reads each context that this node does not follow from the backbone:
   * O(entries).
   *
   * @param contexts The contexts.
   * @param options The viewer, and a signal that ends the wait.
   * @returns The number for each context, and the nodes whose entries may not be
   * counted.
   * @throws {InvalidValueError} If a key is not well-formed.
   * @throws The signal's reason, if it is aborted.
   */
  count(
    contexts: readonly M["context"][],
    options: QuestionOptions<M> = {},
  ): Promise<SubjectCounts<M>> {
    return this.#node.survey.count(contexts, options);
  }

  /**
   * Leaves the cluster and retracts the own entries at once. A rolling restart
   * may keep them: then others show them until the lease has run out, so a
   * subject that reaches another node meanwhile is never shown to leave.
   *
   * The server continues alone and shows only its own entries.
   *
   * @param options Whether to keep the own entries.
   */
  leave({ keep = false }: { readonly keep?: boolean } = {}): Promise<void> {
    this.#left ??= this.#node.leave(keep);
    return this.#left;
  }

  /** For tests that check invariants. */
  private get parts(): ClusterNode<M> {
    return this.#node;
  }
}

/**
 * Connects a server with others: it shares the entries that it receives, and
 * shows those of others.
 *
 * @typeParam M The application's model.
 * @param server The server.
 * @param backbone The backbone that connects them.
 * @param options The options of the node.
 * @returns The node. It connects as soon as the backbone is available.
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
