import type { Duration } from "../../core/mod.ts";
import type { KeptLease, Lease, NodeLife } from "./backbone.ts";
import { Board } from "./board.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What is known of another node. */
interface Peer {
  readonly lease: Lease;
  /** Runs since it was last heard from. */
  heard: Stopwatch;
  /**
   * Whether its lease exists, but nothing shows that the node lives. It counts
   * for nothing until it renews the lease, and may be given up like others.
   */
  readonly isDormant: boolean;
  /** Whether its lease looked young though it was not renewed. */
  wasSpared: boolean;
  /** Whether it has said that it answers nothing any more. */
  isSilent: boolean;
}

/** How many ended lives are remembered. */
const MAX_ENDED = 1_000;

/** What a lease has shown. */
export type News =
  /** Nothing new. */
  | "none"
  /** A renewal that follows the one before. */
  | "renewed"
  /** So much was missed that anything may have changed. */
  | "missed";

/** The other nodes, and which lives go on: what a node knows of them. */
export class Roster {
  /** The names of the nodes that live, in order; none after this one left. */
  readonly nodes: Board<readonly string[]>;
  /** How many other nodes have joined. */
  joined = 0;
  /** How many of them have left. */
  left = 0;
  /** How many lives have ended. What was asked before may be old. */
  ends = 0;
  readonly #session: Session;
  readonly #leaseTtlMs: Duration;
  readonly #peers = new Map<string, Peer>();
  /** Lives that have ended, and how many had ended by then. */
  readonly #ended = new Map<string, number>();

  /** Makes one without other nodes. */
  constructor(session: Session, leaseTtlMs: Duration) {
    this.#session = session;
    this.#leaseTtlMs = leaseTtlMs;
    this.nodes = new Board<readonly string[]>(
      [session.node],
      (nodes) => nodes.length === 0,
    );
  }

  /** The names of the other nodes that live, in order. */
  names(): string[] {
    return [...this.#peers.keys()].filter((node) => this.has(node)).sort();
  }

  /** Whether another node lives. */
  has(node: string): boolean {
    return this.#peers.get(node)?.isDormant === false;
  }

  /** Whether a life goes on; this node's own one, too. */
  lives({ node, epoch }: NodeLife): boolean {
    if (node === this.#session.node) return this.#session.life.epoch === epoch;
    return this.has(node) && this.#peers.get(node)?.lease.epoch === epoch;
  }

  /** The latest lease of another node. */
  leaseOf(node: string): Lease | undefined {
    return this.#peers.get(node)?.lease;
  }

  /** Remembers that a life answers nothing any more; its entries stay. */
  silence({ node, epoch }: NodeLife): void {
    const peer = this.#peers.get(node);
    if (peer?.lease.epoch === epoch) peer.isSilent = true;
  }

  /** Whether a node has said so. */
  isSilent(node: string): boolean {
    return this.#peers.get(node)?.isSilent === true;
  }

  /**
   * Takes a lease that is, or was a moment ago, the one of its node.
   *
   * @param asked How many lives had ended when it was asked for.
   */
  take(said: Lease | KeptLease, asked: number): News {
    const lease = readableLease(said);
    if (lease === undefined || lease.node === this.#session.node) return "none";
    const known = this.#peers.get(lease.node);
    const isSame = known?.lease.epoch === lease.epoch;
    const count = isSame ? known.lease.count : 0;
    if (lease.count <= count) return "none";
    const ended = isSame ? undefined : this.#ended.get(lease.epoch);
    // The answer is older than the end, or than the life that is known since.
    if (known !== undefined && ended !== undefined && ended > asked) {
      return "none";
    }
    const isOld = "age" in said && said.age >= this.#leaseTtlMs;
    // A former life of this server does not go on, whatever its name was, and
    // its rows are not another node's. Nor does one that has ended, unless it
    // renews: a replica has brought its lease back.
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

  /** Removes a life that is over. */
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

  /** For how long each node was silent that could have been heard. */
  silences(): [node: string, Duration][] {
    const { connectedFor } = this.#session;
    return Array.from(
      this.#peers,
      ([node, { heard }]) => [node, Math.min(heard.elapsed, connectedFor)],
    );
  }

  /**
   * Spares a node whose lease is young by the backbone's clock, once.
   *
   * @returns Whether it was not spared before: a clock was set back then.
   */
  spare(node: string, age: Duration): boolean {
    const peer = this.#peers.get(node);
    if (peer === undefined || peer.wasSpared) return false;
    peer.wasSpared = true;
    peer.heard = new Stopwatch(this.#session.now, Math.max(0, age));
    return true;
  }

  /** Tells who lives. */
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
 * A lease without what can't be read of it, which counts as missed; `undefined`
 * if it is none.
 */
function readableLease(lease: Lease | KeptLease): Lease | undefined {
  const { node, epoch, count, announced, written } = lease;
  const isNamed = typeof node === "string" && typeof epoch === "string";
  if (!isNamed || !Number.isSafeInteger(count)) return undefined;
  return {
    node,
    epoch,
    count,
    announced: typeof announced === "string" ? announced : "",
    written: Array.isArray(written) ? written.filter(isNaming) : [],
  };
}

function isNaming(naming: unknown): boolean {
  return Array.isArray(naming) && typeof naming[0] === "string" &&
    Number.isSafeInteger(naming[1]);
}
