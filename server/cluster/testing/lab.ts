import type { PresenceModel, PresenceUpdate } from "../../../core/mod.ts";
import { PresenceServer, type PresenceServerOptions } from "../../mod.ts";
import { Mirror, update } from "../../testing/harness.ts";
import type { BackboneConnection } from "../backbone.ts";
import { type Cluster, joinCluster } from "../cluster.ts";
import type { ClusterOptions } from "../cluster_options.ts";
import type { FollowedContext } from "../followed_contexts.ts";
import { contextName, nodeContext, NODES } from "../row_codec.ts";
import { Random } from "./random.ts";
import { SimulatedNetwork } from "./simulated_network.ts";
import { SimulatedProcess, SimulatedProcesses } from "./simulated_processes.ts";

/** The times of the nodes of a lab, in milliseconds. */
export const TIMES = { leaseTtlMs: 300, holdMs: 2_000 } as const;

/** Long enough for a change to reach all nodes, and for a lost one to be found. */
export const SOON = 200;

/** A node of a lab. */
export class LabNode {
  readonly process: SimulatedProcess;
  readonly errors: unknown[] = [];
  readonly server: PresenceServer;
  readonly cluster: Cluster;
  readonly #lab: Lab;

  /** Made by the lab. */
  constructor(
    lab: Lab,
    process: SimulatedProcess,
    server: PresenceServer,
    options: ClusterOptions,
  ) {
    this.#lab = lab;
    this.process = process;
    this.server = server;
    this.cluster = this.join(options);
  }

  /** Joins, or joins again after the node has left. */
  join(options: ClusterOptions): Cluster {
    return joinCluster(
      this.server,
      this.#lab.network.for(this.process),
      { ...TIMES, onError: (error) => this.errors.push(error), ...options },
    );
  }

  /** Returns the subjects of a context that this node shows. */
  shows(context = "doc-1"): unknown[] {
    return this.server.store.snapshots({ context })
      .map(({ subject }) => subject).sort();
  }

  /** Receives an update. */
  receive(fields: Partial<PresenceUpdate> = {}): Promise<void> {
    return this.run(() => {
      const observedAt = this.server.now;
      this.server.receive(update({ observedAt, ...fields }));
    });
  }

  /** Reports whether it follows a context. */
  follows(context: string): boolean {
    return this.#followed.has(contextName(context));
  }

  /** How many contexts it follows. */
  get followed(): number {
    return this.#followed.size;
  }

  /** Counts own writes to a context whose changes have not arrived. */
  unheard(context: string): number | undefined {
    return this.#followed.get(contextName(context))?.unheard;
  }

  get #followed(): ReadonlyMap<string, FollowedContext<PresenceModel>> {
    return this.cluster["parts"].contexts.all;
  }

  /** How many writes wait. */
  get waiting(): number {
    return this.cluster["parts"].outbox.size;
  }

  /** Watches a context. */
  async watch(context = "doc-1"): Promise<Mirror> {
    const mirror = new Mirror(this.server.watch({ context }));
    await mirror.read();
    return mirror;
  }

  /** Runs an action at this node. */
  run(action: () => unknown): Promise<void> {
    return this.#lab.processes.run(this.process, action);
  }
}

/** A client of the backbone that is no node and does what a test says. */
export interface Stranger {
  readonly connection: BackboneConnection;
  /** Called with each text that a node sends it. */
  onMessage: (from: string, text: string) => void;
}

/** Nodes on a network that a test controls, in fake time. */
export class Lab implements Disposable {
  readonly processes: SimulatedProcesses = new SimulatedProcesses();
  readonly network: SimulatedNetwork = new SimulatedNetwork(
    this.processes,
    new Random(1),
  );
  readonly #nodes = new Set<LabNode>();

  /** Starts a node. */
  async start(
    node: string,
    server: PresenceServerOptions = {},
    options: ClusterOptions = {},
  ): Promise<LabNode> {
    const started: LabNode[] = [];
    const process = new SimulatedProcess();
    await this.processes.run(process, () => {
      started.push(
        new LabNode(
          this,
          process,
          new PresenceServer({ graceMs: 1_000, ...server }),
          { node, ...options },
        ),
      );
    });
    const [one] = started;
    if (one === undefined) throw new Error("The node has not started");
    this.#nodes.add(one);
    return one;
  }

  /** Connects a client that is no node. */
  async connect(name: string): Promise<Stranger> {
    const stranger = { onMessage: (_from: string, _text: string) => {} };
    const connection = await this.network.backbone.connect(name, {
      onChange() {},
      onLease() {},
      onEnded() {},
      onMessage: (_context, from, text) => stranger.onMessage(from, text),
      onInterrupted() {},
    });
    await connection.follow(NODES);
    await connection.follow(nodeContext(name));
    return Object.assign(stranger, { connection });
  }

  /** Advances the time. */
  pass(duration: number = SOON): Promise<void> {
    return this.processes.pass(duration);
  }

  /** Ends a process without a goodbye. */
  kill(node: LabNode): void {
    this.processes.crash(node.process);
    this.network.forget(node.process);
    this.#nodes.delete(node);
  }

  /** Ends everything. */
  [Symbol.dispose](): void {
    for (const node of this.#nodes) {
      this.kill(node);
      node.server[Symbol.dispose]();
    }
    this.processes[Symbol.dispose]();
  }
}
