import { isLease, isLife, type Lease, type NodeLife } from "../mod.ts";

/** What is written with the value of a row, or with its removal. */
export interface RowHead extends NodeLife {
  /** Identifies the row within its context: a key may have a mere hash of it. */
  readonly id: string;
  /** Milliseconds from hearing from the publisher, or its end, to the write. */
  readonly age: number;
  /** Whether the publisher has left; absent for a row and for a retraction. */
  readonly left?: true | undefined;
  /**
   * A revision of the context that the writer knew of: a follower that has not
   * received it has missed something.
   */
  readonly after?: number | undefined;
}

/** What is kept of a node. */
export interface NodeRecord {
  /** Its lease, unless that has ended. */
  readonly lease?: Lease | undefined;
  /** Its lives that are over but not purged. */
  readonly over: readonly NodeLife[];
  /** When the lease was renewed, if the record was written again since. */
  readonly renewedAt?: number | undefined;
  /** The connection that has written it. */
  readonly by: string;
}

/** What is sent with a text. */
export interface TextHead {
  /** The node that sends it. */
  readonly from: string;
  /** The connection that sends it. */
  readonly by: string;
}

/** Encodes a head as a line of JSON, and a text after it as it is. */
export function encode(head: object, text = ""): string {
  return `${JSON.stringify(head)}\n${text}`;
}

function decode(record: string): [head: unknown, text: string] {
  const end = record.indexOf("\n");
  if (end < 0) return [undefined, ""];
  try {
    return [JSON.parse(record.slice(0, end)), record.slice(end + 1)];
  } catch {
    return [undefined, ""];
  }
}

/** Encodes what is kept of a node. */
export function encodeNode({ over, ...record }: NodeRecord): string {
  return encode(over.length === 0 ? record : { ...record, over });
}

/** Decodes a row; returns `undefined` if somebody else has written it. */
export function decodeRow(
  record: string,
): (RowHead & { readonly value: string }) | undefined {
  const [head, value] = decode(record);
  return isRowHead(head) ? { ...head, value } : undefined;
}

/** Decodes what is kept of a node, unless somebody else has written it. */
export function decodeNode(record: string): NodeRecord | undefined {
  const [head] = decode(record);
  return isNodeHead(head) ? { ...head, over: head.over ?? [] } : undefined;
}

/** Decodes a text, unless somebody else has sent it. */
export function decodeText(
  record: string,
): (TextHead & { readonly text: string }) | undefined {
  const [head, text] = decode(record);
  return isTextHead(head) ? { ...head, text } : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function isRowHead(value: unknown): value is RowHead {
  return isObject(value) && isLife(value) && typeof value.id === "string" &&
    typeof value.age === "number" &&
    (value.left === undefined || value.left === true) &&
    ["number", "undefined"].includes(typeof value.after);
}

function isNodeHead(
  value: unknown,
): value is Omit<NodeRecord, "over"> & { readonly over?: NodeLife[] } {
  return isObject(value) && typeof value.by === "string" &&
    (value.lease === undefined || isLease(value.lease)) &&
    (value.over === undefined ||
      Array.isArray(value.over) && value.over.every(isLife)) &&
    ["number", "undefined"].includes(typeof value.renewedAt);
}

function isTextHead(value: unknown): value is TextHead {
  return isObject(value) && typeof value.from === "string" &&
    typeof value.by === "string";
}
