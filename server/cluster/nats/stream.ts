import {
  DiscardPolicy,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from "@nats-io/jetstream";
import type { Names } from "./names.ts";

/** How a bucket is made and used. */
export interface BucketOptions {
  /** Its name. */
  readonly bucket: string;
  /** Where it is kept. */
  readonly storage: "file" | "memory";
  /** On how many servers it is kept. */
  readonly replicas: number;
  /** How long an answer may take, in milliseconds. */
  readonly timeoutMs: number;
  /** Called with what should not happen. It does not throw. */
  readonly onError: (error: unknown) => void;
}

/** Bytes for headers and the subject, which share a message with the value. */
export const MESSAGE_ROOM = 2_048;

/** The stream of a bucket: one value a key, each republished to subscribers. */
export function streamConfig(
  names: Names,
  { bucket, storage, replicas }: BucketOptions,
) {
  return {
    name: names.stream,
    description: `Presence: the backbone of ${bucket}`,
    subjects: [names.subject(">")],
    retention: RetentionPolicy.Limits,
    discard: DiscardPolicy.New,
    max_msgs_per_subject: 1,
    storage: storage === "file" ? StorageType.File : StorageType.Memory,
    num_replicas: replicas,
    allow_rollup_hdrs: true,
    allow_direct: false,
    republish: { src: names.subject(">"), dest: names.changes(">") },
  } satisfies Partial<StreamConfig>;
}

/** Why a stream that somebody else has made is of no use, if it is not. */
export function flawOf(
  names: Names,
  config: StreamConfig,
): string | undefined {
  const subject = names.subject(">");
  const { retention, discard, max_msgs, max_bytes, max_msg_size } = config;
  const isLimited = max_msgs > 0 || max_bytes > 0;
  const least = MESSAGE_ROOM * 2;
  switch (true) {
    case !config.subjects?.includes(subject):
      return `its stream must have the subject ${subject}`;
    case retention !== RetentionPolicy.Limits:
      return "it must keep values until there are others";
    case isLimited && discard !== DiscardPolicy.New:
      return "it must refuse values when it is full, and discard none";
    case config.max_msgs_per_subject !== 1:
      return "it must have a history of 1";
    case config.max_age !== 0:
      return "it must not have a time to live";
    case max_msg_size > 0 && max_msg_size < least:
      return `it must take values of ${least} bytes`;
    case config.sealed:
      return "it must not be sealed";
    case config.no_ack:
      return "its stream must acknowledge what is written";
  }
  return undefined;
}

/** Reports whether a stream republishes each change to subscribers. */
export function isRepublishing(names: Names, config: StreamConfig): boolean {
  const { src, dest, headers_only } = config.republish ?? {};
  return src === names.subject(">") && dest === names.changes(">") &&
    headers_only !== true;
}
