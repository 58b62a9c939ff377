import type {
  BackboneConnection,
  BackboneListener,
  ContextRows,
  KeptLease,
  Lease,
  NodeLife,
  PresenceBackbone,
  RowChange,
  RowWrite,
  Written,
} from "../backbone.ts";
import { ensure, ensureSame, until } from "./assertions.ts";
import type { BackboneHarness } from "./harness.ts";

/** What a case does in a lab. */
export type Look = (lab: Lab) => Promise<void>;

/** Cases by their names. */
export type Cases = Readonly<Record<string, Look>>;

/** A row as cases compare it, without its age. */
export interface PlainRow extends NodeLife {
  readonly id: string;
  readonly value: string;
}

/** The name of a context, in the form that servers use: JSON. */
export const CONTEXT = '"doc-1"';
/** Another context. */
export const OTHER = '"doc-2"';

/** Returns the id of a row of a subject. */
export function idOf(subject: string): string {
  return JSON.stringify([subject, null, "session"]);
}

/** Returns the first item; fails if there is none. */
export function first<T>(items: readonly T[], what: string): T {
  const [item] = items;
  ensure(item !== undefined, `there is ${what}`);
  return item;
}

/** A connected node that records what it is notified of. */
export class Party implements BackboneListener {
  /** The name of the node. */
  readonly node: string;
  /** All changes. */
  readonly changes: RowChange[] = [];
  /** All leases that were renewed. */
  readonly leases: Lease[] = [];
  /** All lives that have ended. */
  readonly ended: NodeLife[] = [];
  /** All texts, with their contexts and senders. */
  readonly texts: (readonly [context: string, from: string, text: string])[] =
    [];
  /** How often the connection was interrupted. */
  interruptions = 0;
  #connection: BackboneConnection | undefined;
  #lease: Lease;

  constructor(node: string, epoch: string) {
    this.node = node;
    this.#lease = { node, epoch, count: 0, announced: "", written: [] };
  }

  /** Connects. */
  async connect(backbone: PresenceBackbone): Promise<void> {
    this.#connection = await backbone.connect(this.node, this);
  }

  /** The connection. */
  get connection(): BackboneConnection {
    ensure(this.#connection !== undefined, `${this.node} is connected`);
    return this.#connection;
  }

  /** The life of the node. */
  get life(): NodeLife {
    const { node, epoch } = this.#lease;
    return { node, epoch };
  }

  /** The lease as it was renewed last. */
  get lease(): Lease {
    return this.#lease;
  }

  /** Begins the life again, or another one. */
  acquire(epoch: string = this.#lease.epoch): Promise<string> {
    this.#lease = { ...this.#lease, epoch, count: 1 };
    return this.connection.acquire(this.#lease);
  }

  /** Renews the lease, with some news. */
  renew(news: Partial<Lease> = {}) {
    const count = this.#lease.count + 1;
    this.#lease = { ...this.#lease, count, ...news };
    return this.connection.renew(this.#lease);
  }

  /** Writes rows. */
  write(...writes: RowWrite[]): Promise<readonly Written[]> {
    return this.connection.write(this.life, writes);
  }

  /** Puts one row. */
  async put(id: string, value = "1", context = CONTEXT, age = 0) {
    const write = { type: "put", context, id, value, age } as const;
    return first(await this.write(write), "an answer to a write");
  }

  /** Retracts one row. */
  async retract(id: string, context = CONTEXT): Promise<Written> {
    const write = { type: "retract", context, id } as const;
    return first(await this.write(write), "an answer to a write");
  }

  /** Withdraws one row. */
  async withdraw(id: string, age = 0, context = CONTEXT): Promise<Written> {
    const write = { type: "withdraw", context, id, age } as const;
    return first(await this.write(write), "an answer to a write");
  }

  /** Reads a context. */
  read(context = CONTEXT): Promise<ContextRows> {
    return this.connection.read(context);
  }

  /** Returns the rows of a context in the order of their ids. */
  async rows(context = CONTEXT): Promise<readonly PlainRow[]> {
    return plain((await this.read(context)).rows);
  }

  /** Returns a row of this node as others must read it. */
  row(id: string, value = "1"): PlainRow {
    return { ...this.life, id, value };
  }

  /** Returns the lease of a node, if it has one that has not ended. */
  async leaseOf(node: string): Promise<KeptLease | undefined> {
    const leases = await this.connection.leases(node);
    ensure(leases.length <= 1, `${node} has one lease at most`);
    return leases[0];
  }

  /** Returns the lives that have their leases, in the order of their nodes. */
  async lives(): Promise<readonly NodeLife[]> {
    const leases = await this.connection.leases();
    return leases.map(lifeOf).sort((a, b) => a.node < b.node ? -1 : 1);
  }

  /** Waits for a change of a row. */
  async changed(id: string, context = CONTEXT): Promise<RowChange> {
    const find = () =>
      this.changes.filter((told) =>
        told.context === context && idIn(told) === id
      );
    await until(
      () => find().length > 0,
      `${this.node} is notified of ${id} in ${context}`,
    );
    return first(find(), "the change");
  }

  onChange(change: RowChange): void {
    this.changes.push(change);
  }

  onLease(lease: Lease): void {
    this.leases.push(lease);
  }

  onEnded(life: NodeLife): void {
    this.ended.push(life);
  }

  onMessage(context: string, from: string, text: string): void {
    this.texts.push([context, from, text]);
  }

  onInterrupted(): void {
    this.interruptions++;
  }
}

/** A backbone and nodes that are connected to it. */
export class Lab {
  readonly #harness: BackboneHarness;
  readonly #parties: Party[] = [];

  constructor(harness: BackboneHarness) {
    this.#harness = harness;
  }

  /** Returns the backbone as another process sees it. */
  async open(): Promise<PresenceBackbone> {
    return await this.#harness.open();
  }

  /** Makes the backbone forget everything. */
  async forget(): Promise<void> {
    await this.#harness.forget();
  }

  /** Connects a node, which gets no lease. */
  async connect(node: string, backbone?: PresenceBackbone): Promise<Party> {
    const party = new Party(node, `${node}/1`);
    await party.connect(backbone ?? await this.open());
    this.#parties.push(party);
    return party;
  }

  /** Connects a node, which gets a lease. */
  async join(node: string, backbone?: PresenceBackbone): Promise<Party> {
    const party = await this.connect(node, backbone);
    await party.acquire();
    return party;
  }

  /** Connects two nodes with leases. */
  async pair(): Promise<[Party, Party]> {
    return [await this.join("a"), await this.join("b")];
  }

  /** Closes all connections. */
  async close(): Promise<void> {
    await Promise.allSettled(
      this.#parties.map(({ connection }) => connection.close()),
    );
  }
}

/** Returns the life of a lease or a row. */
export function lifeOf({ node, epoch }: NodeLife): NodeLife {
  return { node, epoch };
}

/** Returns a lease without its age. */
export function leaseOf(
  { node, epoch, count, announced, written }: Lease,
): Lease {
  return { node, epoch, count, announced, written };
}

/** Returns a lease; fails if there is none. */
export function kept(lease: KeptLease | undefined): KeptLease {
  ensure(lease !== undefined, "there is a lease");
  return lease;
}

/** Returns rows in the order of their ids, without their ages. */
export function plain(rows: ContextRows["rows"]): readonly PlainRow[] {
  return rows.map(({ node, epoch, id, value }) => ({ node, epoch, id, value }))
    .sort((a, b) => a.id < b.id ? -1 : 1);
}

/** Returns the id of the row that has changed. */
export function idIn({ change }: RowChange): string {
  return change.type === "put" ? change.row.id : change.id;
}

/** Describes a change: the row that was put, or the id of one that is gone. */
export function brief({ change }: RowChange): string {
  return change.type === "put"
    ? `${change.row.id}=${change.row.value}`
    : `${change.id} is gone`;
}

/** Fails unless a node received these changes of a context, in this order. */
export function ensureChanges(
  party: Party,
  expected: readonly string[],
  context = CONTEXT,
): void {
  const told = party.changes.filter((change) => change.context === context);
  ensureSame(
    told.map(brief),
    expected,
    `${party.node} has received these changes`,
  );
  ensureChain(told);
}

/** Fails unless changes of one context form a chain without a gap. */
export function ensureChain(told: readonly RowChange[]): void {
  let last: RowChange | undefined;
  for (const change of told) {
    const { previous, revision, memory } = change;
    if (last !== undefined) {
      ensure(revision > last.revision, "the revisions of a context grow");
      ensureSame(memory, last.memory, "changes are of one memory");
      ensure(
        previous === undefined || previous === last.revision,
        "`previous` is the revision of the change before",
      );
    }
    ensure(
      previous === undefined || previous < revision,
      "`previous` is before the revision",
    );
    last = change;
  }
}
