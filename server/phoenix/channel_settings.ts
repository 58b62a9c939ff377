import type { TopicViewer } from "../topics/mod.ts";
import type { ChannelSettings } from "./channel.ts";
import {
  type Admission,
  type PhoenixIdentity,
  PUBLIC_IDENTITY,
} from "./identity.ts";
import type { JoinParams } from "./join_params.ts";
import type { PhoenixMessage } from "./message.ts";

/** Who joins. */
export interface Joiner {
  /** The id of their socket. */
  readonly id: string;
  /** Who they are now. */
  readonly identity: PhoenixIdentity;
  /** Bytes that a meta of theirs may have, as JSON. */
  readonly metaBytes: number;
}

/**
 * How somebody is in a topic: what the application says counts more than who
 * they are, and that more than what they ask for.
 */
export function settingsOf(
  { topic, joinRef, ref }: PhoenixMessage,
  params: JoinParams,
  admission: Admission,
  { id, identity, metaBytes }: Joiner,
): ChannelSettings {
  const key = admission.key ?? identity.subject ?? params.key ?? id;
  // A key that a client has only claimed shows it nothing, unless all do.
  const isClaimed = key === params.key && key !== admission.key &&
    key !== identity.subject && identity !== PUBLIC_IDENTITY;
  const viewerOf = ({ viewer }: PhoenixIdentity): TopicViewer => {
    const { restricted, private: isPrivate } = admission.viewer ?? viewer;
    const subject = admission.viewer?.subject ??
      (typeof viewer.subject === "string" ? viewer.subject : undefined) ??
      (isClaimed ? undefined : key);
    return { restricted, private: isPrivate, subject };
  };
  return {
    topic,
    joinRef: joinRef ?? ref,
    key,
    viewer: viewerOf(identity),
    viewerOf: admission.viewer === undefined ? viewerOf : undefined,
    visibility: admission.visibility ?? params.visibility,
    stamp: admission.stamp,
    self: params.self,
    presence: params.presence,
    dialect: params.dialect,
    metaBytes,
  };
}
