import type { Duration, Timestamp } from "../../core/mod.ts";
import type { BackboneConnection, NodeLife } from "./backbone.ts";
import { OwnLease } from "./own_lease.ts";
import { Board } from "./board.ts";
import type { ClusterStatus } from "./cluster_stats.ts";
import { Stopwatch } from "./stopwatch.ts";

/** The state of a node towards its backbone, which the node's parts share. */
export class Session {
  /** Its status. */
  readonly status: Board<ClusterStatus> = new Board<ClusterStatus>(
    "connecting",
    (status) => status === "left",
  );
  /** Its own lease. */
  readonly lease: OwnLease;
  /** Returns the current time by its own clock. */
  readonly now: () => Timestamp;
  /** Its connection, if there is one. */
  connection: BackboneConnection | undefined;
  /** The memory of the backbone that has its lease; "" while none has. */
  memory = "";
  readonly #name: string;
  /** Runs since the status has changed. */
  #since: Stopwatch;

  /** Makes the state of a node that is not connected. */
  constructor(node: string, server: object, now: () => Timestamp) {
    this.lease = new OwnLease(node, server);
    this.#name = node;
    this.now = now;
    this.#since = new Stopwatch(now);
  }

  /** Its present life. */
  get life(): NodeLife {
    return this.lease.life;
  }

  /** Its name. */
  get node(): string {
    return this.lease.life.node;
  }

  /** Whether it is connected to its cluster. */
  get isConnected(): boolean {
    return this.status.current === "connected";
  }

  /** Whether it has left for good. */
  get hasLeft(): boolean {
    return this.status.current === "left";
  }

  /** How long it has renewed its lease without a failure. */
  get connectedFor(): Duration {
    return this.isConnected ? this.#since.elapsed : 0;
  }

  /** How long it has been cut off. */
  get lostFor(): Duration {
    return this.status.current === "isolated" ? this.#since.elapsed : 0;
  }

  /** Takes a name that no other node has, and drops its connection. */
  rename(): void {
    const suffix = crypto.randomUUID().slice(0, 8);
    this.lease.beginLife(`${this.#name}~${suffix}`);
    this.memory = "";
    this.connection = undefined;
  }

  /** Handles a renewal of its lease. */
  connected(): void {
    if (!this.isConnected) this.#become("connected");
  }

  /** Handles a failed renewal. */
  lost(): void {
    if (this.isConnected) this.#become("isolated");
  }

  #become(status: ClusterStatus): void {
    this.#since = new Stopwatch(this.now);
    this.status.set(status);
  }
}
