import type { EntryKey, PresenceModel } from "../../core/mod.ts";
import type { RemoteEntry, Replication } from "../mod.ts";
import type { ContextRows, Lease, NodeLife, Row } from "./backbone.ts";
import type { Awaited, FollowedContext } from "./followed_context.ts";
import type { Interest } from "./interest.ts";
import type { OwnEntries } from "./own_entries.ts";
import type { Peers } from "./peers.ts";
import { decodeKey, decodeRow, rowId, saysTheSame } from "./row_codec.ts";
import type { Writer } from "./writer.ts";

/**
 * Through how many leases a row is awaited that its owner ought to write again:
 * with the next it has not noticed yet, with the one after it may be at it.
 */
const HOLD_LEASES = 2;

/** Until when the owner of a lease may write a row again that is gone. */
export function awaitedOf({ epoch, count }: Lease): Awaited {
  return { epoch, count: count + HOLD_LEASES };
}

/** What shows rows needs. */
export interface ShownHost<M extends PresenceModel> {
  /** The name of this node. */
  readonly node: string;
  /** The other nodes. */
  readonly peers: Peers;
  /** The entries of this one. */
  readonly own: OwnEntries<M>;
  /** Which entries are its own. */
  readonly interest: Interest;
  /** What is yet to be written. */
  readonly writer: Writer;
  /** Where they are shown. */
  readonly replication: () => Replication<M>;
}

/** Makes the server of this node show what the rows of contexts say. */
export class Shown<M extends PresenceModel> {
  readonly #host: ShownHost<M>;

  /** Makes one. */
  constructor(host: ShownHost<M>) {
    this.#host = host;
  }

  /** Shows what is known of a row, unless this node knows better. */
  show(context: FollowedContext<M>, id: string): void {
    const { node, interest, writer, replication } = this.#host;
    const { name } = context;
    const row = context.rows.get(id);
    if (writer.outbox.claims(name, id) || row?.node === node) return;
    if (row !== undefined && this.#contest(context, row)) {
      return writer.flushSoon();
    }
    interest.delete(name, id);
    const entry = row && decodeRow<M>(name, id, row.value, row.age);
    if (entry !== undefined) return replication().put([entry], true);
    const key = decodeKey<M>(name, id);
    if (key !== undefined) replication().drop([key]);
  }

  /**
   * Shows a context as it was read, and has written again what is shared
   * otherwise than this node has it.
   */
  replace(context: FollowedContext<M>, read: ContextRows): void {
    const { node, peers, interest, writer, replication } = this.#host;
    const { name } = context;
    const { memory, revision } = read;
    const { rows: former, held } = context;
    const isLoss = memory === context.memory && revision < context.revision;
    context.replace(read);
    // What this node is yet to say, or has just said, comes later.
    const hasWritten = (id: string) => context.hasWritten(id, memory, revision);
    const isOurs = (id: string) =>
      writer.outbox.has(name, id) || hasWritten(id);
    const puts: RemoteEntry<M>[] = [];
    const drops: EntryKey<M>[] = [];
    const theirs = new Set<string>();
    for (const row of context.rows.values()) {
      const { id } = row;
      // Of a life that is over: it counts for nothing.
      if (!peers.lives(row)) context.rows.delete(id);
      if (!context.rows.has(id) || row.node === node) continue;
      if (writer.outbox.claims(name, id) || hasWritten(id)) continue;
      if (this.#contest(context, row)) continue;
      theirs.add(id);
      interest.delete(name, id);
      const entry = decodeRow<M>(name, id, row.value, row.age);
      const key = decodeKey<M>(name, id);
      if (entry !== undefined) puts.push(entry);
      else if (key !== undefined) drops.push(key);
    }
    context.held = new Map();
    for (const key of replication().remote(context.key)) {
      const id = rowId(key);
      if (theirs.has(id) || isOurs(id)) continue;
      const row = former.get(id);
      const heir = row && peers.heirOf(row);
      const awaited = heir && isLoss ? awaitedOf(heir) : held.get(id);
      // A life that has begun since has written all that it has, once it has
      // announced that.
      const isAwaited = heir !== undefined &&
        (heir.announced !== memory ||
          heir.epoch === awaited?.epoch && heir.count < awaited.count);
      if (row !== undefined && isAwaited) {
        context.rows.set(id, row);
        context.held.set(id, awaited ?? { epoch: heir.epoch, count: 0 });
      } else drops.push(key);
    }
    // Who is here by another entry now does not leave first.
    replication().put(puts);
    replication().drop(drops);
    this.#correct(context, isOurs);
  }

  /** Shows nothing of a context that others have. */
  clear({ key }: FollowedContext<M>): void {
    const replication = this.#host.replication();
    replication.forget(replication.remote(key));
  }

  /** Shows nothing of a life in contexts, all at once. */
  drop(contexts: readonly FollowedContext<M>[], life: NodeLife): void {
    const { interest, replication } = this.#host;
    const keys: EntryKey<M>[] = [];
    for (const context of contexts) {
      for (const { id } of context.takeRowsOf(life)) {
        if (interest.isOwn(context.name, id)) continue;
        const key = decodeKey<M>(context.name, id);
        if (key !== undefined) keys.push(key);
      }
    }
    replication().drop(keys);
  }

  /** Takes a row back whose publisher was heard of here since. */
  #contest(context: FollowedContext<M>, row: Row): boolean {
    const { own } = this.#host;
    const { name } = context;
    if (!own.isYounger(name, row) || !context.mayCorrect(row.id)) return false;
    own.share({ context: name, id: row.id });
    return true;
  }

  #correct(
    context: FollowedContext<M>,
    isOurs: (id: string) => boolean,
  ): void {
    const { node, own, interest, writer } = this.#host;
    const { name, key, rows } = context;
    for (const row of rows.values()) {
      const { id } = row;
      if (row.node !== node || isOurs(id) || interest.isOwn(name, id)) continue;
      if (!context.mayCorrect(id)) continue;
      writer.outbox.add({ type: "retract", context: name, id });
    }
    for (const row of own.rows(key)) {
      const { id, value, left } = row;
      const shared = rows.get(id);
      const isSame = shared !== undefined && saysTheSame(shared, value, left);
      if (isOurs(id) || isSame) continue;
      if (context.mayCorrect(id)) own.share(row);
    }
    writer.flushSoon();
  }
}
