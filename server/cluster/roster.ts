import type { Duration } from "../../core/mod.ts";
import type { KeptLease, Lease, NodeLife } from "./backbone.ts";
import { Board } from "./board.ts";
import { isLife, isNaming } from "./readable.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** The state of another node. */
interface Peer {
  readonly lease: Lease;
  /** Runs since its last renewal was heard. */
  heard: Stopwatch;
  /**
   * Whether its lease exists, but nothing shows that the node lives. The lease
   * counts for nothing until it is renewed, and may end like others.
   */
  readonly isDormant: boolean;
  /** Whether its lease looked young although it was not renewed. */
  wasSpared: boolean;
  /** Whether it has announced that it answers no more. */
  isSilent: boolean;
}

/** How many ended lives to remember. */
const MAX_ENDED = 1_000;

/** What a lease shows. */
export type News =
  /** Nothing new. */
  | "none"
  /** A renewal that follows the one before. */
  | "renewed"
  /** Renewals were missed, so anything may have changed. */
  | "missed";

/** The other nodes and which of their lives are current. */
export class Roster {
  /** The names of the living nodes in order; none after this one has left. */
  readonly nodes: Board<readonly string[]>;
  /** How many other nodes have joined. */
  joined = 0;
  /** How many other nodes have left or were given up. */
  left = 0;
  /** How many lives have ended. An answer to an earlier call may be stale. */
  ends = 0;
  readonly #session: Session;
  readonly #leaseTtlMs: Duration;
  readonly #peers = new Map<string, Peer>();
  /** Ended lives, and how many had ended by then. */
  readonly #ended = new Map<string, number>();

  /** Makes a roster without other nodes. */
  constructor(session: Session, leaseTtlMs: Duration) {
    this.#session = session;
    this.#leaseTtlMs = leaseTtlMs;
    this.nodes = new Board<readonly string[]>(
      [session.node],
      (nodes) => nodes.length === 0,
    );
  }

  /** Returns the names of the other living nodes in order. */
  names(): string[] {
    return [...this.#peers.keys()].filter((node) => this.has(node)).sort();
  }

  /** Reports whether another node lives. */
  has(node: string): boolean {
    return this.#peers.get(node)?.isDormant === false;
  }

  /** Reports whether a life, also this node's own one, is current. */
  lives({ node, epoch }: NodeLife): boolean {
    if (node === this.#session.node) return this.#session.life.epoch === epoch;
    return this.has(node) && this.#peers.get(node)?.lease.epoch === epoch;
  }

  /** Returns the latest lease of another node. */
  leaseOf(node: string): Lease | undefined {
    return this.#peers.get(node)?.lease;
  }

  /** Remembers that a life answers no more; its entries stay. */
  silence({ node, epoch }: NodeLife): void {
    const peer = this.#peers.get(node);
    if (peer?.lease.epoch === epoch) peer.isSilent = true;
  }

  /** Reports whether a node answers no more. */
  isSilent(node: string): boolean {
    return this.#peers.get(node)?.isSilent === true;
  }

  /**
   * Applies a lease that is, or was a moment ago, the current one of its node.
   *
   * @param asked How many lives had ended when the call was made.
   */
  take(said: Lease | KeptLease, asked: number): News {
    const lease = readableLease(said);
    if (lease === undefined || lease.node === this.#session.node) return "none";
    const known = this.#peers.get(lease.node);
    const isSame = known?.lease.epoch === lease.epoch;
    const count = isSame ? known.lease.count : 0;
    if (lease.count <= count) return "none";
    const ended = isSame ? undefined : this.#ended.get(lease.epoch);
    // The answer is older than the end, or than the present life.
    if (known !== undefined && ended !== undefined && ended > asked) {
      return "none";
    }
    const isOld = "age" in said && said.age >= this.#leaseTtlMs;
    // A former life of this server, by whatever name, does not continue, and its
    // rows are not another node's. An ended life does not continue either, unless
    // it renews: a replica has brought its lease back.
    const isDormant = this.#session.lease.isOwn(lease) ||
      ended !== undefined || known === undefined && isOld;
    this.#peers.set(lease.node, {
      lease,
      heard: new Stopwatch(this.#session.now),
      isDormant,
      wasSpared: false,
      isSilent: isSame && known.isSilent,
    });
    const wasThere = known?.isDormant === false;
    if (wasThere && isDormant) this.left++;
    if (!wasThere && !isDormant) this.joined++;
    if (wasThere === isDormant) this.tell();
    if (isDormant) return "none";
    // The first renewal of a life names no context.
    const follows = isSame
      ? wasThere && lease.count === count + 1
      : known === undefined && lease.count <= 2;
    return follows ? "renewed" : "missed";
  }

  /** Removes an ended life. */
  end({ node, epoch }: NodeLife): void {
    this.#ended.delete(epoch);
    this.#ended.set(epoch, ++this.ends);
    const [oldest = ""] = this.#ended.keys();
    if (this.#ended.size > MAX_ENDED) this.#ended.delete(oldest);
    const peer = this.#peers.get(node);
    if (peer?.lease.epoch !== epoch) return;
    this.#peers.delete(node);
    if (peer.isDormant) return;
    this.left++;
    this.tell();
  }

  /** Returns how long each node was silent while it could be heard. */
  silences(): [node: string, Duration][] {
    const { connectedFor } = this.#session;
    return Array.from(
      this.#peers,
      ([node, { heard }]) => [node, Math.min(heard.elapsed, connectedFor)],
    );
  }

  /**
   * Spares a node once whose lease is young by the backbone's clock.
   *
   * @returns `false` if it was spared before: then a clock was set back.
   */
  spare(node: string, age: Duration): boolean {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.wasSpared) return false;
    peer.wasSpared = true;
    peer.heard = new Stopwatch(this.#session.now, Math.max(0, age));
    return true;
  }

  /** Notifies the watchers of the living nodes. */
  tell(): void {
    if (this.#session.hasLeft) return;
    this.nodes.set([this.#session.node, ...this.names()].sort());
  }

  /** Forgets all nodes: this one has left. */
  clear(): void {
    this.#peers.clear();
    this.nodes.set([]);
  }
}

/**
 * Returns a lease without unreadable parts, which count as missed; `undefined`
 * if it is no lease.
 */
function readableLease(lease: Lease | KeptLease): Lease | undefined {
  const { node, epoch, count, announced, written } = lease;
  if (!isLife(lease) || !Number.isSafeInteger(count)) return undefined;
  return {
    node,
    epoch,
    count,
    announced: typeof announced === "string" ? announced : "",
    written: Array.isArray(written) ? written.filter(isNaming) : [],
  };
}
