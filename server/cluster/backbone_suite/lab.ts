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

/** What a case does with what is there. */
export type Look = (lab: Lab) => Promise<void>;

/** Cases by their names. */
export type Cases = Readonly<Record<string, Look>>;

/** A row as it is compared: how old it is, is another question. */
export interface PlainRow extends NodeLife {
  readonly id: string;
  readonly value: string;
}

/** A context and an id as they are named in fact: both are JSON. */
export const CONTEXT = '"doc-1"';
/** Another context. */
export const OTHER = '"doc-2"';

/** The id of a row that somebody has. */
export function idOf(subject: string): string {
  return JSON.stringify([subject, null, "session"]);
}

/** The first of what there must be. */
export function first<T>(items: readonly T[], what: string): T {
  const [item] = items;
  ensure(item !== undefined, `there is ${what}`);
  return item;
}

/** Somebody who is connected, and remembers what they were told. */
export class Party implements BackboneListener {
  /** What this party is called. */
  readonly node: string;
  /** All changes that were told. */
  readonly changes: RowChange[] = [];
  /** All leases that were told. */
  readonly told: Lease[] = [];
  /** All lives that were told to be over. */
  readonly ended: NodeLife[] = [];
  /** All texts, to whose followers they were sent, and from whom. */
  readonly texts: (readonly [context: string, from: string, text: string])[] =
    [];
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

  /** The life. */
  get life(): NodeLife {
    const { node, epoch } = this.#lease;
    return { node, epoch };
  }

  /** The lease as it was said last. */
  get lease(): Lease {
    return this.#lease;
  }

  /** Begins the life, or another one. */
  acquire(epoch: string = this.#lease.epoch): Promise<string> {
    this.#lease = { ...this.#lease, epoch, count: 1 };
    return this.connection.acquire(this.#lease);
  }

  /** Renews the lease, and says something new with it. */
  renew(news: Partial<Lease> = {}) {
    const count = this.#lease.count + 1;
    this.#lease = { ...this.#lease, count, ...news };
    return this.connection.renew(this.#lease);
  }

  /** Writes. */
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

  /** The rows of a context, by their ids. */
  async rows(context = CONTEXT): Promise<readonly PlainRow[]> {
    return plain((await this.read(context)).rows);
  }

  /** The row as it is to be read that this party has put. */
  row(id: string, value = "1"): PlainRow {
    return { ...this.life, id, value };
  }

  /** The lease of a node, if it has one that has not ended. */
  async leaseOf(node: string): Promise<KeptLease | undefined> {
    const leases = await this.connection.leases(node);
    ensure(leases.length <= 1, `${node} has one lease at most`);
    return leases[0];
  }

  /** The lives whose leases have not ended, by their nodes. */
  async lives(): Promise<readonly NodeLife[]> {
    const leases = await this.connection.leases();
    return leases.map(lifeOf).sort((a, b) => a.node < b.node ? -1 : 1);
  }

  /** Waits until a change of a row is told. */
  async hears(id: string, context = CONTEXT): Promise<RowChange> {
    const find = () =>
      this.changes.filter((told) =>
        told.context === context && idIn(told) === id
      );
    await until(
      () => find().length > 0,
      `${this.node} is told of ${id} in ${context}`,
    );
    return first(find(), "the change");
  }

  // What is told

  onChange(change: RowChange): void {
    this.changes.push(change);
  }

  onLease(lease: Lease): void {
    this.told.push(lease);
  }

  onEnded(life: NodeLife): void {
    this.ended.push(life);
  }

  onMessage(context: string, from: string, text: string): void {
    this.texts.push([context, from, text]);
  }

  onInterrupted(): void {}
}

/** A backbone, and those who are connected to it. */
export class Lab {
  readonly #harness: BackboneHarness;
  readonly #parties: Party[] = [];

  constructor(harness: BackboneHarness) {
    this.#harness = harness;
  }

  /** The backbone as another process has it. */
  async open(): Promise<PresenceBackbone> {
    return await this.#harness.open();
  }

  /** Has it forget everything. */
  async forget(): Promise<void> {
    await this.#harness.forget();
  }

  /** Somebody who is connected, and has no lease. */
  async connect(node: string, backbone?: PresenceBackbone): Promise<Party> {
    const party = new Party(node, `${node}/1`);
    await party.connect(backbone ?? await this.open());
    this.#parties.push(party);
    return party;
  }

  /** Somebody who is connected, and has a lease. */
  async join(node: string, backbone?: PresenceBackbone): Promise<Party> {
    const party = await this.connect(node, backbone);
    await party.acquire();
    return party;
  }

  /** Two who have a lease. */
  async pair(): Promise<[Party, Party]> {
    return [await this.join("a"), await this.join("b")];
  }

  /** Closes what is open. */
  async close(): Promise<void> {
    await Promise.allSettled(
      this.#parties.map(({ connection }) => connection.close()),
    );
  }
}

/** Which life something is of. */
export function lifeOf({ node, epoch }: NodeLife): NodeLife {
  return { node, epoch };
}

/** A lease without its age. */
export function leaseOf(
  { node, epoch, count, announced, written }: Lease,
): Lease {
  return { node, epoch, count, announced, written };
}

/** A lease that must be there. */
export function kept(lease: KeptLease | undefined): KeptLease {
  ensure(lease !== undefined, "there is a lease");
  return lease;
}

/** Rows in the order of their ids, without their ages. */
export function plain(rows: ContextRows["rows"]): readonly PlainRow[] {
  return rows.map(({ node, epoch, id, value }) => ({ node, epoch, id, value }))
    .sort((a, b) => a.id < b.id ? -1 : 1);
}

/** Which row a change is of. */
export function idIn({ change }: RowChange): string {
  return change.type === "put" ? change.row.id : change.id;
}

/** A change in short: what was put, or which one is gone. */
export function brief({ change }: RowChange): string {
  return change.type === "put"
    ? `${change.row.id}=${change.row.value}`
    : `${change.id} is gone`;
}

/** Fails unless somebody was told these changes of a context, in order. */
export function ensureTold(
  party: Party,
  expected: readonly string[],
  context = CONTEXT,
): void {
  const told = party.changes.filter((change) => change.context === context);
  ensureSame(told.map(brief), expected, `${party.node} was told so`);
  ensureChain(told);
}

/** Fails unless changes of one context follow each other without a gap. */
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
