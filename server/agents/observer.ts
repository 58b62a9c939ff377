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
import { isSilent, type Reading, type Roster } from "./roster.ts";

/** The result of reading everything about the agents. */
interface Known {
  readonly rows: readonly Row[];
  readonly leases: ReadonlyMap<string, KeptLease>;
}

/** Keeps a roster up to date, and ends the lives of silent agents. */
export class Observer {
  readonly #names: ProjectNames;
  readonly #connection: BackboneConnection;
  readonly #roster: Roster;
  /** The last known change of the entries; no memory before the first read. */
  #known = { memory: "", revision: 0 };
  /** Since when nothing was missed: earlier silence proves nothing. */
  #since: Timestamp = -Infinity;
  #forgottenAt: Timestamp = -Infinity;
  #unpurged: readonly string[] = [];
  #purging: Promise<unknown> | undefined;

  /** Makes the observer of a project. */
  constructor(
    names: ProjectNames,
    connection: BackboneConnection,
    roster: Roster,
  ) {
    this.#names = names;
    this.#connection = connection;
    this.#roster = roster;
  }

  /** Reports whether a lease names a change of the entries that is not known. */
  isBehind(lease: Lease): boolean {
    const { memory, revision } = this.#known;
    return lease.announced === memory &&
      lease.written.some(([context, written]) =>
        context === this.#names.context && written > revision
      );
  }

  /** Applies a change of an entry; reports whether another one was missed. */
  changed(change: RowChange): boolean {
    this.#roster.changed(change);
    const { memory, revision, previous = 0 } = change;
    // Before the first read, or after the backbone has forgotten everything.
    if (memory !== this.#known.memory) return this.#known.memory !== "";
    const isMissed = previous > this.#known.revision;
    if (revision > this.#known.revision) this.#known = { memory, revision };
    return isMissed;
  }

  /** The backbone has forgotten everything: all agents have time to return. */
  forget(): void {
    this.#forgottenAt = steadyNow();
    this.#roster.forget();
  }

  /** Reads everything that may have been missed; returns the entries. */
  async learn(): Promise<readonly Row[]> {
    this.#since = steadyNow();
    return (await this.#read()).rows;
  }

  /** Reads the lease of an agent. */
  async check(agentId: string): Promise<KeptLease | undefined> {
    const node = this.#names.node(agentId);
    let lease: KeptLease | undefined;
    let isRead = false;
    while (!isRead) {
      isRead = await this.#roster.reading(async (reading) => {
        [lease] = await this.#connection.leases(node);
        return this.#roster.readLease(agentId, lease, reading);
      });
    }
    return lease;
  }

  /** Ends the lives of all silent agents. */
  async judge(): Promise<void> {
    const silent = [...this.#roster.peers]
      .filter((peer) => isSilent(peer, this.#since));
    await Promise.all(silent.map(({ life }) => this.#judge(life.agentId)));
  }

  /** Returns when the next agent is silent for too long. */
  deadline(): Timestamp {
    let deadline = Infinity;
    for (const { life, heardAt } of this.#roster.peers) {
      const due = Math.max(heardAt, this.#since) + life.ttlMs;
      deadline = Math.min(deadline, due);
    }
    return deadline;
  }

  /**
   * Purges lives that were unpurged a heartbeat ago already: the agent that ended
   * them has failed. Neither the duration nor a failure affects the heartbeat.
   */
  purge(unpurged: readonly NodeLife[]): void {
    const lives = unpurged
      .filter(({ epoch }) => this.#unpurged.includes(epoch));
    this.#unpurged = unpurged.map(({ epoch }) => epoch);
    const purges = () => lives.map((life) => purge(this.#connection, life));
    this.#purging ??= Promise.allSettled(purges())
      .then(() => this.#purging = undefined);
  }

  /** Returns all live agents of the project. */
  async who(self: AgentEntry): Promise<AgentEntry[]> {
    const { rows, leases } = await this.#read();
    const entries = new Map([[self.agentId, self]]);
    for (const row of rows) {
      const entry = this.#entryOf(row, leases.get(row.node));
      if (entry !== undefined) entries.set(entry.agentId, entry);
    }
    return [...entries.values()]
      .sort((a, b) => a.agentId < b.agentId ? -1 : 1);
  }

  /** Reports whether an agent lives. */
  async present(agentId: string): Promise<boolean> {
    const node = this.#names.node(agentId);
    const [lease] = await this.#connection.leases(node);
    return lease !== undefined && this.#isLive(lease);
  }

  #read(): Promise<Known> {
    return this.#roster.reading((reading) => this.#readDuring(reading));
  }

  async #readDuring(reading: Reading): Promise<Known> {
    // In this order: the lease of every entry that was read is read too.
    const { rows, memory } = await this.#readRows();
    const kept = await this.#connection.leases();
    const leases = new Map(kept.map((lease) => [lease.node, lease]));
    this.#roster.readEntries(rows, reading);
    const late = this.#lateRows(rows, leases);
    // The backbone may have forgotten the missing leases meanwhile.
    const isMissing = [...this.#roster.peers]
      .some(({ life }) => !leases.has(life.node));
    const isClear = late.length === 0 && !isMissing ||
      (await this.#readRows()).memory === memory;
    const unclear = [...this.#agentsOf(leases)].filter((agentId) => {
      const lease = leases.get(this.#names.node(agentId));
      return !this.#roster.readLease(agentId, lease, reading);
    });
    // Forgotten agents may be back, and their entries with them. A sweep may
    // fail: readers ignore late entries anyway.
    const swept = isClear ? late : [];
    const { context } = this.#names;
    await Promise.allSettled(
      swept.map((row) => this.#connection.purge(row, context)),
    );
    for (const agentId of unclear) await this.check(agentId);
    return { rows, leases };
  }

  /** Returns the agents that have a lease, and those that have lost it. */
  #agentsOf(leases: ReadonlyMap<string, KeptLease>): Set<string> {
    const agents = new Set<string>();
    for (const lease of leases.values()) {
      const agentId = this.#roster.otherOf(lease)?.agentId;
      if (agentId !== undefined) agents.add(agentId);
    }
    for (const { life } of this.#roster.peers) {
      const mayReturn = steadyNow() - this.#forgottenAt < life.ttlMs;
      if (!mayReturn) agents.add(life.agentId);
    }
    return agents;
  }

  async #readRows(): Promise<ContextRows> {
    const read = await this.#connection.read(this.#names.context);
    const { memory, revision } = read;
    const known = this.#known;
    if (known.memory !== "" && memory !== known.memory) this.forget();
    if (memory !== known.memory || revision > known.revision) {
      this.#known = { memory, revision };
    }
    return read;
  }

  /** Returns the entries that were written after their life was over. */
  #lateRows(
    rows: readonly Row[],
    leases: ReadonlyMap<string, Lease>,
  ): readonly Row[] {
    return rows.filter((row) =>
      leases.get(row.node)?.epoch !== row.epoch &&
      this.#names.lifeOf(row) !== undefined
    );
  }

  #entryOf(row: Row, lease: KeptLease | undefined): AgentEntry | undefined {
    const life = this.#names.lifeOf(row);
    if (life === undefined || this.#names.row(life.agentId) !== row.id) {
      return undefined;
    }
    if (lease?.epoch !== life.epoch || !this.#isLive(lease)) return undefined;
    const { agentId } = life;
    const { project } = this.#names;
    const startedAt = startedAtIn(row.value, agentId, project);
    if (startedAt === undefined) return undefined;
    const lastSeen = Date.now() - lease.age;
    return new AgentEntry(agentId, project, startedAt, lastSeen);
  }

  #isLive(lease: KeptLease): boolean {
    const life = this.#names.lifeOf(lease);
    return life !== undefined && lease.age < life.ttlMs;
  }

  async #judge(agentId: string): Promise<void> {
    const lease = await this.check(agentId);
    const peer = this.#roster.peer(agentId);
    if (lease === undefined || lease.epoch !== peer?.life.epoch) return;
    if (!isSilent(peer, this.#since)) return;
    // The count from the read: a renewal that was heard of may be lost.
    const isMine = await this.#connection.end(lease, lease.count);
    if (!isMine) return;
    this.#roster.ended(lease);
    // If that fails, the heartbeats of others find the life unpurged.
    purge(this.#connection, lease).catch(() => {});
  }
}
