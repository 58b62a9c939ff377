import type { Lease, NodeLife } from "../mod.ts";

/** What is said of a row that was put or removed, beside its value. */
export interface RowHead extends NodeLife {
  /** Names it within its context: a key may have but a hash of it. */
  readonly id: string;
  /** How many milliseconds before the writing its publisher was heard of. */
  readonly age: number;
  /**
   * A revision of the context that the writer knew of: whoever has not heard
   * of it has missed something.
   */
  readonly after?: number | undefined;
}

/** A lease as it is kept. */
export interface LeaseRecord {
  /** What was said last. */
  readonly lease: Lease;
  /** Whether the life is over. */
  readonly isEnded: boolean;
  /** The life of the node that this one has ended. */
  readonly former?: string | undefined;
  /** The connection that has written it. */
  readonly by: string;
}

/** A text on its way, beside the text itself. */
export interface TextHead {
  /** The node that sends it. */
  readonly from: string;
  /** The connection that sends it. */
  readonly by: string;
}

/** Something as a line of JSON, and a text after it, which needs no escapes. */
export function encode(head: object, text = ""): string {
  return `${JSON.stringify(head)}\n${text}`;
}

/** The line of JSON, and the text after it. */
function decode(record: string): [head: unknown, text: string] {
  const end = record.indexOf("\n");
  if (end < 0) return [undefined, ""];
  try {
    return [JSON.parse(record.slice(0, end)), record.slice(end + 1)];
  } catch {
    return [undefined, ""];
  }
}

/** What a row is; nothing, if it was written by somebody else. */
export function decodeRow(
  record: string,
): (RowHead & { readonly value: string }) | undefined {
  const [head, value] = decode(record);
  return isRowHead(head) ? { ...head, value } : undefined;
}

/** What a lease is; nothing, if it was written by somebody else. */
export function decodeLease(record: string): LeaseRecord | undefined {
  const [head] = decode(record);
  return isLeaseRecord(head) ? head : undefined;
}

/** Which life is to be purged. */
export function decodeLife(record: string): NodeLife | undefined {
  const [head] = decode(record);
  return isLife(head) ? { node: head.node, epoch: head.epoch } : undefined;
}

/** Who says what. */
export function decodeText(
  record: string,
): (TextHead & { readonly text: string }) | undefined {
  const [head, text] = decode(record);
  return isTextHead(head) ? { ...head, text } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isLife(value: unknown): value is NodeLife {
  return isObject(value) && typeof value.node === "string" &&
    typeof value.epoch === "string";
}

function isRowHead(value: unknown): value is RowHead {
  return isObject(value) && isLife(value) && typeof value.id === "string" &&
    typeof value.age === "number" &&
    ["number", "undefined"].includes(typeof value.after);
}

function isLeaseRecord(value: unknown): value is LeaseRecord {
  return isObject(value) && isLease(value.lease) &&
    typeof value.isEnded === "boolean" && typeof value.by === "string" &&
    ["string", "undefined"].includes(typeof value.former);
}

function isLease(value: unknown): value is Lease {
  return isObject(value) && isLife(value) && typeof value.count === "number" &&
    typeof value.announced === "string" && Array.isArray(value.written);
}

function isTextHead(value: unknown): value is TextHead {
  return isObject(value) && typeof value.from === "string" &&
    typeof value.by === "string";
}
