/** One life of a node. A node that starts anew, or was given up, has another. */
export interface NodeLife {
  /** The name of the node. */
  readonly node: string;
  /** Identifies the life among all lives of the node. */
  readonly epoch: string;
}

/** What a node repeats about itself: it is alive, and this is new. */
export interface Lease extends NodeLife {
  /** The number of this renewal, by which others detect a lost one. */
  readonly count: number;
  /** The memory of the backbone that has all rows of the node; "" for none. */
  readonly announced: string;
  /**
   * The contexts that the node has written lately, with the revision of its
   * last write, by which others detect a lost change, even the last one.
   */
  readonly written: readonly (readonly [context: string, revision: number])[];
}

/** A lease as it is read. */
export interface KeptLease extends Lease {
  /** Milliseconds since its renewal, by the backbone's clock. */
  readonly age: number;
}

/**
 * A row as it is shared: an entry and its owner. Readers ignore a row whose
 * owner's life is over: it has yet to be purged, or was written too late.
 */
export interface Row extends NodeLife {
  /** Identifies the entry within its context. */
  readonly id: string;
  /** The entry as JSON. The backbone does not read it. */
  readonly value: string;
  /**
   * Milliseconds since its owner last heard from the publisher, as far as the
   * owner has said. In a change it is a lower bound.
   */
  readonly age: number;
}

/** What a node asks to be written. */
export type RowWrite =
  | {
    /**
     * Puts a row and takes it over from any former owner. Refused if the row
     * belongs to another life that heard from the publisher later.
     */
    readonly type: "put";
    /** The context. */
    readonly context: string;
    /** Identifies the row. */
    readonly id: string;
    /** The entry as JSON. */
    readonly value: string;
    /** Milliseconds since the node last heard from the publisher. */
    readonly age: number;
  }
  | {
    /** Removes a row if the writing life owns it. */
    readonly type: "retract";
    /** The context. */
    readonly context: string;
    /** Identifies the row. */
    readonly id: string;
  }
  | {
    /**
     * Removes a row regardless of its owner. Refused if another life heard
     * from the publisher later.
     */
    readonly type: "withdraw";
    /** The context. */
    readonly context: string;
    /** Identifies the row. */
    readonly id: string;
    /** Milliseconds since the withdrawal. */
    readonly age: number;
  };

/** The result of a write. */
export interface Written {
  /** Whether it was done; `false` if it was refused. */
  readonly isDone: boolean;
  /**
   * The revision of the change. For a refused write, the revision of the last
   * change of its context: a retried write may have been done before.
   */
  readonly revision: number;
}

/** A change of a row, as all followers of its context receive it. */
export interface RowChange {
  /** The context. */
  readonly context: string;
  /** The memory that the revision belongs to. */
  readonly memory: string;
  /** Grows with every change of its context, not always by one. */
  readonly revision: number;
  /**
   * The revision of the change before it in this context, by which a follower
   * detects a lost one. A backbone that never loses a change silently leaves
   * it out.
   */
  readonly previous?: number | undefined;
  /** The row that was put, or the id of the one that was removed. */
  readonly change:
    | { readonly type: "put"; readonly row: Row }
    | {
      readonly type: "removed";
      readonly id: string;
      /**
       * Milliseconds from the withdrawal to the removal; `undefined` for a
       * retraction, which says nothing about the publisher. An owner that has
       * heard from the publisher since writes the row again.
       */
      readonly age: number | undefined;
    };
}

/**
 * All rows of a context, no older than the call: they include every write that
 * was acknowledged before it.
 */
export interface ContextRows {
  /** The memory that the revision belongs to. */
  readonly memory: string;
  /** The revision of the last change that the rows include. */
  readonly revision: number;
  /** The rows. */
  readonly rows: readonly Row[];
}

/** The result of a renewal. */
export interface Renewal {
  /** Whether the life continues. */
  readonly isKept: boolean;
  /** The name of the backbone's memory, which changes once it has forgotten. */
  readonly memory: string;
  /**
   * Lives that are over and have rows left, because the node that was to purge
   * them has failed.
   */
  readonly unpurged: readonly NodeLife[];
}

/** What a connection notifies a node of. */
export interface BackboneListener {
  /** A row of a followed context has changed. */
  onChange(change: RowChange): void;
  /** A node has renewed its lease. */
  onLease(lease: Lease): void;
  /** A life is over: its lease has ended. */
  onEnded(life: NodeLife): void;
  /** A node has sent a text to the followers of a context. */
  onMessage(context: string, from: string, text: string): void;
  /**
   * The connection was interrupted and is back, following all that it followed
   * before. Events in between may be lost. Called before any later event.
   */
  onInterrupted(): void;
}

/**
 * A node's connection to a backbone. Any call may fail, and a failed call may
 * have been done or not. Calls are done in the order they are made.
 */
export interface BackboneConnection {
  /**
   * Begins a life and ends the former life of the node, if there is one.
   *
   * @returns The name of the memory, which changes once the backbone has
   * forgotten everything.
   */
  acquire(lease: Lease): Promise<string>;
  /** Renews a lease, unless the life is over or forgotten. */
  renew(lease: Lease): Promise<Renewal>;
  /**
   * Reads the leases that have not ended.
   *
   * @param node Reads the lease of this node alone.
   */
  leases(node?: string): Promise<readonly KeptLease[]>;
  /**
   * Ends a life, unless its lease was renewed since a count. The life can't be
   * renewed any more.
   *
   * @returns Whether this call ended it.
   */
  end(life: NodeLife, count: number): Promise<boolean>;
  /**
   * Removes rows of a life that is over, a limited number at a time, and
   * notifies nobody: nodes that know of the end ignore them. Leaves the rows of
   * a life that has its lease: a replica that missed the end may have brought
   * it back. The implementation checks that as late as it can.
   *
   * @param context Removes the rows of this context alone, all of them.
   * @returns Whether there are no rows left to remove.
   */
  purge(life: NodeLife, context?: string): Promise<boolean>;
  /**
   * Writes rows, those of one context in order.
   *
   * @returns The result of each write.
   */
  write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]>;
  /**
   * Follows a context. Once this resolves, the listener receives every change
   * and every text.
   */
  follow(context: string): Promise<void>;
  /** Stops following a context. */
  unfollow(context: string): void;
  /** Reads a context. */
  read(context: string): Promise<ContextRows>;
  /** Sends a text to all other followers of a context. It may be lost. */
  send(context: string, text: string): void;
  /** Closes the connection and leaves the lease as it is. */
  close(): Promise<void>;
}

/** Replicates servers. */
export interface PresenceBackbone {
  /**
   * Connects a node.
   *
   * @param node The name of the node.
   * @param listener Notified of what others do.
   */
  connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection>;
}
