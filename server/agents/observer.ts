import { steadyNow, type Timestamp } from "../../core/mod.ts";
import type {
  BackboneConnection,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  Row,
  RowChange,
} from "../cluster/mod.ts";
import { AgentEntry, startedAtIn } from "./agent_entry.ts";
import type { ProjectNames } from "./agent_life.ts";
import { purge } from "./own_life.ts";
import { isSilent, type Peer, type Roster } from "./roster.ts";

/** What was read of all agents. */
interface Known {
  readonly rows: readonly Row[];
  readonly leases: ReadonlyMap<string, KeptLease>;
}

/**
 * Keeps a roster up to date: reads what may have been missed, and ends the
 * lives of agents that are silent.
 */
export class Observer {
  readonly #project: string;
  readonly #names: ProjectNames;
  readonly #connection: BackboneConnection;
  readonly #roster: Roster;
  readonly #onRows: (rows: readonly Row[]) => void;
  /** Up to which change of the entries all is known, and of which memory. */
  #known = { memory: "", revision: 0 };
  /** Since when nothing was missed: whoever was silent before may not have been. */
  #since: Timestamp = -Infinity;
  #forgottenAt: Timestamp = -Infinity;
  #unpurged: readonly string[] = [];
  #isPurging = false;
  #mustRead = false;
  #learning: Promise<void> | undefined;

  /** Makes the observer of a project. */
  constructor(
    project: string,
    names: ProjectNames,
    connection: BackboneConnection,
    roster: Roster,
    onRows: (rows: readonly Row[]) => void,
  ) {
    this.#project = project;
    this.#names = names;
    this.#connection = connection;
    this.#roster = roster;
    this.#onRows = onRows;
  }

  /**
   * Takes a lease as it was renewed.
   *
   * @returns What must be read then, if something must.
   */
  renewed(lease: Lease): (() => Promise<unknown>) | undefined {
    const agentId = this.#roster.renewed(lease);
    if (agentId !== undefined) return () => this.check(agentId);
    const { memory, revision } = this.#known;
    const isBehind = lease.announced === memory &&
      lease.written.some(([context, written]) =>
        context === this.#names.context && written > revision
      );
    return isBehind ? () => this.learnRows() : undefined;
  }

  /**
   * Takes a change of an entry.
   *
   * @returns What must be read then, if something must.
   */
  changed(change: RowChange): (() => Promise<unknown>) | undefined {
    this.#roster.changed(change);
    const { memory, revision, previous = 0 } = change;
    if (memory !== this.#known.memory) return () => this.learnRows();
    const hasMissed = previous > this.#known.revision;
    if (revision > this.#known.revision) this.#known = { memory, revision };
    return hasMissed ? () => this.learnRows() : undefined;
  }

  /** Takes it that the backbone has forgotten: all have time to come back. */
  forget(): void {
    this.#forgottenAt = steadyNow();
    this.#roster.forget();
  }

  /** Reads all that may have been missed. */
  async learn(): Promise<void> {
    this.#since = steadyNow();
    await this.#readAll();
  }

  /** Reads the entries; once more, if that is under way. */
  learnRows(): Promise<void> {
    this.#mustRead = true;
    return this.#learning ??= this.#learnWhileNeeded();
  }

  /** Reads the lease of an agent. */
  async check(agentId: string): Promise<KeptLease | undefined> {
    for (;;) {
      const reading = this.#roster.begin();
      try {
        const node = this.#names.node(agentId);
        const [lease] = await this.#connection.leases(node);
        const isUnclear = this.#roster.read(agentId, lease, reading);
        if (isUnclear !== "again") return lease;
      } finally {
        this.#roster.end(reading);
      }
    }
  }

  /** Ends the lives of those who have been silent for too long. */
  async judge(): Promise<void> {
    const silent = [...this.#roster.peers]
      .filter((peer) => isSilent(peer, this.#since));
    await Promise.all(silent.map(({ life }) => this.#judge(life.agentId)));
  }

  /** When the next one will have been silent for too long. */
  deadline(): Timestamp {
    let deadline = Infinity;
    for (const { life, heardAt } of this.#roster.peers) {
      const due = Math.max(heardAt, this.#since) + life.ttlMs;
      deadline = Math.min(deadline, due);
    }
    return deadline;
  }

  /**
   * Purges lives that were to be purged a heartbeat ago already. How long that
   * takes, and whether it fails, is nothing to the heartbeat.
   */
  async purge(unpurged: readonly NodeLife[]): Promise<void> {
    if (this.#isPurging) return;
    const former = this.#unpurged;
    this.#unpurged = unpurged.map(({ epoch }) => epoch);
    this.#isPurging = true;
    try {
      for (const life of unpurged) {
        if (former.includes(life.epoch)) await purge(this.#connection, life);
      }
    } catch {
      // They are tried again with the next heartbeat, by whomever.
    } finally {
      this.#isPurging = false;
    }
  }

  /** All agents of the project that live. */
  async who(self: AgentEntry): Promise<AgentEntry[]> {
    const { rows, leases } = await this.#readAll();
    const entries = new Map([[self.agentId, self]]);
    for (const row of rows) {
      const entry = this.#entryOf(row, leases.get(row.node));
      if (entry !== undefined) entries.set(entry.agentId, entry);
    }
    return [...entries.values()]
      .sort((a, b) => a.agentId < b.agentId ? -1 : 1);
  }

  /** Whether an agent lives. */
  async present(agentId: string): Promise<boolean> {
    const node = this.#names.node(agentId);
    const [lease] = await this.#connection.leases(node);
    return lease !== undefined && this.#isLive(lease);
  }

  async #learnWhileNeeded(): Promise<void> {
    try {
      while (this.#mustRead) {
        this.#mustRead = false;
        const reading = this.#roster.begin();
        try {
          this.#roster.wrote((await this.#readRows()).rows, reading);
        } finally {
          this.#roster.end(reading);
        }
      }
    } finally {
      this.#learning = undefined;
    }
  }

  async #readAll(): Promise<Known> {
    const again: string[] = [];
    const reading = this.#roster.begin();
    try {
      // In this order: of every entry that is read the lease is read, too.
      const { rows, memory } = await this.#readRows();
      const leases = new Map<string, KeptLease>();
      for (const lease of await this.#connection.leases()) {
        leases.set(lease.node, lease);
      }
      this.#roster.wrote(rows, reading);
      const late = this.#lateRows(rows, leases);
      // Perhaps those who have no lease were forgotten meanwhile.
      const isClear = late.length === 0 && !this.#isMissing(leases) ||
        (await this.#readRows()).memory === memory;
      for (const agentId of this.#agentsOf(leases)) {
        const lease = leases.get(this.#names.node(agentId));
        const isUnclear = this.#roster.read(agentId, lease, reading);
        if (isUnclear === "again") again.push(agentId);
      }
      // Those who were forgotten may be back, and their entries with them.
      if (isClear) await this.#sweep(late);
      return { rows, leases };
    } finally {
      this.#roster.end(reading);
      for (const agentId of again) await this.check(agentId);
    }
  }

  #isMissing(leases: ReadonlyMap<string, KeptLease>): boolean {
    return [...this.#roster.peers].some(({ life }) => !leases.has(life.node));
  }

  /** Those who have a lease, and those who have it no longer. */
  #agentsOf(leases: ReadonlyMap<string, KeptLease>): Set<string> {
    const agents = new Set<string>();
    for (const lease of leases.values()) {
      const agentId = this.#roster.agentOf(lease);
      if (agentId !== undefined) agents.add(agentId);
    }
    for (const peer of this.#roster.peers) {
      if (!this.#mayComeBack(peer)) agents.add(peer.life.agentId);
    }
    return agents;
  }

  async #readRows(): Promise<ContextRows> {
    const read = await this.#connection.read(this.#names.context);
    const { memory, revision, rows } = read;
    const known = this.#known;
    const isForgotten = known.memory !== "" && memory !== known.memory;
    if (isForgotten) this.forget();
    if (memory !== known.memory || revision > known.revision) {
      this.#known = { memory, revision };
    }
    this.#onRows(rows);
    return read;
  }

  /** Entries that were written too late, and so are yet there. */
  #lateRows(
    rows: readonly Row[],
    leases: ReadonlyMap<string, Lease>,
  ): readonly Row[] {
    return rows.filter((row) =>
      leases.get(row.node)?.epoch !== row.epoch &&
      this.#names.lifeOf(row) !== undefined
    );
  }

  /** What is swept counts for nothing anyway: it may as well fail. */
  async #sweep(late: readonly Row[]): Promise<void> {
    const { context } = this.#names;
    await Promise.allSettled(
      late.map((row) => this.#connection.purge(row, context)),
    );
  }

  #entryOf(row: Row, lease: KeptLease | undefined): AgentEntry | undefined {
    const life = this.#names.lifeOf(row);
    if (life === undefined || this.#names.row(life.agentId) !== row.id) {
      return undefined;
    }
    if (lease?.epoch !== life.epoch || !this.#isLive(lease)) return undefined;
    const startedAt = startedAtIn(row.value, life.agentId, this.#project);
    if (startedAt === undefined) return undefined;
    const lastSeen = Date.now() - lease.age;
    return new AgentEntry(life.agentId, this.#project, startedAt, lastSeen);
  }

  #isLive(lease: KeptLease): boolean {
    const life = this.#names.lifeOf(lease);
    return life !== undefined && lease.age < life.ttlMs;
  }

  #mayComeBack({ life }: Peer): boolean {
    return steadyNow() - this.#forgottenAt < life.ttlMs;
  }

  async #judge(agentId: string): Promise<void> {
    const lease = await this.check(agentId);
    const peer = this.#roster.peer(agentId);
    if (lease === undefined || lease.epoch !== peer?.life.epoch) return;
    if (!isSilent(peer, this.#since)) return;
    // The count as it was read: a renewal that was heard of may be lost.
    const isMine = await this.#connection.end(lease, lease.count);
    if (!isMine) return;
    this.#roster.ended(lease);
    // If that fails, whoever sees it unpurged with a heartbeat goes on.
    purge(this.#connection, lease).catch(() => {});
  }
}
