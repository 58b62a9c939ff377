import type { Timestamp } from "../../core/mod.ts";
import type { BackboneListener, Lease, NodeLife, Row } from "./backbone.ts";

/** A connection, which is notified of what others do. */
export interface Follower {
  /** Its listener. */
  readonly listener: BackboneListener;
}

/** A row as it is kept. */
export interface StoredRow {
  /** The row without its age. */
  readonly row: Omit<Row, "age">;
  /** When its owner last heard from the publisher, by the backbone's clock. */
  readonly heardAt: Timestamp;
}

/** A context as it is kept. */
export interface StoredContext {
  /** The revision of its last change. */
  last: number;
  /** The rows by their ids. */
  readonly rows: Map<string, StoredRow>;
  /** The connections that follow it. */
  readonly followers: Set<Follower>;
}

/** A lease as it is kept. */
export interface StoredLease {
  /** The lease as it was renewed. */
  readonly lease: Lease;
  /** When it was renewed, by the backbone's clock. */
  readonly renewedAt: Timestamp;
}

/** What all connections share. */
export class MemoryState {
  /** The backbone's clock. */
  readonly now: () => Timestamp;
  /** All connections. */
  readonly connections: Set<Follower> = new Set();
  /** The contexts by their names. */
  readonly contexts: Map<string, StoredContext> = new Map();
  /** The leases that have not ended, by their nodes. */
  leases: Map<string, StoredLease> = new Map();
  /** The lives that are over but not purged, by their epochs. */
  unpurged: Map<string, NodeLife> = new Map();
  /** The name of the memory, another one once everything is forgotten. */
  memory: string = crypto.randomUUID();
  /** The revision of the last change of all. */
  revision = 0;

  /** Makes a state without leases and rows. */
  constructor(now: () => Timestamp) {
    this.now = now;
  }

  /** Forgets everything. */
  forget(): void {
    this.#restore(new MemoryState(this.now));
  }

  /** Saves everything; returns a function that restores it. */
  checkpoint(): () => void {
    const copy = new MemoryState(this.now);
    copy.#restore(this);
    return () => this.#restore(copy);
  }

  /** Returns a context, perhaps a new one without rows. */
  context(name: string): StoredContext {
    let context = this.contexts.get(name);
    if (context === undefined) {
      // It may have been there before, and its last revision was forgotten.
      const last = this.revision;
      context = { last, rows: new Map(), followers: new Set() };
      this.contexts.set(name, context);
    }
    return context;
  }

  /** Forgets a context without rows and followers. */
  tidy(name: string): void {
    const context = this.contexts.get(name);
    if (context?.rows.size === 0 && context.followers.size === 0) {
      this.contexts.delete(name);
    }
  }

  /** Keeps a lease in place of the former one of its node. */
  keep(lease: Lease): void {
    this.leases.set(lease.node, { lease, renewedAt: this.now() });
  }

  /** Reports whether a life is over. */
  isOver({ node, epoch }: NodeLife): boolean {
    return this.leases.get(node)?.lease.epoch !== epoch;
  }

  /** Takes over what another state remembers; connections stay. */
  #restore(other: MemoryState): void {
    this.memory = other.memory;
    this.revision = other.revision;
    this.leases = new Map(other.leases);
    this.unpurged = new Map(other.unpurged);
    for (const context of this.contexts.values()) {
      context.last = 0;
      context.rows.clear();
    }
    for (const [name, { last, rows }] of other.contexts) {
      const context = this.context(name);
      context.last = last;
      for (const [id, row] of rows) context.rows.set(id, row);
    }
    for (const { listener } of [...this.connections]) listener.onInterrupted();
  }
}
