import type { Visibility } from "../../../core/mod.ts";
import type { TopicViewer } from "../../topics/mod.ts";
import {
  type Admission,
  type PhoenixIdentity,
  PUBLIC_IDENTITY,
} from "../rights/identity.ts";
import type { Dialect, JoinParams } from "./join_params.ts";
import type { PhoenixMessage, Ref } from "../frames/message.ts";

/** How somebody is in a topic. */
export interface ChannelSettings {
  /** The topic. */
  readonly topic: string;
  /** The ref of the join. */
  readonly joinRef: Ref | null;
  /** The key that they are present under. */
  readonly key: string;
  /** What they may see. */
  readonly viewer: TopicViewer;
  /** What they may see with a fresh identity; left out, what they may see now. */
  readonly viewerOf: ((identity: PhoenixIdentity) => TopicViewer) | undefined;
  /** Who they are shown to, until a track says otherwise. */
  readonly visibility: Visibility | undefined;
  /** Fields that every meta of theirs has. */
  readonly stamp: object | undefined;
  /** Whether they want their own broadcasts back. */
  readonly self: boolean;
  /** Whether they want to know who is there, before they are there. */
  readonly presence: boolean;
  /** Which frames of bytes their client can read. */
  readonly dialect: Dialect;
  /** Bytes of a meta, as JSON. */
  readonly metaBytes: number;
}

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
