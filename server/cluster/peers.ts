import type { PresenceModel } from "../../core/mod.ts";
import type { KeptLease, Lease, NodeLife } from "./backbone.ts";
import type { ClusterSettings } from "./cluster_options.ts";
import type { FollowedContexts } from "./followed_contexts.ts";
import type { Questions } from "./questions.ts";
import type { Roster } from "./roster.ts";
import type { Session } from "./session.ts";

/** What the judge of other nodes needs. */
export interface PeersHost {
  readonly session: Session;
  readonly settings: ClusterSettings;
  readonly roster: Roster;
  /** Receives what the leases show. */
  readonly contexts: Pick<
    FollowedContexts<PresenceModel>,
    "drop" | "heard" | "missed"
  >;
  /** Stops to wait for ended lives. */
  readonly questions: Pick<Questions<PresenceModel>, "gone">;
  /** Reports a failed call. */
  failed(error: unknown): void;
}

/**
 * Keeps the roster up to date and gives up silent nodes. It judges a node by its
 * silence by this node's clock and by the age of its lease by the backbone's:
 * one clock that jumps ends no life.
 */
export class Peers {
  readonly #host: PeersHost;
  /** Ended lives that were not purged at the last renewal. */
  #unpurged = new Set<string>();
  /** The lives that this node purges now. */
  readonly #purging = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isJudging = false;

  /** Makes the judge of a roster. */
  constructor(host: PeersHost) {
    this.#host = host;
  }

  /** Reads all leases that have not ended, and returns them. */
  async learn(): Promise<readonly KeptLease[]> {
    const asked = this.#host.roster.ends;
    const leases = await this.#host.session.connection?.leases() ?? [];
    for (const lease of leases) this.#take(lease, asked);
    return leases;
  }

  /** Applies a renewal. Asks for the lease of an unknown life: it may be old. */
  async receive(lease: Lease): Promise<void> {
    const { session, roster } = this.#host;
    const { node, epoch } = lease;
    if (node === session.node) return;
    const asked = roster.ends;
    try {
      const isKnown = roster.leaseOf(node)?.epoch === epoch;
      const [kept] = isKnown
        ? [lease]
        : await session.connection?.leases(node) ?? [];
      if (kept !== undefined) this.#take(kept, asked);
    } catch (error) {
      this.#host.failed(error);
    }
  }

  /** Handles the end of a life. */
  end(life: NodeLife): void {
    const { roster, contexts, questions } = this.#host;
    roster.end(life);
    contexts.drop(life);
    if (!roster.has(life.node)) questions.gone(life.node);
  }

  /** Ends the lives of nodes that were silent for too long. */
  async judge(): Promise<void> {
    clearTimeout(this.#timer);
    if (this.#isJudging || !this.#host.session.isConnected) return;
    this.#isJudging = true;
    try {
      for (const [node, silence] of this.#host.roster.silences()) {
        if (silence >= this.#host.settings.leaseTtlMs) await this.#judge(node);
      }
    } catch (error) {
      this.#host.failed(error);
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
    if (!this.#host.session.isConnected) return;
    const silences = this.#host.roster.silences().map(([, silence]) => silence);
    const due = this.#host.settings.leaseTtlMs -
      Math.max(-Infinity, ...silences);
    // A node that is due already could not be judged: the next beat retries.
    if (due <= 0 || due > this.#host.settings.leaseTtlMs) return;
    this.#timer = setTimeout(() => this.judge(), Math.ceil(due));
  }

  async #judge(node: string): Promise<void> {
    const { connection } = this.#host.session;
    const asked = this.#host.roster.ends;
    const [kept] = await connection?.leases(node) ?? [];
    const lease = this.#host.roster.leaseOf(node);
    if (lease === undefined) return;
    if (kept === undefined) return this.end(lease);
    if (kept.epoch !== lease.epoch || kept.count > lease.count) {
      return this.#take(kept, asked);
    }
    const isYoung = kept.age < this.#host.settings.leaseTtlMs;
    if (isYoung && this.#host.roster.spare(node, kept.age)) return;
    // A backbone that has lost writes may have a lower count.
    if (!await connection?.end(lease, kept.count)) return;
    this.end(lease);
    this.#purge(lease);
  }

  #take(lease: Lease | KeptLease, asked: number): void {
    if (this.#host.session.hasLeft) return;
    const { roster, contexts } = this.#host;
    const news = roster.take(lease, asked);
    if (news === "missed") contexts.missed();
    const known = roster.leaseOf(lease.node);
    if (news === "renewed" && known) contexts.heard(known);
  }

  async #purge(life: NodeLife): Promise<void> {
    if (this.#purging.has(life.epoch)) return;
    this.#purging.add(life.epoch);
    try {
      let isDone = false;
      while (!isDone && !this.#host.session.hasLeft) {
        isDone = await this.#host.session.connection?.purge(life) ?? true;
      }
    } catch (error) {
      this.#host.failed(error);
    } finally {
      this.#purging.delete(life.epoch);
    }
  }
}
