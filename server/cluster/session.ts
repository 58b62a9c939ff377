import type { Duration, Timestamp } from "../../core/mod.ts";
import type { BackboneConnection, NodeLife } from "./backbone.ts";
import { OwnLease } from "./own_lease.ts";
import { Board } from "./board.ts";
import type { ClusterStatus } from "./status.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What a node has of its backbone now; its parts share it. */
export class Session {
  /** Its status. */
  readonly status: Board<ClusterStatus> = new Board<ClusterStatus>(
    "connecting",
    (status) => status === "left",
  );
  /** What it says of itself. */
  readonly lease: OwnLease;
  /** The present, by its own clock. */
  readonly now: () => Timestamp;
  /** Its connection, once there is one. */
  connection: BackboneConnection | undefined;
  /** The memory of the backbone that its lease is in; "" while it has none. */
  memory = "";
  readonly #name: string;
  #connected: Stopwatch | undefined;
  #lost: Stopwatch | undefined;

  /** Makes one of a server that is not connected. */
  constructor(node: string, server: object, now: () => Timestamp) {
    this.lease = new OwnLease(node, server);
    this.#name = node;
    this.now = now;
  }

  /** Its present life. */
  get life(): NodeLife {
    return this.lease.life;
  }

  /** Its name. */
  get node(): string {
    return this.lease.life.node;
  }

  /** Whether it is one with the others. */
  get isConnected(): boolean {
    return this.status.current === "connected";
  }

  /** Whether it has left for good. */
  get hasLeft(): boolean {
    return this.status.current === "left";
  }

  /** For how long its lease could be renewed without a failure. */
  get connectedFor(): Duration {
    return this.#connected?.elapsed ?? 0;
  }

  /** For how long it has been cut off. */
  get lostFor(): Duration {
    return this.#lost?.elapsed ?? 0;
  }

  /** Goes on by a name that nobody else has, and without a connection. */
  rename(): void {
    const suffix = crypto.randomUUID().slice(0, 8);
    this.lease.beginLife(`${this.#name}~${suffix}`);
    this.memory = "";
    this.connection = undefined;
  }

  /** Its lease has been renewed. */
  connected(): void {
    if (this.isConnected) return;
    this.#connected = new Stopwatch(this.now);
    this.#lost = undefined;
    this.status.set("connected");
  }

  /** Its lease could not be renewed. */
  lost(): void {
    if (!this.isConnected) return;
    this.#connected = undefined;
    this.#lost = new Stopwatch(this.now);
    this.status.set("isolated");
  }
}
