import type { Viewer } from "../mod.ts";
import { viewerKey } from "../mod.ts";
import type { CursorPosition } from "../../store/mod.ts";

/**
 * Writes and reads the tokens that say where somebody stands in the changes of
 * a context: `<epoch>.<sequence>.<tag>`. The tag is made of the context and
 * of what its holder may see, so that whoever comes back to another context or
 * with other rights is found out. It keeps no secret: what is read from a
 * position on is filtered by the rights of whoever asks, token or not.
 */
export class PositionTokens {
  readonly #tag: string;

  private constructor(tag: string) {
    this.#tag = tag;
  }

  /** Makes the tokens of a context for a viewer. */
  static async of(context: string, viewer: Viewer): Promise<PositionTokens> {
    const text = JSON.stringify([context, viewerKey(viewer), viewer.subject]);
    const bytes = new TextEncoder().encode(text);
    const digest = await crypto.subtle.digest("SHA-256", bytes);
    const base64 = btoa(
      String.fromCharCode(...new Uint8Array(digest, 0, 12)),
    );
    return new PositionTokens(
      base64.replaceAll("+", "-").replaceAll("/", "_"),
    );
  }

  /** Writes a token. */
  write({ epoch, sequence }: CursorPosition): string {
    return `${encodeEpoch(epoch)}.${sequence}.${this.#tag}`;
  }

  /**
   * Reads a token.
   *
   * @returns The position; `"elsewhere"` for one of another context, other
   * rights, another epoch, or the future; `undefined` for what no handler has
   * written.
   */
  read(
    token: string,
    last: CursorPosition,
  ): CursorPosition | "elsewhere" | undefined {
    const [, epoch, digits, tag] = TOKEN.exec(token) ?? [];
    const sequence = Number(digits);
    if (epoch === undefined || !Number.isSafeInteger(sequence)) {
      return undefined;
    }
    // A fixed epoch that starts anew makes positions that are yet to come.
    const isHere = tag === this.#tag && epoch === encodeEpoch(last.epoch) &&
      sequence <= last.sequence;
    return isHere ? { epoch: last.epoch, sequence } : "elsewhere";
  }
}

const TOKEN = /^([!-~]*)\.(0|[1-9][0-9]{0,15})\.([\w-]{16})$/;

/** An epoch may be any text; a header and an `id:` may not. */
function encodeEpoch(epoch: string): string {
  return encodeURIComponent(epoch.toWellFormed());
}
