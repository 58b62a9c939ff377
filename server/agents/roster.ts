import { steadyNow, type Timestamp } from "../../core/mod.ts";
import type {
  KeptLease,
  Lease,
  NodeLife,
  Row,
  RowChange,
} from "../cluster/mod.ts";
import { startedAtIn } from "./agent_entry.ts";
import type { AgentLife, ProjectNames } from "./agent_life.ts";
import type { AgentEvent } from "./agent_watch.ts";

/** Another agent, as its lease shows it. */
export interface Peer {
  /** Its current life. */
  readonly life: AgentLife;
  /** The count of its last heartbeat. */
  readonly count: number;
  /** The time of that heartbeat, by the steady clock of this process. */
  readonly heardAt: Timestamp;
}

/** The entry of an agent. */
interface KnownRow {
  readonly epoch: string;
  readonly startedAt: Timestamp;
}

/** A read in progress, which may be older than changes that arrive meanwhile. */
export class Reading {
  /** The agents whose lease has changed meanwhile. */
  readonly leases: Set<string> = new Set();
  /** The agents whose entry has changed meanwhile. */
  readonly rows: Set<string> = new Set();
}

/** How many ended lives to remember. */
const MAX_OVER = 1_000;

/**
 * The other agents of a project as this one sees them. An agent is up while it has
 * both a lease and an entry of the same life.
 */
export class Roster {
  readonly #self: string;
  readonly #names: ProjectNames;
  readonly #notify: (event: AgentEvent) => void;
  readonly #peers = new Map<string, Peer>();
  readonly #rows = new Map<string, KnownRow>();
  /** The agents that were reported as up, with their entries. */
  readonly #up = new Map<string, KnownRow>();
  /** Ended lives, whose late events are ignored. */
  readonly #over = new Set<string>();
  readonly #readings = new Set<Reading>();

  /** Makes the roster of a project for one of its agents. */
  constructor(
    self: string,
    names: ProjectNames,
    notify: (event: AgentEvent) => void,
  ) {
    this.#self = self;
    this.#names = names;
    this.#notify = notify;
  }

  /** All agents that have a lease. */
  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** Returns an agent, if it has a lease. */
  peer(agentId: string): Peer | undefined {
    return this.#peers.get(agentId);
  }

  /**
   * Applies a renewed lease.
   *
   * @returns The agent, if only a read can decide which of two lives is current.
   */
  renewed(lease: Lease): string | undefined {
    const life = this.otherOf(lease);
    if (life === undefined || this.#over.has(life.epoch)) return undefined;
    const { agentId, epoch } = life;
    for (const { leases } of this.#readings) leases.add(agentId);
    const peer = this.#peers.get(agentId);
    if (peer !== undefined && peer.life.epoch !== epoch) return agentId;
    if (peer !== undefined && peer.count > lease.count) return undefined;
    this.#keep({ life, count: lease.count, heardAt: steadyNow() });
    return undefined;
  }

  /** Applies the end of a life. */
  ended(life: NodeLife): void {
    const known = this.#names.lifeOf(life);
    if (known === undefined) return;
    const { agentId, epoch } = known;
    for (const { leases } of this.#readings) leases.add(agentId);
    this.#over.add(epoch);
    const [oldest = ""] = this.#over;
    if (this.#over.size > MAX_OVER) this.#over.delete(oldest);
    if (this.#peers.get(agentId)?.life.epoch === epoch) {
      this.#peers.delete(agentId);
    }
    if (this.#rows.get(agentId)?.epoch === epoch) this.#rows.delete(agentId);
    this.#update(agentId);
  }

  /** Applies a change of an entry. */
  changed({ change }: RowChange): void {
    const id = change.type === "put" ? change.row.id : change.id;
    const agentId = this.#names.agentOf(id);
    if (agentId === undefined) return;
    for (const { rows } of this.#readings) rows.add(agentId);
    if (change.type === "put") {
      this.#put(change.row);
    } else {
      this.#rows.delete(agentId);
      this.#update(agentId);
    }
  }

  /** Applies the entries of a read; ignores invalid ones. */
  readEntries(read: readonly Row[], { rows }: Reading): void {
    for (const row of read) {
      const agentId = this.#names.agentOf(row.id);
      if (agentId !== undefined && !rows.has(agentId)) this.#put(row);
    }
  }

  /** Reads by a function, which may take long and may fail. */
  async reading<T>(read: (reading: Reading) => Promise<T>): Promise<T> {
    const reading = new Reading();
    this.#readings.add(reading);
    try {
      return await read(reading);
    } finally {
      this.#readings.delete(reading);
    }
  }

  /**
   * Applies a read of an agent's lease, which may be absent.
   *
   * @returns `false` if the lease changed meanwhile and has to be read again.
   */
  readLease(
    agentId: string,
    lease: KeptLease | undefined,
    { leases }: Reading,
  ): boolean {
    const known = this.#peers.get(agentId);
    const life = lease && this.otherOf(lease);
    const isSame = life?.epoch === known?.life.epoch;
    if (!isSame && leases.has(agentId)) return false;
    if (known !== undefined && !isSame) this.ended(known.life);
    if (life === undefined || lease === undefined) return true;
    // A backbone that has lost its latest writes may have the lease of an ended
    // life. That agent is up only once its heartbeat is heard.
    const age = this.#over.delete(life.epoch)
      ? Infinity
      : Math.max(0, lease.age);
    const former = isSame ? known : undefined;
    const before = former?.heardAt ?? -Infinity;
    // A lower age alone proves nothing: the backbone's clock may have been set.
    if (before > -Infinity && lease.count <= (former?.count ?? 0)) return true;
    const heardAt = Math.max(steadyNow() - age, before);
    this.#keep({ life, count: lease.count, heardAt });
    return true;
  }

  /** Forgets which lives have ended, as the backbone has. */
  forget(): void {
    this.#over.clear();
  }

  /** Reads a life, if it is that of another agent of the project. */
  otherOf(lease: NodeLife): AgentLife | undefined {
    const life = this.#names.lifeOf(lease);
    return life?.agentId === this.#self ? undefined : life;
  }

  #keep(peer: Peer): void {
    this.#peers.set(peer.life.agentId, peer);
    this.#update(peer.life.agentId);
  }

  #put({ id, value, ...owner }: Row): void {
    const life = this.otherOf(owner);
    if (life === undefined || this.#names.row(life.agentId) !== id) return;
    const { agentId, epoch } = life;
    const startedAt = startedAtIn(value, agentId, this.#names.project);
    if (startedAt === undefined) return;
    this.#rows.set(agentId, { epoch, startedAt });
    this.#update(agentId);
  }

  /** Reports an agent as up or down, if that has changed. */
  #update(agentId: string): void {
    const peer = this.#peers.get(agentId);
    const row = this.#rows.get(agentId);
    const former = this.#up.get(agentId);
    const now = row !== undefined && row.epoch === peer?.life.epoch
      ? row
      : undefined;
    if (former?.epoch === now?.epoch) return;
    if (former !== undefined) {
      this.#up.delete(agentId);
      this.#report("down", agentId, former);
    }
    // A silent agent is up only once its heartbeat is heard.
    if (now === undefined || peer === undefined || isSilent(peer)) return;
    this.#up.set(agentId, now);
    this.#report("up", agentId, now);
  }

  #report(kind: "up" | "down", agentId: string, { startedAt }: KnownRow): void {
    const { project } = this.#names;
    this.#notify({ kind, agentId, project, startedAt, seenAt: Date.now() });
  }
}

/** Reports whether no heartbeat of an agent was heard for its TTL. */
export function isSilent({ life, heardAt }: Peer, since = -Infinity): boolean {
  return steadyNow() - Math.max(heardAt, since) >= life.ttlMs;
}
