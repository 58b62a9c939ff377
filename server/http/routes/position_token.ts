import { createHmac, randomBytes, timingSafeEqual } from "node:crypto";
import type { CursorPosition, Sequence } from "../../../store/mod.ts";
import { rightsKey } from "../../internal.ts";
import type { Viewer } from "../../mod.ts";

/** Who a token is for: what it is of, and what they may see of that. */
export interface TokenHolder {
  /** Names the identity. */
  readonly account: string;
  readonly context: string;
  readonly viewer: Viewer;
}

/** Writes the token of a position that its holder has come to. */
export type TokenWriter = (position: CursorPosition) => string;

/** Where somebody stands, and what writes the tokens of where they go. */
export interface Place {
  readonly position: CursorPosition;
  readonly write: TokenWriter;
}

/**
 * Signs and reads the tokens that say where somebody stands in the changes of
 * a context: `<epoch>.<start>.<sequence>.<tag>`. The start is where their
 * holder was given all that they may see; the tag signs it, the epoch, who the
 * holder is, the context, and what they may see. The sequence is not signed: a
 * holder may say any that is not before the start, because those with their
 * rights were told everything from there on. So there is one signature for a
 * stream, none for an event.
 * The key is made here and nowhere kept: other handlers' tokens are strange.
 */
export class PositionTokens {
  readonly #key = randomBytes(32);

  /** Begins the tokens of a holder who is given all there is at a position. */
  begin({ epoch, sequence }: CursorPosition, holder: TokenHolder): TokenWriter {
    return writerOf(epoch, sequence, this.#sign(epoch, sequence, holder));
  }

  /**
   * Reads a token.
   *
   * @returns The place; `"elsewhere"` for one of another context, other
   * rights, another epoch or handler, for one from before its start, and for
   * one of the future; `undefined` for what no handler has written.
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
    // A fixed epoch that starts anew makes positions that are yet to come.
    const isHere = ofEpoch === encodeEpoch(epoch) &&
      start <= sequence && sequence <= last &&
      areSame(tag, this.#sign(epoch, start, holder));
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
    const signature = createHmac("sha256", this.#key).update(text).digest();
    return signature.toString("base64url", 0, 12);
  }
}

const TOKEN =
  /^([!-~]*)\.(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})\.([\w-]{16})$/;

function writerOf(epoch: string, start: Sequence, tag: string): TokenWriter {
  const beginning = `${encodeEpoch(epoch)}.${start}`;
  return ({ sequence }) => `${beginning}.${sequence}.${tag}`;
}

/** An epoch may be any text; a header and an `id:` may not. */
function encodeEpoch(epoch: string): string {
  return encodeURIComponent(epoch.toWellFormed());
}

/** Compares tags, which are equally long, in a time that tells nothing. */
function areSame(a: string, b: string): boolean {
  return timingSafeEqual(encoder.encode(a), encoder.encode(b));
}

const encoder = new TextEncoder();
