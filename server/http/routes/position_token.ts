import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CursorPosition, Sequence } from "../../../store/mod.ts";
import { rightsKey } from "../../internal.ts";
import type { Viewer } from "../../mod.ts";

/** The holder of a token: an identity that reads a context. */
export interface TokenHolder {
  /** The name of the identity. */
  readonly account: string;
  readonly context: string;
  readonly viewer: Viewer;
}

/** Writes the token of a position that its holder has reached. */
export type TokenWriter = (position: CursorPosition) => string;

/** The position of a holder, and the writer of tokens for later positions. */
export interface Place {
  readonly position: CursorPosition;
  readonly write: TokenWriter;
}

/**
 * Signs and reads tokens, each of which names a position in the changes of a
 * context: `<epoch>.<start>.<sequence>.<tag>`. At the start, the holder got all
 * that they may see. The tag signs the start, the epoch, the identity, the
 * context and the rights. The sequence is not signed: a holder may claim any
 * from the start on, because the server sent everything after the start to
 * holders with these rights. So a stream takes one signature, and an event none.
 *
 * The key is random and not stored: a handler reads only its own tokens.
 */
export class PositionTokens {
  readonly #key = randomBytes(32);

  /** Starts the tokens of a holder who gets a whole view at a position. */
  begin({ epoch, sequence }: CursorPosition, holder: TokenHolder): TokenWriter {
    return writerOf(epoch, sequence, this.#sign(epoch, sequence, holder));
  }

  /**
   * Reads a token.
   *
   * @returns The place; `"elsewhere"` if the token belongs to another context,
   * rights, epoch or handler, or its sequence lies before its start or in the
   * future; `undefined` if it is not a token.
   */
  read(
    token: string,
    { epoch, sequence: last }: CursorPosition,
    holder: TokenHolder,
  ): Place | "elsewhere" | undefined {
    const [, ofEpoch, startDigits, digits, tag] = TOKEN.exec(token) ?? [];
    const start = Number(startDigits);
    const sequence = Number(digits);
    if (
      tag === undefined ||
      !Number.isSafeInteger(start) || !Number.isSafeInteger(sequence)
    ) return undefined;
    // After a restart with a fixed epoch, a position may lie in the future.
    const isHere = ofEpoch === encodeEpoch(epoch) &&
      start <= sequence && sequence <= last &&
      isSameTag(tag, this.#sign(epoch, start, holder));
    if (!isHere) return "elsewhere";
    const write = writerOf(epoch, start, tag);
    return { position: { epoch, sequence }, write };
  }

  #sign(
    epoch: string,
    start: Sequence,
    { account, context, viewer }: TokenHolder,
  ): string {
    const rights = [rightsKey(viewer), viewer.subject];
    const text = JSON.stringify([epoch, start, account, context, ...rights]);
    return tagOf(this.#key, text);
  }
}

const TOKEN =
  /^([!-~]*)\.(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})\.([\w-]{16})$/;

function writerOf(epoch: string, start: Sequence, tag: string): TokenWriter {
  const beginning = `${encodeEpoch(epoch)}.${start}`;
  return ({ sequence }) => `${beginning}.${sequence}.${tag}`;
}

/** An epoch may be any text, but a header and an `id:` may not. */
function encodeEpoch(epoch: string): string {
  return encodeURIComponent(epoch.toWellFormed());
}

/** Signs a text with a key: 16 characters of base64url. */
export function tagOf(key: Uint8Array, text: string): string {
  const signature = createHmac("sha256", key).update(text).digest();
  return signature.toString("base64url", 0, 12);
}

/** Compares tags. The time does not reveal where they differ. */
export function isSameTag(a: string, b: string): boolean {
  return timingSafeEqual(bytesOf(a), bytesOf(b));
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
