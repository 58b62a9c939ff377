/** One life of a node: a node that starts anew, or was given up, has another. */
export interface NodeLife {
  /** The name of the node. */
  readonly node: string;
  /** Names the life. */
  readonly epoch: string;
}

/** What a node says of itself, again and again: it lives, and this is new. */
export interface Lease extends NodeLife {
  /** Counts its renewals, so that a lost one is found. */
  readonly count: number;
  /** The memory of the backbone that knows all rows of the node; "" for none. */
  readonly announced: string;
  /**
   * The contexts that it has written lately, and the revision of its last
   * write, so that a lost change is found, the last one too.
   */
  readonly written: readonly (readonly [context: string, revision: number])[];
}

/** A lease as it is read. */
export interface KeptLease extends Lease {
  /** How many milliseconds ago it was renewed, by the backbone's clock. */
  readonly age: number;
}

/**
 * A row as it is shared: an entry, and whose it is. One of a life that is over
 * counts for nothing: it is yet to be purged, or was written too late.
 */
export interface Row extends NodeLife {
  /** Names the entry within its context. */
  readonly id: string;
  /** The entry as JSON; the backbone does not look into it. */
  readonly value: string;
  /**
   * How many milliseconds ago its owner, as far as it has said so, has last
   * heard of its publisher: no more than that, when it is told.
   */
  readonly age: number;
}

/** What a node wants to be written. */
export type RowWrite =
  | {
    /**
     * Puts a row, whoever's it was; refused if it is that of another life,
     * which has heard of its publisher later.
     */
    readonly type: "put";
    /** Where. */
    readonly context: string;
    /** Which. */
    readonly id: string;
    /** The entry as JSON. */
    readonly value: string;
    /** How many milliseconds ago the node has last heard of its publisher. */
    readonly age: number;
  }
  | {
    /** Removes a row if it is that of the life. */
    readonly type: "retract";
    /** Where. */
    readonly context: string;
    /** Which. */
    readonly id: string;
  }
  | {
    /**
     * Removes a row whoever's it is; refused if another life has heard of its
     * publisher later.
     */
    readonly type: "withdraw";
    /** Where. */
    readonly context: string;
    /** Which. */
    readonly id: string;
    /** How many milliseconds ago it was withdrawn. */
    readonly age: number;
  };

/** What has become of a write. */
export interface Written {
  /** Whether it was done; `false` if it was refused. */
  readonly isDone: boolean;
  /**
   * The revision of the change or, of one that was refused, of the last change
   * of its context: a write that is tried again may have been done before.
   */
  readonly revision: number;
}

/** A row was written: as all followers of its context are told. */
export interface RowChange {
  /** Where. */
  readonly context: string;
  /** The memory that the revision is of. */
  readonly memory: string;
  /** Grows with every change of its context; others may come between. */
  readonly revision: number;
  /**
   * The revision of the change before it in this context, by which a lost one
   * is found; left out by a backbone that loses none without saying so.
   */
  readonly previous?: number | undefined;
  /** The row, or which one is gone. */
  readonly change:
    | { readonly type: "put"; readonly row: Row }
    | { readonly type: "removed"; readonly id: string };
}

/**
 * All rows of a context: as it was at the time of the call, or later, so that
 * what is written by then is in it.
 */
export interface ContextRows {
  /** The memory that the revision is of. */
  readonly memory: string;
  /** Up to which change. */
  readonly revision: number;
  /** The rows. */
  readonly rows: readonly Row[];
}

/** What has become of a renewal. */
export interface Renewal {
  /** Whether the life goes on. */
  readonly isKept: boolean;
  /** The memory of the backbone: another one, once it has forgotten. */
  readonly memory: string;
  /**
   * Lives that are over, but whose rows are not all purged: whoever was to do
   * it has failed.
   */
  readonly unpurged: readonly NodeLife[];
}

/** What a connection tells. */
export interface BackboneListener {
  /** A row of a context that is followed was written. */
  onChange(change: RowChange): void;
  /** A node has renewed its lease. */
  onLease(lease: Lease): void;
  /** A life is over: its lease has ended. */
  onEnded(life: NodeLife): void;
  /** A node has sent a text. */
  onMessage(from: string, text: string): void;
  /** A node has told the followers of a context a text. */
  onTold(context: string, from: string, text: string): void;
  /**
   * The connection was interrupted, and is back with all that is followed. What
   * came meanwhile may be lost. Told before anything of what comes after it.
   */
  onInterrupted(): void;
}

/**
 * What a node does with a backbone. Each call may fail, and may then have been
 * done or not. Calls are done in the order they are made.
 */
export interface BackboneConnection {
  /**
   * Begins a life, and ends the former one of the node, if it has one.
   *
   * @returns The memory of the backbone: another one, once it has forgotten.
   */
  acquire(lease: Lease): Promise<string>;
  /** Renews a lease, unless the life is over, or is forgotten. */
  renew(lease: Lease): Promise<Renewal>;
  /** The leases that have not ended. */
  leases(): Promise<readonly KeptLease[]>;
  /** The lease of a node, if it has one that has not ended. */
  lease(node: string): Promise<KeptLease | undefined>;
  /**
   * Ends a life whose lease has not been renewed since a count; it can't be
   * renewed any more.
   *
   * @returns Whether it was this call that ended it.
   */
  end(life: NodeLife, count: number): Promise<boolean>;
  /**
   * Removes rows of a life that is over, some of them, and tells nobody: who
   * knows that it is over does not count them. A life that has its lease keeps
   * them, whoever has heard of its end: a replica may have brought it back that
   * has not, and it is told as little. To be looked at as late as can be.
   *
   * @returns Whether that was all.
   */
  purge(life: NodeLife): Promise<boolean>;
  /**
   * Removes the rows of a life that is over from a context, without a word; as
   * with a purge, none of one that has its lease.
   */
  sweep(context: string, life: NodeLife): Promise<void>;
  /**
   * Writes rows, those of a context in order.
   *
   * @returns What has become of each.
   */
  write(
    life: NodeLife,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]>;
  /** Begins to be told of a context's changes: of all that come after it is done. */
  follow(context: string): Promise<void>;
  /** Ends it. */
  unfollow(context: string): void;
  /** Reads a context. */
  read(context: string): Promise<ContextRows>;
  /** Sends a text to a node, or to all others. May be lost. */
  send(text: string, to?: string): void;
  /** Tells all other followers of a context a text. May be lost. */
  tell(context: string, text: string): void;
  /** Ends the connection; the lease is left as it is. */
  close(): Promise<void>;
}

/** What servers are replicated by. */
export interface PresenceBackbone {
  /**
   * Connects a node.
   *
   * @param node Its name.
   * @param listener What is told.
   */
  connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection>;
}
