import type { Timestamp } from "../../core/mod.ts";
import type {
  BackboneConnection,
  Lease,
  NodeLife,
  Renewal,
  Row,
  RowChange,
} from "../cluster/mod.ts";
import type { AgentConfig } from "./agent_config.ts";
import { AgentEntry } from "./agent_entry.ts";
import type { AgentLife, ProjectNames } from "./agent_life.ts";
import { DisplacedError } from "./errors.ts";

/** The result of a heartbeat. */
export interface Heartbeat extends Pick<Renewal, "unpurged"> {
  /** Whether the backbone has forgotten everything. */
  readonly isForgotten: boolean;
}

/** An agent's own lease and entry. */
export class OwnLife {
  /** When the agent was started. */
  readonly startedAt: Timestamp = Date.now();
  readonly #config: AgentConfig;
  readonly #names: ProjectNames;
  readonly #connection: BackboneConnection;
  #life: AgentLife;
  #count = 0;
  #memory = "";
  /** The memory of the backbone that has the entry; "" for none. */
  #announced = "";
  /** The revision of the entry. */
  #revision = 0;
  #renewedAt = this.startedAt;

  /** Makes a life that has not begun. */
  constructor(
    config: AgentConfig,
    names: ProjectNames,
    connection: BackboneConnection,
  ) {
    this.#config = config;
    this.#names = names;
    this.#connection = connection;
    this.#life = this.#another(1);
  }

  /** The entry, as of the last heartbeat. */
  get entry(): AgentEntry {
    const { agentId, project } = this.#config;
    return new AgentEntry(agentId, project, this.startedAt, this.#renewedAt);
  }

  /** Takes the id, even from another process; announces nothing yet. */
  async begin(): Promise<void> {
    const [former] = await this.#connection.leases(this.#life.node);
    const generation = former && this.#names.lifeOf(former)?.generation;
    this.#life = this.#another((generation ?? 0) + 1);
    await this.#acquire();
    if (former !== undefined) await purge(this.#connection, former);
  }

  /** Writes the entry, unless the backbone has it. */
  async announce(): Promise<void> {
    const memory = this.#memory;
    if (this.#announced === memory) return;
    const { context } = this.#names;
    const id = this.#names.row(this.#life.agentId);
    const value = JSON.stringify(this.entry);
    // With an age of 0 it replaces the entry of any other life.
    const [written] = await this.#connection.write(this.#life, [
      { type: "put", context, id, value, age: 0 },
    ]);
    if (!written?.isDone) throw new Error("the entry is another's");
    this.#revision = written.revision;
    this.#announced = memory;
  }

  /** Checks a read of all entries: without the own one, it is lost. */
  check(rows: readonly Row[]): void {
    const { epoch, agentId } = this.#life;
    const id = this.#names.row(agentId);
    const isThere = rows.some((row) => row.id === id && row.epoch === epoch);
    if (!isThere) this.#announced = "";
  }

  /** Reports whether a change has removed or replaced the entry. */
  isLostBy({ change }: RowChange): boolean {
    const id = this.#names.row(this.#life.agentId);
    return change.type === "put"
      ? change.row.id === id && change.row.epoch !== this.#life.epoch
      : change.id === id;
  }

  /**
   * Renews the lease. If others have ended the life, as of an agent that was cut
   * off, another one begins; if the backbone has forgotten it, it continues.
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
    return { isForgotten, unpurged: renewal.unpurged };
  }

  /** Ends the life, so that nobody has to wait for its lease to end. */
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
        throw new DisplacedError(former.agentId, this.#config.project);
      }
    }
    // An ended life can't continue; a forgotten one can.
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
    const { agentId, heartbeatIntervalMs } = this.#config;
    this.#count = 0;
    return this.#names.begin(agentId, generation, heartbeatIntervalMs);
  }

  #lease(): Lease {
    const { node, epoch } = this.#life;
    const announced = this.#announced;
    const { context } = this.#names;
    // By this, others detect that they have missed the entry.
    const written = announced === ""
      ? []
      : [[context, this.#revision] as const];
    return { node, epoch, count: ++this.#count, announced, written };
  }
}

/** Removes all entries of a life that is over. */
export async function purge(
  connection: BackboneConnection,
  life: NodeLife,
): Promise<void> {
  let isDone = false;
  while (!isDone) isDone = await connection.purge(life);
}
