import type { Duration, Timestamp } from "../../core/mod.ts";
import type {
  BackboneConnection,
  Lease,
  NodeLife,
  Row,
} from "../cluster/mod.ts";
import { AgentEntry } from "./agent_entry.ts";
import type { AgentLife, ProjectNames } from "./agent_life.ts";
import { DisplacedError } from "./errors.ts";

/** What a heartbeat has brought to light. */
export interface Heartbeat {
  /** Whether the backbone has forgotten what it knew. */
  readonly isForgotten: boolean;
  /** Lives that are over, but whose entries are not all purged. */
  readonly unpurged: readonly NodeLife[];
}

/** Who an agent is. */
export interface Identity {
  /** The agent. */
  readonly agentId: string;
  /** Its project. */
  readonly project: string;
  /** The time between two heartbeats, in milliseconds. */
  readonly heartbeatIntervalMs: Duration;
}

/** An agent's own lease and entry. */
export class OwnLife {
  /** When the agent was started. */
  readonly startedAt: Timestamp = Date.now();
  readonly #identity: Identity;
  readonly #names: ProjectNames;
  readonly #connection: BackboneConnection;
  #life: AgentLife;
  #count = 0;
  #memory = "";
  /** The memory of the backbone that has the entry; "" if none has. */
  #announced = "";
  /** Whether the entry is being written, and whether it may be lost since. */
  #writing: "sure" | "in doubt" | undefined;
  /** The revision of the entry. */
  #revision = 0;
  #renewedAt = this.startedAt;

  /** Makes a life that is yet to begin. */
  constructor(
    identity: Identity,
    names: ProjectNames,
    connection: BackboneConnection,
  ) {
    this.#identity = identity;
    this.#names = names;
    this.#connection = connection;
    this.#life = this.#another(1);
  }

  /** The entry, as of the last heartbeat. */
  get entry(): AgentEntry {
    const { agentId, project } = this.#identity;
    return new AgentEntry(agentId, project, this.startedAt, this.#renewedAt);
  }

  /** Takes the id, also from another process that has it; announces nothing yet. */
  async begin(): Promise<void> {
    const [former] = await this.#connection.leases(this.#life.node);
    const generation = former && this.#names.lifeOf(former)?.generation;
    this.#life = this.#another((generation ?? 0) + 1);
    await this.#acquire();
    if (former !== undefined) await purge(this.#connection, former);
  }

  /** Writes the entry. */
  async announce(): Promise<void> {
    const memory = this.#memory;
    this.#writing = "sure";
    try {
      if (!await this.#write()) {
        await this.#clear();
        if (!await this.#write()) throw new Error("the entry is another's");
      }
      if (this.#writing === "sure") this.#announced = memory;
    } finally {
      this.#writing = undefined;
    }
  }

  /**
   * Takes it that the entry is lost, or was written over, unless a read of the
   * context shows it: the next heartbeat writes it again.
   *
   * @returns Whether that is so.
   */
  isLost(rows: readonly Row[]): boolean {
    if (this.#announced === "" && this.#writing === undefined) return false;
    const { epoch, agentId } = this.#life;
    const id = this.#names.row(agentId);
    const isThere = rows.some((row) => row.id === id && row.epoch === epoch);
    if (isThere) return false;
    // Perhaps it is being written, and the answer comes after what came later.
    if (this.#writing !== undefined) this.#writing = "in doubt";
    this.#announced = "";
    return true;
  }

  /**
   * Renews the lease. If the life was given up, as that of an agent which was
   * cut off, another one begins; if it was forgotten, it goes on.
   *
   * @throws {DisplacedError} If another process has the id now.
   */
  async renew(): Promise<Heartbeat> {
    const renewal = await this.#connection.renew(this.#lease());
    const isForgotten = renewal.memory !== this.#memory;
    if (renewal.isKept) {
      this.#memory = renewal.memory;
      this.#renewedAt = Date.now();
    } else {
      await this.#comeBack(isForgotten);
    }
    if (this.#announced !== this.#memory) await this.announce();
    return { isForgotten, unpurged: renewal.unpurged };
  }

  /** Ends the life, so that nobody needs to wait for that. */
  async end(): Promise<void> {
    const { node, epoch } = this.#life;
    const [lease] = await this.#connection.leases(node);
    if (lease?.epoch !== epoch) return;
    const isEnded = await this.#connection.end(this.#life, lease.count);
    if (isEnded) await purge(this.#connection, this.#life);
  }

  async #comeBack(isForgotten: boolean): Promise<void> {
    const former = this.#life;
    const [holder] = await this.#connection.leases(former.node);
    if (holder !== undefined && holder.epoch !== former.epoch) {
      const other = this.#names.lifeOf(holder)?.generation ?? Infinity;
      if (other >= former.generation) {
        throw new DisplacedError(former.agentId, this.#identity.project);
      }
    }
    // One that was ended can't go on; one that was forgotten can.
    if (!isForgotten) this.#life = this.#another(former.generation);
    await this.#acquire();
    if (!isForgotten) await purge(this.#connection, former);
  }

  async #acquire(): Promise<void> {
    this.#announced = "";
    this.#memory = await this.#connection.acquire(this.#lease());
    this.#renewedAt = Date.now();
  }

  #another(generation: number): AgentLife {
    const { agentId, heartbeatIntervalMs } = this.#identity;
    this.#count = 0;
    return this.#names.begin(agentId, generation, heartbeatIntervalMs);
  }

  #lease(): Lease {
    const { node, epoch } = this.#life;
    const announced = this.#announced;
    const { context } = this.#names;
    // Whoever has missed the entry finds that.
    const written = announced === ""
      ? []
      : [[context, this.#revision] as const];
    return { node, epoch, count: ++this.#count, announced, written };
  }

  async #write(): Promise<boolean> {
    const { context } = this.#names;
    const id = this.#names.row(this.#life.agentId);
    const value = JSON.stringify(this.entry);
    const [written] = await this.#connection.write(this.#life, [
      { type: "put", context, id, value, age: 0 },
    ]);
    if (written?.isDone) this.#revision = written.revision;
    return written?.isDone ?? false;
  }

  /**
   * Removes the entry of a former life that would stand in the way; not that of
   * a later one, by which this life is over.
   */
  async #clear(): Promise<void> {
    const { context } = this.#names;
    const { node, epoch } = this.#life;
    const { rows } = await this.#connection.read(context);
    const [lease] = await this.#connection.leases(node);
    for (const row of rows) {
      if (row.node !== node || row.epoch === epoch) continue;
      if (row.epoch === lease?.epoch) continue;
      await this.#connection.purge(row, context);
    }
  }
}

/** Removes all that a life that is over has left. */
export async function purge(
  connection: BackboneConnection,
  life: NodeLife,
): Promise<void> {
  let isDone = false;
  while (!isDone) isDone = await connection.purge(life);
}
