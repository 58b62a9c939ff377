import type { JSONWebKeySet } from "jose";
import * as v from "valibot";
import { parseJson } from "../internal.ts";

/** The largest key set; usual ones have some thousand bytes. */
const MAX_BYTES = 1_048_576;

const keySchema = v.looseObject({ kty: v.string() });

/** A key of an unknown form must not spoil the others. */
const keySetSchema = v.object({
  keys: v.pipe(
    v.array(v.unknown()),
    v.transform((keys) => keys.filter((key) => v.is(keySchema, key))),
  ),
});

/**
 * Loads a JSON Web Key Set.
 *
 * @throws {Error} If the answer is not a key set, or is too large.
 */
export async function loadKeySet(
  url: string,
  init: RequestInit,
): Promise<JSONWebKeySet> {
  const response = await fetch(url, init);
  if (response.status !== 200) {
    // An unread answer would hold its connection.
    await response.body?.cancel();
    throw new Error(`the answer has the status ${response.status}`);
  }
  const result = v.safeParse(keySetSchema, parseJson(await textOf(response)));
  if (!result.success) throw new Error("the answer is not a key set");
  return result.output;
}

async function textOf({ body }: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  let bytes = 0;
  for await (const chunk of body ?? []) {
    bytes += chunk.length;
    if (bytes > MAX_BYTES) {
      throw new Error(`the answer has more than ${MAX_BYTES} bytes`);
    }
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}
