import type { BackboneConnection, NodeLife } from "./backbone.ts";
import type { ClusterSettings } from "./cluster_options.ts";
import type { Session } from "./session.ts";
import { Stopwatch } from "./stopwatch.ts";

/** What a renewal has shown. */
export interface Beat {
  /**
   * Whether this node and the backbone may differ: changes may have been
   * missed, or own writes be lost.
   */
  readonly hasMissed: boolean;
  /** Lives that are over and have rows. */
  readonly unpurged: readonly NodeLife[];
}

/** What a heartbeat needs. */
export interface HeartbeatHost {
  /** How often the lease is renewed, and how long it lives. */
  readonly settings: ClusterSettings;
  /** Connects to the backbone. */
  connect(): Promise<BackboneConnection>;
  /** Learns all leases, before the node counts as connected. */
  learn(): Promise<unknown>;
  /** The lease was renewed. */
  renewed(beat: Beat): void;
  /** The lease could not be renewed. */
  failed(error: unknown): void;
  /** Another process has the former name of the node, which took a new one. */
  renamed(node: string): void;
}

/**
 * Renews the lease of a node, regularly and whenever there is something to
 * announce. A node whose life is over begins another one. If another process
 * has its name by then it takes a new name, or the two would end each other
 * forever.
 */
export class Heartbeat {
  readonly #session: Session;
  readonly #host: HeartbeatHost;
  readonly #timer: ReturnType<typeof setInterval>;
  #hasLease = false;
  #isBeating = false;
  #mustBeat = false;
  #isInterrupted = false;
  /** Runs since the life began. */
  #lived: Stopwatch;
  /** The connection by the former name, until the new one has renewed. */
  #former: BackboneConnection | undefined;

  /** Makes one that renews regularly from now on. */
  constructor(session: Session, host: HeartbeatHost) {
    this.#session = session;
    this.#host = host;
    this.#lived = new Stopwatch(session.now);
    this.#timer = setInterval(() => this.beat(), host.settings.renewalMs);
  }

  /** Renews the lease now, or once more if that is under way. */
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
    // The life was given up, or forgotten with everything else.
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

  /** Begins a life, and returns the memory of the backbone. */
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
   * Whether another process lives by the name of the node. If its lease was not
   * renewed since this life began, a replica has only brought it back.
   */
  async #isTaken(connection: BackboneConnection): Promise<boolean> {
    const { node, lease } = this.#session;
    const [kept] = await connection.leases(node);
    if (kept === undefined || lease.isOwn(kept)) return false;
    const { leaseTtlMs } = this.#host.settings;
    return kept.age < leaseTtlMs && kept.age <= this.#lived.elapsed;
  }

  /** Takes another name, and connects once more. */
  #rename(connection: BackboneConnection): void {
    const session = this.#session;
    if (session.hasLeft) return;
    const former = session.node;
    this.#hasLease = false;
    // Its calls under way would fail, and be reported.
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
