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

/** What is known of another agent. */
export interface Peer {
  /** Its life. */
  readonly life: AgentLife;
  /** The count of its last heartbeat. */
  readonly count: number;
  /** When that was, by the steady clock of this process. */
  readonly heardAt: Timestamp;
}

/** What the entry of an agent says. */
interface KnownRow {
  readonly epoch: string;
  readonly startedAt: Timestamp;
}

/** What is being read: of what changes meanwhile, the read may be older. */
export class Reading {
  /** The agents of whose lease something was heard meanwhile. */
  readonly leases: Set<string> = new Set();
  /** The agents whose entry has changed meanwhile. */
  readonly rows: Set<string> = new Set();
}

/** How many lives are remembered to be over. */
const MAX_OVER = 1_000;

/**
 * The other agents of a project as this one sees them. One is up while it has
 * both a lease and an entry of the same life.
 */
export class Roster {
  readonly #project: string;
  readonly #self: string;
  readonly #names: ProjectNames;
  readonly #tell: (event: AgentEvent) => void;
  readonly #peers = new Map<string, Peer>();
  readonly #rows = new Map<string, KnownRow>();
  /** Who was told to be up, and since when they are. */
  readonly #up = new Map<string, KnownRow>();
  /** Lives that are over: what comes late says nothing any more. */
  readonly #over = new Set<string>();
  readonly #readings = new Set<Reading>();

  /** Makes the roster that an agent has of a project. */
  constructor(
    project: string,
    self: string,
    names: ProjectNames,
    tell: (event: AgentEvent) => void,
  ) {
    this.#project = project;
    this.#self = self;
    this.#names = names;
    this.#tell = tell;
  }

  /** All agents that have a lease. */
  get peers(): Iterable<Peer> {
    return this.#peers.values();
  }

  /** An agent, if it has a lease. */
  peer(agentId: string): Peer | undefined {
    return this.#peers.get(agentId);
  }

  /**
   * Takes a lease as it was renewed.
   *
   * @returns The agent, if only a read can tell which of two lives it has.
   */
  renewed(lease: Lease): string | undefined {
    const life = this.#otherOf(lease);
    if (life === undefined || this.#over.has(life.epoch)) return undefined;
    const { agentId, epoch } = life;
    for (const { leases } of this.#readings) leases.add(agentId);
    const peer = this.#peers.get(agentId);
    if (peer !== undefined && peer.life.epoch !== epoch) return agentId;
    if (peer !== undefined && peer.count > lease.count) return undefined;
    this.#keep({ life, count: lease.count, heardAt: steadyNow() });
    return undefined;
  }

  /** Takes it that a life is over. */
  ended(life: NodeLife): void {
    const known = this.#names.lifeOf(life);
    if (known === undefined) return;
    const { agentId, epoch } = known;
    for (const { leases } of this.#readings) leases.add(agentId);
    this.#over.add(epoch);
    for (const first of this.#over) {
      if (this.#over.size <= MAX_OVER) break;
      this.#over.delete(first);
    }
    if (this.#peers.get(agentId)?.life.epoch === epoch) {
      this.#peers.delete(agentId);
    }
    if (this.#rows.get(agentId)?.epoch === epoch) this.#rows.delete(agentId);
    this.#judge(agentId);
  }

  /** Takes a change of an entry. */
  changed({ change }: RowChange): void {
    const id = change.type === "put" ? change.row.id : change.id;
    const agentId = this.#names.agentOf(id);
    if (agentId === undefined) return;
    for (const { rows } of this.#readings) rows.add(agentId);
    if (change.type === "put") {
      this.#wrote(change.row);
    } else {
      this.#rows.delete(agentId);
      this.#judge(agentId);
    }
  }

  /** Takes entries as they were read; one that is none is ignored. */
  wrote(read: readonly Row[], { rows }: Reading): void {
    for (const row of read) {
      const agentId = this.#names.agentOf(row.id);
      if (agentId !== undefined && !rows.has(agentId)) this.#wrote(row);
    }
  }

  /** Begins to read. */
  begin(): Reading {
    const reading = new Reading();
    this.#readings.add(reading);
    return reading;
  }

  /** Ends it, whatever has become of it. */
  end(reading: Reading): void {
    this.#readings.delete(reading);
  }

  /**
   * Takes the lease of an agent as it was read, or that there is none.
   *
   * @returns Whether it must be read again: something else came meanwhile.
   */
  read(
    agentId: string,
    lease: KeptLease | undefined,
    { leases }: Reading,
  ): "again" | undefined {
    const known = this.#peers.get(agentId);
    const life = lease && this.#otherOf(lease);
    const isSame = life?.epoch === known?.life.epoch;
    if (!isSame && leases.has(agentId)) return "again";
    if (known !== undefined && !isSame) this.ended(known.life);
    if (life === undefined || lease === undefined) return undefined;
    // One that was over, as a backbone has it that has lost the latest, is not
    // up before it is heard of.
    const age = this.#over.delete(life.epoch)
      ? Infinity
      : Math.max(0, lease.age);
    const former = isSame ? known : undefined;
    const before = former?.heardAt ?? -Infinity;
    // The age alone is no news: the backbone's clock may have been set back.
    if (before > -Infinity && lease.count <= (former?.count ?? 0)) {
      return undefined;
    }
    const heardAt = Math.max(steadyNow() - age, before);
    this.#keep({ life, count: lease.count, heardAt });
    return undefined;
  }

  /** Takes it that the backbone has forgotten which lives are over. */
  forget(): void {
    this.#over.clear();
  }

  /** Which agent of the project, other than oneself, a lease is of. */
  agentOf(lease: NodeLife): string | undefined {
    return this.#otherOf(lease)?.agentId;
  }

  /** The life of another agent of the project. */
  #otherOf(lease: NodeLife): AgentLife | undefined {
    const life = this.#names.lifeOf(lease);
    return life?.agentId === this.#self ? undefined : life;
  }

  #keep(peer: Peer): void {
    this.#peers.set(peer.life.agentId, peer);
    this.#judge(peer.life.agentId);
  }

  #wrote({ id, value, ...owner }: Row): void {
    const life = this.#otherOf(owner);
    if (life === undefined || this.#names.row(life.agentId) !== id) return;
    const { agentId, epoch } = life;
    const startedAt = startedAtIn(value, agentId, this.#project);
    if (startedAt === undefined) return;
    this.#rows.set(agentId, { epoch, startedAt });
    this.#judge(agentId);
  }

  /** Tells what has changed for an agent, if something has. */
  #judge(agentId: string): void {
    const peer = this.#peers.get(agentId);
    const row = this.#rows.get(agentId);
    const former = this.#up.get(agentId);
    const now = row !== undefined && row.epoch === peer?.life.epoch
      ? row
      : undefined;
    if (former?.epoch === now?.epoch) return;
    if (former !== undefined) {
      this.#up.delete(agentId);
      this.#say("down", agentId, former);
    }
    // Whoever has long been silent is not up, before it is heard of again.
    if (now === undefined || peer === undefined || isSilent(peer)) return;
    this.#up.set(agentId, now);
    this.#say("up", agentId, now);
  }

  #say(kind: "up" | "down", agentId: string, { startedAt }: KnownRow): void {
    const project = this.#project;
    this.#tell({ kind, agentId, project, startedAt, seenAt: Date.now() });
  }
}

/** Whether an agent has not been heard of for its TTL. */
export function isSilent({ life, heardAt }: Peer, since = -Infinity): boolean {
  return steadyNow() - Math.max(heardAt, since) >= life.ttlMs;
}
