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

/** Where somebody stands, and what writes the tokens of where they go. */
export interface Place {
  readonly position: CursorPosition;
  readonly writer: TokenWriter;
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
  #key: Promise<CryptoKey> | undefined;

  /** Begins the tokens of a holder who is given all there is at a position. */
  async begin(
    { epoch, sequence }: CursorPosition,
    holder: TokenHolder,
  ): Promise<TokenWriter> {
    const tag = await this.#sign(epoch, sequence, holder);
    return new TokenWriter(epoch, sequence, tag);
  }

  /**
   * Reads a token.
   *
   * @returns The place; `"elsewhere"` for one of another context, other
   * rights, another epoch or handler, for one from before its start, and for
   * one of the future; `undefined` for what no handler has written.
   */
  async read(
    token: string,
    last: CursorPosition,
    holder: TokenHolder,
  ): Promise<Place | "elsewhere" | undefined> {
    const [, epoch, startDigits, digits, tag] = TOKEN.exec(token) ?? [];
    const start = Number(startDigits);
    const sequence = Number(digits);
    if (
      epoch === undefined || tag === undefined ||
      !Number.isSafeInteger(start) || !Number.isSafeInteger(sequence)
    ) return undefined;
    // A fixed epoch that starts anew makes positions that are yet to come.
    const isHere = epoch === encodeEpoch(last.epoch) &&
      start <= sequence && sequence <= last.sequence &&
      areSame(tag, await this.#sign(last.epoch, start, holder));
    if (!isHere) return "elsewhere";
    return {
      position: { epoch: last.epoch, sequence },
      writer: new TokenWriter(last.epoch, start, tag),
    };
  }

  async #sign(
    epoch: string,
    start: Sequence,
    { account, context, viewer }: TokenHolder,
  ): Promise<string> {
    this.#key ??= makeKey();
    const rights = [rightsKey(viewer), viewer.subject];
    const text = JSON.stringify([epoch, start, account, context, ...rights]);
    const bytes = new TextEncoder().encode(text);
    const signature = await crypto.subtle.sign("HMAC", await this.#key, bytes);
    return btoa(String.fromCharCode(...new Uint8Array(signature, 0, 12)))
      .replaceAll("+", "-").replaceAll("/", "_");
  }
}

/** Writes the tokens of one holder, from where they began. */
export class TokenWriter {
  readonly #start: string;
  readonly #tag: string;

  /** Makes it of a start and the tag that signs it. */
  constructor(epoch: string, start: Sequence, tag: string) {
    this.#start = `${encodeEpoch(epoch)}.${start}`;
    this.#tag = tag;
  }

  /** Writes a token. */
  write({ sequence }: CursorPosition): string {
    return `${this.#start}.${sequence}.${this.#tag}`;
  }
}

const TOKEN =
  /^([!-~]*)\.(0|[1-9][0-9]{0,15})\.(0|[1-9][0-9]{0,15})\.([\w-]{16})$/;

function makeKey(): Promise<CryptoKey> {
  return crypto.subtle.generateKey({ name: "HMAC", hash: "SHA-256" }, false, [
    "sign",
  ]);
}

/** An epoch may be any text; a header and an `id:` may not. */
function encodeEpoch(epoch: string): string {
  return encodeURIComponent(epoch.toWellFormed());
}

/** Compares tags in a time that says nothing of where they differ. */
function areSame(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let index = 0; index < a.length; index++) {
    difference |= a.charCodeAt(index) ^ b.charCodeAt(index);
  }
  return difference === 0;
}
