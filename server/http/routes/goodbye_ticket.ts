import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import * as v from "valibot";
import {
  type EntryKey,
  InvalidValueError,
  type PresenceSnapshot,
  type Timestamp,
} from "../../../core/mod.ts";
import { parseJson, SweepLimit } from "../../internal.ts";
import { fieldProblem, type HttpProblem, invalid } from "../wire/problem.ts";
import { isSameTag, tagOf } from "./position_token.ts";

const ACTION = "say goodbye";

/** An entry, and when it last changed. */
interface TicketEntry extends EntryKey {
  readonly observedAt: Timestamp;
}

/** What a ticket says. */
export interface Ticket {
  /** The signature, which no other ticket has. */
  readonly tag: string;
  /** When it expires. */
  readonly end: Timestamp;
  /** The account of the client that got it. */
  readonly account: string;
  /** The entries that it withdraws if they have not changed. */
  readonly entries: readonly TicketEntry[];
}

/**
 * Signs, reads and remembers tickets, `<content>.<tag>`, each of which withdraws
 * entries once. Handlers with the same secret read each other's tickets; one
 * without a secret reads only its own.
 */
export class GoodbyeTickets {
  readonly #key: Uint8Array;
  /** The ends of the tickets that were used here, by their tags. */
  readonly #used = new Map<string, Timestamp>();
  readonly #sweepLimit = new SweepLimit();

  /**
   * Creates the tickets of a handler.
   *
   * @throws {InvalidValueError} If the secret has fewer than 32 bytes.
   */
  constructor(secret: string | undefined) {
    this.#key = secret === undefined ? randomBytes(32) : keyFrom(secret);
  }

  /** Writes a ticket for entries as they are now. */
  write(
    snapshots: readonly PresenceSnapshot[],
    account: string,
    end: Timestamp,
  ): string {
    const entries = snapshots.map((
      { subject, context, resource = null, origin, observedAt },
    ) => [subject, context, resource, origin, observedAt]);
    const json = JSON.stringify([PURPOSE, end, account, entries]);
    const content = Buffer.from(json).toString("base64url");
    return `${content}.${tagOf(this.#key, content)}`;
  }

  /**
   * Reads a ticket.
   *
   * @throws {HttpProblem} If it is not a ticket, has expired, or was signed with
   * another key.
   */
  read(text: string, now: Timestamp): Ticket {
    const [, content, tag] = TICKET.exec(text) ?? [];
    if (content === undefined || tag === undefined) {
      throw invalid(ACTION, { field: "ticket", message: "is not a ticket" });
    }
    const isSigned = isSameTag(tag, tagOf(this.#key, content));
    const json = Buffer.from(content, "base64url").toString();
    const read = isSigned && v.safeParse(CONTENT, parseJson(json));
    if (!read || !read.success) throw refused("is not of this service");
    const [, end, account, entries] = read.output;
    if (end <= now) throw refused("has expired");
    return { tag, end, account, entries: entries.map(entryFrom) };
  }

  /** Remembers that a ticket is used. Returns whether it was not used before. */
  use({ tag, end }: Ticket, now: Timestamp): boolean {
    if (this.#used.has(tag)) return false;
    this.#used.set(tag, end);
    this.#sweepLimit.apply(this.#used, () => {
      for (const [tag, end] of this.#used) {
        if (end <= now) this.#used.delete(tag);
      }
    });
    return true;
  }
}

const TICKET = /^([\w-]+)\.([\w-]{16})$/;

/** The secret may sign other texts elsewhere. */
const PURPOSE = "goodbye";

const CONTENT = v.tuple([
  v.literal(PURPOSE),
  v.number(),
  v.string(),
  v.array(v.tuple([
    v.string(),
    v.string(),
    v.nullable(v.string()),
    v.string(),
    v.number(),
  ])),
]);

type Content = v.InferOutput<typeof CONTENT>;

function entryFrom(
  [subject, context, resource, origin, observedAt]: Content[3][number],
): TicketEntry {
  const key = { subject, context, resource: resource ?? undefined, origin };
  return { ...key, observedAt };
}

function refused(reason: string): HttpProblem {
  const detail = `Cannot ${ACTION}: the ticket`;
  return fieldProblem("forbidden", detail, "ticket", reason);
}

function keyFrom(secret: string): Uint8Array {
  const key = new TextEncoder().encode(secret);
  if (typeof secret === "string" && key.length >= 32) return key;
  throw new InvalidValueError(
    "create HTTP handler",
    "goodbyeSecret",
    "must be a string of at least 32 bytes",
    `${key.length} bytes`,
  );
}
