import { steadyNow, type Timestamp } from "../../core/mod.ts";
import { ageOf } from "./age.ts";
import type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  PresenceBackbone,
  Renewal,
  Row,
  RowChange,
  RowWrite,
  Written,
} from "./backbone.ts";
import {
  type Follower,
  MemoryState,
  type StoredLease,
  type StoredRow,
} from "./memory_state.ts";

/** How many rows one step of a purge removes. */
const PURGE_STEP = 1_000;

/** Options of a {@linkcode MemoryBackbone}. */
export interface MemoryBackboneOptions {
  /**
   * Returns the backbone's own time in milliseconds. It may differ from the
   * clock of every node.
   *
   * @default {steadyNow}
   */
  readonly clock?: (() => Timestamp) | undefined;
}

/**
 * A backbone within one process: for servers that need no other one, for tests,
 * and as the measure of other backbones.
 *
 * @example Usage
 * ```ts
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { joinCluster, MemoryBackbone } from "@ruthere/presence/server/cluster";
 * import { assertEquals } from "@std/assert";
 *
 * const backbone = new MemoryBackbone();
 * using here = new PresenceServer();
 * using there = new PresenceServer();
 * await using a = joinCluster(here, backbone, { node: "a" });
 * await using b = joinCluster(there, backbone, { node: "b" });
 * assertEquals([a.node, b.node], ["a", "b"]);
 * ```
 */
export class MemoryBackbone implements PresenceBackbone {
  readonly #state: MemoryState;

  /** Makes a backbone without connections. */
  constructor({ clock = steadyNow }: MemoryBackboneOptions = {}) {
    this.#state = new MemoryState(clock);
  }

  /** Connects a node. */
  connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection> {
    const connection = new MemoryConnection(this.#state, node, listener);
    this.#state.connections.add(connection);
    return Promise.resolve(connection);
  }

  /** Forgets everything, as a restart without a disk does. */
  restart(): void {
    this.#state.forget();
  }

  /**
   * Saves what it has; returns a function that restores it, as when a replica
   * takes over that lacks the last writes. For tests.
   */
  private checkpoint(): () => void {
    return this.#state.checkpoint();
  }
}

/** The connection to a backbone in memory was closed. */
class BackboneClosedError extends Error {
  override readonly name = "BackboneClosedError";

  constructor(action: string) {
    super(`Cannot ${action}: the connection to the backbone is closed`);
  }
}

class MemoryConnection implements BackboneConnection, Follower {
  readonly listener: BackboneListener;
  readonly #state: MemoryState;
  readonly #node: string;
  #isClosed = false;

  constructor(state: MemoryState, node: string, listener: BackboneListener) {
    this.#state = state;
    this.#node = node;
    this.listener = listener;
  }

  async acquire(lease: Lease): Promise<string> {
    await this.#turn("acquire lease");
    const former = this.#state.leases.get(lease.node)?.lease;
    this.#state.keep(lease);
    if (former !== undefined && former.epoch !== lease.epoch) {
      this.#ended(former);
    }
    this.#notifyOthers((listener) => listener.onLease(lease));
    return this.#state.memory;
  }

  async renew(lease: Lease): Promise<Renewal> {
    await this.#turn("renew lease");
    const { memory } = this.#state;
    const unpurged = [...this.#state.unpurged.values()];
    const isKept = !this.#state.isOver(lease);
    if (isKept) {
      this.#state.keep(lease);
      this.#notifyOthers((listener) => listener.onLease(lease));
    }
    return { isKept, memory, unpurged };
  }

  async leases(node?: string): Promise<readonly KeptLease[]> {
    await this.#turn("read leases");
    return [...this.#state.leases.values()]
      .filter(({ lease }) => node === undefined || lease.node === node)
      .map((stored) => this.#kept(stored));
  }

  async end(life: NodeLife, count: number): Promise<boolean> {
    await this.#turn("end life");
    const stored = this.#state.leases.get(life.node);
    if (stored === undefined || this.#state.isOver(life)) return false;
    if (stored.lease.count !== count) return false;
    this.#state.leases.delete(life.node);
    this.#ended(life);
    return true;
  }

  async purge(life: NodeLife, context?: string): Promise<boolean> {
    await this.#turn("purge life");
    if (!this.#state.isOver(life)) return true;
    if (context !== undefined) {
      this.#sweep(context, life, Infinity);
      return true;
    }
    let left = PURGE_STEP;
    for (const name of [...this.#state.contexts.keys()]) {
      left -= this.#sweep(name, life, left);
      if (left === 0) return false;
    }
    this.#state.unpurged.delete(life.epoch);
    return true;
  }

  async write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    await this.#turn("write rows");
    const written = writes.map((write) => this.#write(life, write));
    for (const { context } of writes) this.#state.tidy(context);
    return written;
  }

  async follow(context: string): Promise<void> {
    await this.#turn("follow context");
    this.#state.context(context).followers.add(this);
  }

  unfollow(context: string): void {
    this.#state.contexts.get(context)?.followers.delete(this);
    this.#state.tidy(context);
  }

  async read(context: string): Promise<ContextRows> {
    await this.#turn("read context");
    const { memory, revision } = this.#state;
    const rows = this.#state.contexts.get(context)?.rows.values() ?? [];
    return {
      memory,
      revision,
      rows: Array.from(rows, (row) => this.#aged(row)),
    };
  }

  send(context: string, text: string): void {
    if (this.#isClosed) return;
    for (const follower of this.#state.contexts.get(context)?.followers ?? []) {
      if (follower === this) continue;
      follower.listener.onMessage(context, this.#node, text);
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    this.#state.connections.delete(this);
    for (const context of [...this.#state.contexts.keys()]) {
      this.unfollow(context);
    }
    return Promise.resolve();
  }

  /** Makes every call asynchronous. */
  async #turn(action: string): Promise<void> {
    await Promise.resolve();
    if (this.#isClosed) throw new BackboneClosedError(action);
  }

  #ended({ node, epoch }: NodeLife): void {
    const life = { node, epoch };
    this.#state.unpurged.set(epoch, life);
    this.#notifyOthers((listener) => listener.onEnded(life));
  }

  /** Removes rows of a life, up to a limit; returns how many. */
  #sweep(name: string, life: NodeLife, limit: number): number {
    const rows = this.#state.contexts.get(name)?.rows ?? new Map();
    let swept = 0;
    for (const { row } of rows.values()) {
      if (swept === limit) break;
      if (!isOf(life, row)) continue;
      rows.delete(row.id);
      swept++;
    }
    this.#state.tidy(name);
    return swept;
  }

  #write(life: NodeLife, write: RowWrite): Written {
    const stored = this.#state.context(write.context);
    const former = stored.rows.get(write.id);
    if (!isAllowed(life, write, former, this.#state.now())) {
      return { isDone: false, revision: stored.last };
    }
    let change: RowChange["change"];
    if (write.type === "put") {
      const { id, value, age } = write;
      const { node, epoch } = life;
      const row = { node, epoch, id, value };
      const put = { row, heardAt: this.#state.now() - age };
      stored.rows.set(id, put);
      change = { type: "put", row: this.#aged(put) };
    } else {
      stored.rows.delete(write.id);
      const age = write.type === "withdraw" ? write.age : undefined;
      change = { type: "removed", id: write.id, age };
    }
    const { context } = write;
    const { memory } = this.#state;
    const revision = ++this.#state.revision;
    const notice = { context, memory, revision, previous: stored.last, change };
    stored.last = revision;
    for (const { listener } of [...stored.followers]) listener.onChange(notice);
    return { isDone: true, revision };
  }

  #aged({ row, heardAt }: StoredRow): Row {
    return { ...row, age: ageOf(this.#state.now() - heardAt) };
  }

  #kept({ lease, renewedAt }: StoredLease): KeptLease {
    return { ...lease, age: Math.max(0, this.#state.now() - renewedAt) };
  }

  #notifyOthers(notify: (listener: BackboneListener) => void): void {
    for (const connection of [...this.#state.connections]) {
      if (connection !== this) notify(connection.listener);
    }
  }
}

/** Reports whether a write may replace a row, or write where there is none. */
function isAllowed(
  life: NodeLife,
  write: RowWrite,
  former: StoredRow | undefined,
  now: Timestamp,
): boolean {
  if (former === undefined) return write.type === "put";
  if (isOf(life, former.row)) return true;
  if (write.type === "retract") return false;
  return write.age <= ageOf(now - former.heardAt);
}

function isOf({ node, epoch }: NodeLife, row: NodeLife): boolean {
  return row.node === node && row.epoch === epoch;
}
