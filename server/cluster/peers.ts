import type { Duration } from "../../core/mod.ts";
import type { KeptLease, Lease, NodeLife } from "./backbone.ts";
import type { Roster } from "./roster.ts";
import type { Session } from "./session.ts";

/** Notified of what the leases of other nodes show. */
export interface PeersListener {
  /** Called when a life has ended: its rows count no more. */
  over(life: NodeLife): void;
  /** Called when a node has renewed its lease. */
  renewed(lease: Lease): void;
  /** Called when renewals were missed: anything may have changed. */
  missed(): void;
  /** Called when a call has failed. */
  failed(error: unknown): void;
}

/**
 * Keeps the roster up to date and gives up silent nodes. It judges a node by its
 * silence by this node's clock and by the age of its lease by the backbone's:
 * one clock that jumps ends no life.
 */
export class Peers {
  readonly #session: Session;
  readonly #roster: Roster;
  readonly #leaseTtlMs: Duration;
  readonly #listener: PeersListener;
  /** Ended lives that were not purged at the last renewal. */
  #unpurged = new Set<string>();
  /** The lives that this node purges now. */
  readonly #purging = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isJudging = false;

  /** Makes the judge of a roster. */
  constructor(
    session: Session,
    roster: Roster,
    leaseTtlMs: Duration,
    listener: PeersListener,
  ) {
    this.#session = session;
    this.#roster = roster;
    this.#leaseTtlMs = leaseTtlMs;
    this.#listener = listener;
  }

  /** Reads all leases that have not ended, and returns them. */
  async learn(): Promise<readonly KeptLease[]> {
    const asked = this.#roster.ends;
    const leases = await this.#session.connection?.leases() ?? [];
    for (const lease of leases) this.#take(lease, asked);
    return leases;
  }

  /** Applies a renewal. Asks for the lease of an unknown life: it may be old. */
  receive(lease: Lease): void {
    const { node, epoch } = lease;
    if (node === this.#session.node) return;
    if (this.#roster.leaseOf(node)?.epoch === epoch) {
      this.#take(lease, this.#roster.ends);
    } else this.#ask(node);
  }

  /** Handles the end of a life. */
  end(life: NodeLife): void {
    this.#roster.end(life);
    this.#listener.over(life);
  }

  /** Ends the lives of nodes that were silent for too long. */
  async judge(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isJudging || !this.#session.isConnected) return;
    this.#isJudging = true;
    try {
      for (const [node, silence] of this.#roster.silences()) {
        if (silence >= this.#leaseTtlMs) await this.#judge(node);
      }
    } catch (error) {
      this.#listener.failed(error);
    } finally {
      this.#isJudging = false;
      this.#arm();
    }
  }

  /** Purges the lives that nobody has purged since the last renewal. */
  purge(unpurged: readonly NodeLife[]): void {
    for (const life of unpurged) {
      if (this.#unpurged.has(life.epoch)) this.#purge(life);
    }
    this.#unpurged = new Set(unpurged.map(({ epoch }) => epoch));
  }

  /** Stops judging. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  /** Judges again when the next node is due. */
  #arm(): void {
    if (!this.#session.isConnected) return;
    const silences = this.#roster.silences().map(([, silence]) => silence);
    const due = this.#leaseTtlMs - Math.max(-Infinity, ...silences);
    // A node that is due already could not be judged: the next beat retries.
    if (due <= 0 || due > this.#leaseTtlMs) return;
    this.#timer = setTimeout(() => this.judge(), Math.ceil(due));
  }

  async #judge(node: string): Promise<void> {
    const { connection } = this.#session;
    const asked = this.#roster.ends;
    const [kept] = await connection?.leases(node) ?? [];
    const lease = this.#roster.leaseOf(node);
    if (lease === undefined) return;
    if (kept === undefined) return this.end(lease);
    if (kept.epoch !== lease.epoch || kept.count > lease.count) {
      return this.#take(kept, asked);
    }
    const isYoung = kept.age < this.#leaseTtlMs;
    if (isYoung && this.#roster.spare(node, kept.age)) return;
    // A backbone that has lost writes may have a lower count.
    if (!await connection?.end(lease, kept.count)) return;
    this.end(lease);
    this.#purge(lease);
  }

  async #ask(node: string): Promise<void> {
    try {
      const asked = this.#roster.ends;
      const [kept] = await this.#session.connection?.leases(node) ?? [];
      if (kept !== undefined) this.#take(kept, asked);
    } catch (error) {
      this.#listener.failed(error);
    }
  }

  #take(lease: Lease | KeptLease, asked: number): void {
    if (this.#session.hasLeft) return;
    const news = this.#roster.take(lease, asked);
    if (news === "missed") this.#listener.missed();
    const known = this.#roster.leaseOf(lease.node);
    if (news === "renewed" && known) this.#listener.renewed(known);
  }

  async #purge(life: NodeLife): Promise<void> {
    if (this.#purging.has(life.epoch)) return;
    this.#purging.add(life.epoch);
    try {
      let isDone = false;
      while (!isDone && !this.#session.hasLeft) {
        isDone = await this.#session.connection?.purge(life) ?? true;
      }
    } catch (error) {
      this.#listener.failed(error);
    } finally {
      this.#purging.delete(life.epoch);
    }
  }
}
