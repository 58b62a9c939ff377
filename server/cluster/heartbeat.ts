import type { Duration } from "../../core/mod.ts";
import type { BackboneConnection, NodeLife } from "./backbone.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What a renewal has brought to light. */
export interface Beat {
  /**
   * Whether this node and the backbone may know different things: what came
   * before may have been missed, or what was written be gone.
   */
  readonly hasMissed: boolean;
  /** Lives that are over, but whose rows are not all purged. */
  readonly unpurged: readonly NodeLife[];
}

/** What a heartbeat needs. */
export interface HeartbeatHost {
  /** How often the lease is renewed. */
  readonly renewalMs: Duration;
  /** How long a lease lives. */
  readonly leaseTtlMs: Duration;
  /** Connects to the backbone. */
  connect(): Promise<BackboneConnection>;
  /** Learns who else lives: done before the node counts as connected. */
  learn(): Promise<void>;
  /** The lease is renewed. */
  renewed(beat: Beat): void;
  /** It could not be. */
  failed(error: unknown): void;
  /** Another process has the name of the node, which goes on by another one. */
  renamed(node: string): void;
}

/**
 * Renews the lease of a node, on time and at once when there is something to
 * say. A node whose life is over begins another one; where another process has
 * its name by then, by a name of its own, or the two would end each other for
 * ever.
 */
export class Heartbeat {
  readonly #session: Session;
  readonly #host: HeartbeatHost;
  readonly #timer: ReturnType<typeof setInterval>;
  #hasLease = false;
  #isBeating = false;
  #mustBeat = false;
  #isInterrupted = false;
  /** Runs since the life has begun. */
  #lived: Stopwatch;
  /** The connection by the former name, until there is one by the new. */
  #former: BackboneConnection | undefined;

  /** Begins. */
  constructor(session: Session, host: HeartbeatHost) {
    this.#session = session;
    this.#host = host;
    this.#lived = new Stopwatch(session.now);
    this.#timer = setInterval(() => this.beat(), host.renewalMs);
  }

  /** Renews the lease now; once more, if that is under way. */
  async beat(): Promise<void> {
    this.#mustBeat = true;
    if (this.#isBeating) return;
    this.#isBeating = true;
    try {
      while (this.#mustBeat && !this.#session.hasLeft) {
        this.#mustBeat = false;
        await this.#renew();
      }
    } catch (error) {
      if (!this.#session.hasLeft) this.#host.failed(error);
    } finally {
      this.#isBeating = false;
    }
  }

  /** Takes note that something may have been missed. */
  interrupted(): void {
    this.#isInterrupted = true;
    this.beat();
  }

  /** Ends. */
  stop(): void {
    clearInterval(this.#timer);
    this.#closeFormer();
  }

  async #renew(): Promise<void> {
    const session = this.#session;
    const connection = session.connection ?? await this.#host.connect();
    if (session.hasLeft) return await connection.close();
    session.connection = connection;
    const { lease } = session;
    const wasAway = this.#isInterrupted || !session.isConnected;
    this.#isInterrupted = false;
    const renewal = this.#hasLease
      ? await connection.renew(lease.next())
      : undefined;
    if (session.hasLeft) return;
    if (renewal?.isKept === false && await this.#isTaken(connection)) {
      return this.#rename(connection);
    }
    if (session.hasLeft) return;
    // Given up by the others; or forgotten, with everything else.
    const memory = renewal?.isKept === true
      ? renewal.memory
      : await this.#acquire(connection);
    const hasMissed = wasAway || memory !== session.memory;
    if (hasMissed) await this.#host.learn();
    if (session.hasLeft) return;
    session.memory = memory;
    session.connected();
    if (renewal !== undefined) this.#closeFormer();
    const unpurged = renewal?.unpurged ?? [];
    this.#host.renewed({ hasMissed, unpurged });
  }

  /** Begins a life; gives the memory of the backbone. */
  async #acquire(connection: BackboneConnection): Promise<string> {
    const { lease } = this.#session;
    this.#hasLease = false;
    this.#session.memory = "";
    lease.beginLife();
    const memory = await connection.acquire(lease.next());
    this.#hasLease = true;
    this.#lived = new Stopwatch(this.#session.now);
    return memory;
  }

  /**
   * Whether another process lives by the name of the node. One that was not
   * heard of since this life has begun does not: a replica has brought it back.
   */
  async #isTaken(connection: BackboneConnection): Promise<boolean> {
    const { node, lease } = this.#session;
    const [kept] = await connection.leases(node);
    if (kept === undefined || lease.isOwn(kept)) return false;
    return kept.age < this.#host.leaseTtlMs && kept.age <= this.#lived.elapsed;
  }

  /** Goes on by another name, of which the backbone is told anew. */
  #rename(connection: BackboneConnection): void {
    const session = this.#session;
    if (session.hasLeft) return;
    const former = session.node;
    this.#hasLease = false;
    // What is under way by it may come to its end, until the next renewal.
    this.#closeFormer();
    this.#former = connection;
    session.rename();
    this.#host.renamed(former);
    this.#mustBeat = true;
  }

  #closeFormer(): void {
    this.#former?.close().catch(() => {});
    this.#former = undefined;
  }
}
