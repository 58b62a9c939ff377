import type { BackboneConnection, NodeLife } from "./backbone.ts";
import type { ClusterSettings } from "./cluster_options.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** The result of a renewal. */
export interface Beat {
  /**
   * Whether the node and the backbone may differ: changes or own writes may be
   * lost.
   */
  readonly hasMissed: boolean;
  /** Ended lives that have rows. */
  readonly unpurged: readonly NodeLife[];
}

/** What a heartbeat needs. */
export interface HeartbeatHost {
  /** The state of the node. */
  readonly session: Session;
  /** How often to renew the lease, and how long it lives. */
  readonly settings: ClusterSettings;
  /** Connects to the backbone. */
  connect(): Promise<BackboneConnection>;
  /** Reads all leases, before the node counts as connected. */
  learn(): Promise<unknown>;
  /** Called when the lease was renewed. */
  renewed(beat: Beat): void;
  /** Called when a renewal has failed. */
  lost(error: unknown): void;
  /** Called when the node has a new name: another process has the former one. */
  renamed(node: string): void;
}

/**
 * Renews the lease of a node regularly, and at once when there is something to
 * announce. After the end of a life it begins another one. If another process
 * has the name by then, it takes a new name: else the two would end each other
 * forever.
 */
export class Heartbeat {
  readonly #session: Session;
  readonly #host: HeartbeatHost;
  #timer: ReturnType<typeof setInterval> | undefined;
  #hasLease = false;
  #isBeating = false;
  #mustBeat = false;
  #isInterrupted = false;
  /** Runs since the life began. */
  #lived: Stopwatch;
  /** The connection by the former name, until the next renewal. */
  #former: BackboneConnection | undefined;

  /** Makes the heartbeat of a node that is yet to start. */
  constructor(host: HeartbeatHost) {
    this.#session = host.session;
    this.#host = host;
    this.#lived = new Stopwatch(host.session.now);
  }

  /** Connects, and renews the lease regularly from now on. */
  start(): void {
    const { renewalMs } = this.#host.settings;
    this.#timer = setInterval(() => this.beat(), renewalMs);
    this.beat();
  }

  /** Renews the lease now, or once more if a renewal is in progress. */
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
      if (!this.#session.hasLeft) this.#host.lost(error);
    } finally {
      this.#isBeating = false;
    }
  }

  /** Handles an interruption: messages may have been lost. */
  interrupted(): void {
    this.#isInterrupted = true;
    this.beat();
  }

  /** Stops renewing. */
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
    // Others have ended the life, or the backbone has forgotten everything.
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

  /** Begins a life; returns the memory of the backbone. */
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
   * Reports whether another process lives by the name of the node. If its lease
   * was not renewed since this life began, a replica has only brought it back.
   */
  async #isTaken(connection: BackboneConnection): Promise<boolean> {
    const { node, lease } = this.#session;
    const [kept] = await connection.leases(node);
    if (kept === undefined || lease.isOwn(kept)) return false;
    const { leaseTtlMs } = this.#host.settings;
    return kept.age < leaseTtlMs && kept.age <= this.#lived.elapsed;
  }

  /** Takes another name and connects again. */
  #rename(connection: BackboneConnection): void {
    const session = this.#session;
    if (session.hasLeft) return;
    const former = session.node;
    this.#hasLease = false;
    // Closed at once, its calls in progress would fail and be reported.
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
