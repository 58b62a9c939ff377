/**
 * How clients from npm put messages into frames, and read them.
 *
 * @module
 */

import { RealtimeClient } from "@supabase/realtime-js";
import { assertInstanceOf } from "@std/assert";
// @ts-types="npm:@types/phoenix@1.6.7"
import { Socket } from "phoenix";

/** A message as the clients have it. */
export interface ClientMessage {
  readonly join_ref: string | null;
  readonly ref: string | null;
  readonly topic: string;
  readonly event: string;
  readonly payload: unknown;
}

/** One client's way. */
export interface ClientSerializer {
  /** Returns what the client would send. */
  encode(message: ClientMessage): string | Uint8Array;
  /** Returns how the client reads a frame. */
  decode(frame: string | Uint8Array | undefined): unknown;
}

/** `phoenix`, which speaks version 2 only. */
export function phoenixSerializer(): ClientSerializer {
  return serializerOf(new Socket("ws://localhost/socket"));
}

/** `@supabase/realtime-js`, in one of its versions. */
export function supabaseSerializer(vsn: "1.0.0" | "2.0.0"): ClientSerializer {
  const url = "ws://localhost/realtime/v1";
  return serializerOf(
    new RealtimeClient(url, { vsn, params: { apikey: "x" } }),
  );
}

/** Takes what a client uses itself, of which not all have a type. */
function serializerOf(client: object): ClientSerializer {
  const run = (name: string, input: unknown): unknown => {
    const method: unknown = Reflect.get(client, name);
    assertInstanceOf(method, Function);
    const outputs: unknown[] = [];
    method.call(client, input, (output: unknown) => outputs.push(output));
    return outputs[0];
  };
  return {
    encode: (message) => {
      const frame = run("encode", message);
      if (typeof frame === "string") return frame;
      assertInstanceOf(frame, ArrayBuffer);
      return new Uint8Array(frame);
    },
    decode: (frame) =>
      run("decode", frame instanceof Uint8Array ? frame.slice().buffer : frame),
  };
}
