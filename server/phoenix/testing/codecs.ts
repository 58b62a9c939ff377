import { assertThrows } from "@std/assert";
import { type Codec, codecFor } from "../frames/codec.ts";
import { FrameError } from "../frames/frame_error.ts";

/** The codec of a version that there is. */
export function codecOf(vsn: "1.0.0" | "2.0.0"): Codec {
  const codec = codecFor(vsn);
  if (codec === undefined) throw new Error(`Cannot find codec of ${vsn}`);
  return codec;
}

/** The error of a codec that refuses a frame. */
export function refusal(codec: Codec, frame: string | Uint8Array): FrameError {
  return assertThrows(() => codec.decode(frame), FrameError);
}

/** Makes a frame of numbers, and of strings that stand for their UTF-8. */
export function bytes(...parts: (number | string)[]): Uint8Array {
  const encoder = new TextEncoder();
  return Uint8Array.from(
    parts.flatMap((part) =>
      typeof part === "number" ? part : [...encoder.encode(part)]
    ),
  );
}
