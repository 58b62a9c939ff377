import { createHash } from "node:crypto";

/** Longer tokens are replaced by a hash: a server takes lines of 4,096 bytes. */
const MAX_TOKEN = 120;

/** Names that need no encoding. */
const PLAIN = /^[\w-]+$/;

/**
 * Encodes a name as one token of a subject: letters, digits, `-` and `_` as they
 * are, every other byte of its UTF-8 as `=` and two hexadecimal digits. The empty
 * name is `=e`; a long one is `=h` and its SHA-256.
 */
export function token(name: string): string {
  if (name === "") return "=e";
  const encoded = PLAIN.test(name) ? name : encode(name);
  if (encoded.length <= MAX_TOKEN) return encoded;
  return `=h${createHash("sha256").update(name).digest("hex")}`;
}

function encode(name: string): string {
  // It leaves some marks as they are, among them the dot.
  return encodeURIComponent(name.toWellFormed())
    .replace(
      /[.!~*'()]/g,
      (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
    )
    .replaceAll("%", "=");
}

/** Encodes a life as two tokens: epochs are unique within a node alone. */
export function lifeToken(life: { node: string; epoch: string }): string {
  return `${token(life.node)}.${token(life.epoch)}`;
}

/** The names of keys in a bucket, and of subjects. */
export class Names {
  /** The name of the bucket. */
  readonly bucket: string;
  /** The stream that the bucket is. */
  readonly stream: string;
  /** The subject of requests to remove a value. */
  readonly removals: string;
  /** The key of the memory. */
  readonly memory = "memory";
  /** The key that is written to wait for earlier writes. */
  readonly barrier = "barrier";

  /** Takes the name of the bucket. */
  constructor(bucket: string) {
    this.bucket = bucket;
    this.stream = `KV_${bucket}`;
    this.removals = `$JS.API.STREAM.MSG.DELETE.${this.stream}`;
  }

  /** The key of a row. */
  row(context: string, id: string): string {
    return `rows.${token(context)}.${token(id)}`;
  }

  /** The keys of all rows of a context; of all contexts if left out. */
  rows(context?: string): string {
    return context === undefined ? "rows.>" : `rows.${token(context)}.*`;
  }

  /** The key of the lease of a node; of all nodes if left out. */
  lease(node?: string): string {
    return `leases.${node === undefined ? "*" : token(node)}`;
  }

  /** The subject that writes a key. */
  subject(key: string): string {
    return `$KV.${this.bucket}.${key}`;
  }

  /** The key that a subject writes. */
  key(subject: string): string {
    return subject.slice(this.subject("").length);
  }

  /** The subject on which the server republishes a key. */
  changes(key: string): string {
    return `ruthere.${this.bucket}.changes.${key}`;
  }

  /** The subject of texts to the followers of a context. */
  texts(context: string): string {
    return `ruthere.${this.bucket}.told.${token(context)}`;
  }

  /** The subject below which a connection receives the answers to its requests. */
  answers(connection: string): string {
    return `ruthere.${this.bucket}.answers.${connection}`;
  }
}
