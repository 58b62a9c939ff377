import type { Timestamp } from "../../core/mod.ts";
import type { BackboneListener, Lease, NodeLife, Row } from "./backbone.ts";

/** A node, as whoever has something to tell it sees it. */
export interface Follower {
  /** Told of what happens. */
  readonly listener: BackboneListener;
}

/** A row as it is kept. */
export interface StoredRow {
  /** The row, but for what changes by itself. */
  readonly row: Omit<Row, "age">;
  /** When its owner has last heard of its publisher, by the backbone's clock. */
  readonly heardAt: Timestamp;
}

/** A context as it is kept. */
export interface StoredContext {
  /** The revision of its last change. */
  last: number;
  /** By their ids. */
  readonly rows: Map<string, StoredRow>;
  /** Who is told of its changes. */
  readonly followers: Set<Follower>;
}

/** A lease as it is kept. */
export interface StoredLease {
  /** As it was renewed. */
  readonly lease: Lease;
  /** When it was renewed, by the backbone's clock. */
  readonly renewedAt: Timestamp;
}

/** What all nodes share. */
export class MemoryState {
  /** The backbone's clock. */
  readonly now: () => Timestamp;
  /** Who is connected. */
  readonly connections: Set<Follower> = new Set();
  /** By their names. */
  readonly contexts: Map<string, StoredContext> = new Map();
  /** Those that have not ended, by their nodes. */
  readonly leases: Map<string, StoredLease> = new Map();
  /** Lives that are over but not purged, by their epochs. */
  readonly unpurged: Map<string, NodeLife> = new Map();
  /** Named anew whenever everything is forgotten. */
  memory: string = crypto.randomUUID();
  /** The revision of the last change of all. */
  revision = 0;

  /** Makes one that knows nothing yet. */
  constructor(now: () => Timestamp) {
    this.now = now;
  }

  /** Forgets everything. */
  forget(): void {
    this.memory = crypto.randomUUID();
    this.revision = 0;
    this.leases.clear();
    this.unpurged.clear();
    for (const context of this.contexts.values()) {
      context.last = 0;
      context.rows.clear();
    }
    this.#interrupt();
  }

  /** Remembers what there is; gives what goes back to it. */
  checkpoint(): () => void {
    const { revision } = this;
    const leases = [...this.leases];
    const unpurged = [...this.unpurged];
    const contexts = Array.from(
      this.contexts,
      ([name, { last, rows }]) => [name, { last, rows: [...rows] }] as const,
    );
    return () => {
      this.revision = revision;
      refill(this.leases, leases);
      refill(this.unpurged, unpurged);
      for (const context of this.contexts.values()) {
        context.last = 0;
        context.rows.clear();
      }
      for (const [name, { last, rows }] of contexts) {
        const context = this.context(name);
        context.last = last;
        refill(context.rows, rows);
      }
      this.#interrupt();
    };
  }

  /** A context, perhaps one without rows. */
  context(name: string): StoredContext {
    let context = this.contexts.get(name);
    if (context === undefined) {
      // Perhaps it has been there before, and was forgotten.
      const last = this.revision;
      context = { last, rows: new Map(), followers: new Set() };
      this.contexts.set(name, context);
    }
    return context;
  }

  /** Forgets a context that nobody needs. */
  tidy(name: string): void {
    const context = this.contexts.get(name);
    if (context?.rows.size === 0 && context.followers.size === 0) {
      this.contexts.delete(name);
    }
  }

  /** Keeps a lease; the former one of its node is no more. */
  keep(lease: Lease): void {
    this.leases.set(lease.node, { lease, renewedAt: this.now() });
  }

  /** Whether a life is over. */
  isOver({ node, epoch }: NodeLife): boolean {
    return this.leases.get(node)?.lease.epoch !== epoch;
  }

  #interrupt(): void {
    for (const { listener } of [...this.connections]) listener.onInterrupted();
  }
}

function refill<K, V>(
  map: Map<K, V>,
  entries: readonly (readonly [K, V])[],
): void {
  map.clear();
  for (const [key, value] of entries) map.set(key, value);
}
