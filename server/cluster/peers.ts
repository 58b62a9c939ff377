import type { Duration } from "../../core/mod.ts";
import type { KeptLease, Lease, NodeLife } from "./backbone.ts";
import { NAMINGS } from "./own_lease.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What is known of another node. */
interface Peer {
  readonly lease: Lease;
  /** Runs since it was last heard of. */
  heard: Stopwatch;
  /**
   * Whether nothing shows that it lives, but that its lease has not ended: it
   * counts for nothing until it is heard of, and is judged like the others.
   */
  readonly isDormant: boolean;
  /** Whether it was judged once since its lease was renewed. */
  wasJudged: boolean;
  /** Whether it has said that it answers nothing any more. */
  isSilent: boolean;
  /** Its lives before, the latest last: what they had may be written again. */
  former: readonly NodeLife[];
}

/** How many lives before its present one are remembered of a node. */
const MAX_FORMER = 8;

/** How many lives are remembered that have ended lately. */
const MAX_ENDED = 1_000;

/** Told of what happens to other nodes. */
export interface PeersListener {
  /** A life is over: what it had counts for nothing. */
  over(life: NodeLife): void;
  /** A node has told what it has written. */
  heard(lease: Lease): void;
  /** A life has announced itself: what is left of a former one is not its. */
  announced(former: NodeLife): void;
  /** So much of what a node has told was missed that anything may have changed. */
  missed(): void;
  /** A life was ended by this node, which is to purge its rows. */
  toPurge(life: NodeLife): void;
  /** There are others than before. */
  changed(): void;
  /** A question to the backbone has failed. */
  failed(error: unknown): void;
}

/**
 * The other nodes. Each is judged by how long it has been silent by this node's
 * clock, and by how long ago it has renewed its lease by the backbone's: one
 * clock that jumps ends nobody.
 */
export class Peers {
  readonly #session: Session;
  readonly #leaseTtlMs: Duration;
  readonly #listener: PeersListener;
  readonly #peers = new Map<string, Peer>();
  readonly #asked = new Set<string>();
  /** Lives that have ended lately, and their places in the order of ends. */
  readonly #ended = new Map<string, { since: Stopwatch; number: number }>();
  /** How many lives have ended: what was asked for before may be old. */
  #ends = 0;
  /** Whose lease it is by this node's name: perhaps another process's by now. */
  #namesake: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isJudging = false;
  /** How many others were seen to come. */
  came = 0;
  /** How many of them were seen to go. */
  went = 0;

  /** Makes one that knows of nobody. */
  constructor(session: Session, leaseTtlMs: Duration, listener: PeersListener) {
    this.#session = session;
    this.#leaseTtlMs = leaseTtlMs;
    this.#listener = listener;
  }

  /** Their names. */
  names(): string[] {
    return [...this.#peers]
      .filter(([, { isDormant }]) => !isDormant)
      .map(([node]) => node);
  }

  /** Whether there is one of a name. */
  has(node: string): boolean {
    return this.#peers.get(node)?.isDormant === false;
  }

  /** Takes note that a life answers nothing any more, and what it has stays. */
  silence({ node, epoch }: NodeLife): void {
    const peer = this.#peers.get(node);
    if (peer?.lease.epoch === epoch) peer.isSilent = true;
  }

  /** Whether a node has said so. */
  isSilent(node: string): boolean {
    return this.#peers.get(node)?.isSilent === true;
  }

  /** The memory of the backbone that knows all rows of a node, if there is one. */
  announcedBy(node: string): string | undefined {
    return this.#peers.get(node)?.lease.announced;
  }

  /** Whether a life goes on, as far as is known here; the own one too. */
  lives({ node, epoch }: NodeLife): boolean {
    if (node === this.#session.node) return this.#session.life.epoch === epoch;
    return this.has(node) && this.#peers.get(node)?.lease.epoch === epoch;
  }

  /** Whether a life may go on, though nothing shows that it does. */
  mayLive({ node, epoch }: NodeLife): boolean {
    if (node === this.#session.node) return epoch === this.#namesake;
    const peer = this.#peers.get(node);
    return peer?.isDormant === true && peer.lease.epoch === epoch;
  }

  /**
   * The lease by which it shows whether a row may come back that is gone from
   * the backbone: of the life that it is of, or of the one that went on for it.
   */
  heirOf({ node, epoch }: NodeLife): Lease | undefined {
    const peer = this.#peers.get(node);
    const isTheirs = peer?.lease.epoch === epoch ||
      peer?.former.some((life) => life.epoch === epoch);
    return isTheirs ? peer?.lease : undefined;
  }

  /** Learns of all leases. */
  async learn(): Promise<void> {
    const asked = this.#ends;
    const leases = await this.#session.connection?.leases() ?? [];
    if (this.#session.hasLeft) return;
    const { node } = this.#session;
    this.#namesake = leases.find((lease) => lease.node === node)?.epoch;
    for (const lease of leases) this.#take(lease, asked);
  }

  /**
   * Takes what a node has said of itself. Who is not known is asked for: what
   * was said may be old.
   */
  hear(lease: Lease): void {
    if (lease.node === this.#session.node) return;
    const peer = this.#peers.get(lease.node);
    if (peer?.lease.epoch === lease.epoch) this.#take(lease, this.#ends);
    else this.#ask(lease.node);
  }

  /** Takes note that a life is over. */
  end(life: NodeLife): void {
    this.#remember(life);
    const peer = this.#peers.get(life.node);
    if (peer?.lease.epoch === life.epoch) {
      this.#peers.delete(life.node);
      if (!peer.isDormant) {
        this.went++;
        this.#listener.changed();
      }
      for (const former of peer.former) this.#listener.over(former);
    } else if (peer !== undefined) {
      peer.former = peer.former.filter(({ epoch }) => epoch !== life.epoch);
    }
    this.#listener.over(life);
  }

  /** Ends the lives of those who have been silent for too long. */
  async judge(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isJudging || !this.#session.isConnected) return;
    this.#isJudging = true;
    try {
      for (const [node, peer] of [...this.#peers]) {
        if (this.#silence(peer) >= this.#leaseTtlMs) await this.#judge(node);
      }
    } catch (error) {
      this.#listener.failed(error);
    } finally {
      this.#isJudging = false;
      this.#arm();
    }
  }

  /** Knows of nobody any more, and judges nobody. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#peers.clear();
  }

  /** Has the next one be judged when its time has come. */
  #arm(): void {
    if (!this.#session.isConnected) return;
    const silences = Array.from(
      this.#peers.values(),
      (peer) => this.#silence(peer),
    );
    const longest = silences.reduce((a, b) => Math.max(a, b), -Infinity);
    const due = this.#leaseTtlMs - longest;
    // One that is due already could not be judged: the next beat tries again.
    if (due <= 0 || due > this.#leaseTtlMs) return;
    this.#timer = setTimeout(() => this.judge(), Math.ceil(due));
  }

  /** For how long nothing was heard of a peer that could have been heard. */
  #silence({ heard }: Peer): Duration {
    return Math.min(heard.elapsed, this.#session.connectedFor);
  }

  async #judge(node: string): Promise<void> {
    const { connection } = this.#session;
    const asked = this.#ends;
    const [kept] = await connection?.leases(node) ?? [];
    const peer = this.#peers.get(node);
    if (peer === undefined || this.#session.hasLeft) return;
    if (kept === undefined) return this.end(peer.lease);
    const { lease } = peer;
    if (kept.epoch !== lease.epoch || kept.count > lease.count) {
      return this.#take(kept, asked);
    }
    // One that has not changed for all that time is of a clock set back.
    if (kept.age < this.#leaseTtlMs && !peer.wasJudged) {
      peer.wasJudged = true;
      peer.heard = new Stopwatch(this.#session.now, Math.max(0, kept.age));
      return;
    }
    // Of a backbone that has lost something the count may be less than known.
    if (!await connection?.end(lease, kept.count)) return;
    this.end(lease);
    this.#listener.toPurge(lease);
  }

  async #ask(node: string): Promise<void> {
    if (this.#asked.has(node)) return;
    this.#asked.add(node);
    try {
      const asked = this.#ends;
      const [kept] = await this.#session.connection?.leases(node) ?? [];
      if (kept !== undefined && !this.#session.hasLeft) this.#take(kept, asked);
    } catch (error) {
      this.#listener.failed(error);
    } finally {
      this.#asked.delete(node);
    }
  }

  /**
   * Takes a lease that is, or was a moment ago, the one of its node.
   *
   * @param asked How many lives had ended when it was asked for.
   */
  #take(said: Lease | KeptLease, asked: number): void {
    if (said.node === this.#session.node) return;
    const lease = readableLease(said);
    if (lease === undefined) return;
    const known = this.#peers.get(lease.node);
    const isSame = known?.lease.epoch === lease.epoch;
    const count = isSame ? known.lease.count : 0;
    if (lease.count <= count) return;
    const ended = isSame ? undefined : this.#endOf(lease);
    // Told before the answer, which is old, as another life is known since. If
    // it was told before the question, a replica has brought the lease back.
    if (known !== undefined && ended !== undefined && ended > asked) return;
    const isOld = "age" in said && said.age >= this.#leaseTtlMs;
    // A former life of this server does not go on, by whatever name it was, nor
    // are its rows another node's.
    const isDormant = this.#session.lease.isOwn(lease) ||
      ended !== undefined || known === undefined && isOld;
    const former = isSame ? known.former : livesOf(known);
    for (const life of former.slice(0, -MAX_FORMER)) this.#listener.over(life);
    this.#peers.set(lease.node, {
      lease,
      heard: new Stopwatch(this.#session.now),
      isDormant,
      wasJudged: false,
      isSilent: isSame && known.isSilent,
      former: former.slice(-MAX_FORMER),
    });
    if (isDormant) {
      if (known?.isDormant === false) {
        this.went++;
        this.#listener.changed();
      }
      return;
    }
    if (known?.isDormant !== false) {
      this.came++;
      this.#listener.changed();
    }
    if (isSame && known.isDormant) return this.#listener.missed();
    const hadAnnounced = isSame && known.lease.announced === lease.announced;
    if (lease.announced !== "" && !hadAnnounced) {
      for (const life of former) this.#listener.announced(life);
    }
    if (lease.count - count - 1 >= NAMINGS) this.#listener.missed();
    else this.#listener.heard(lease);
  }

  /** Takes note that a life has ended. */
  #remember({ epoch }: NodeLife): void {
    this.#ended.delete(epoch);
    const since = new Stopwatch(this.#session.now);
    this.#ended.set(epoch, { since, number: ++this.#ends });
    for (const [former, { since }] of this.#ended) {
      const isPast = since.elapsed > this.#leaseTtlMs;
      if (!isPast && this.#ended.size <= MAX_ENDED) break;
      this.#ended.delete(former);
    }
  }

  /** The place of a life in the order of ends, if it has ended lately. */
  #endOf({ epoch }: NodeLife): number | undefined {
    const ended = this.#ended.get(epoch);
    if (ended === undefined) return undefined;
    return ended.since.elapsed <= this.#leaseTtlMs ? ended.number : undefined;
  }
}

/**
 * A lease without what can't be read of it, which is as if it was missed;
 * `undefined` if it is none.
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

function livesOf(peer: Peer | undefined): readonly NodeLife[] {
  return peer === undefined ? [] : [...peer.former, peer.lease];
}
