import type { TopicViewer } from "../../topics/mod.ts";
import type { PhoenixMessage, Ref } from "../frames/message.ts";
import type { PhoenixLimits } from "../limits.ts";
import {
  type Admission,
  type PhoenixIdentity,
  PUBLIC_IDENTITY,
} from "../rights/identity.ts";
import type { JoinParams } from "./join_params.ts";

/** A join that the application has let in. */
export interface AdmittedJoin {
  /** The message that asks for it. */
  readonly message: PhoenixMessage;
  /** What the client asks for. */
  readonly params: JoinParams;
  /** What the application says to it. */
  readonly admission: Admission;
}

/** How a client is in a topic. */
export interface ChannelSettings
  extends Pick<JoinParams, "dialect" | "presence" | "self" | "visibility"> {
  /** The topic. */
  readonly topic: string;
  /** The ref of the join. */
  readonly joinRef: Ref | null;
  /** The key that they are present under. */
  readonly key: string;
  /** Whether nothing but the client says that the key is its own. */
  readonly isClaimed: boolean;
  /** What they may see. */
  readonly viewer: TopicViewer;
  /** What they may see with a fresh identity; left out, the same as now. */
  readonly viewerOf: ((identity: PhoenixIdentity) => TopicViewer) | undefined;
  /** Fields of all their metas. */
  readonly stamp: object | undefined;
  /** What one socket may ask for. */
  readonly limits: PhoenixLimits;
}

/**
 * Decides how a client is in a topic: first by what the application says, then
 * by its identity, then by what it asks for.
 */
export function settingsOf(
  { message, params, admission }: AdmittedJoin,
  identity: PhoenixIdentity,
  socketId: string,
  limits: PhoenixLimits,
): ChannelSettings {
  const { topic, joinRef, ref } = message;
  const { dialect, presence, self } = params;
  const key = admission.key ?? identity.subject ?? params.key ?? socketId;
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
    dialect,
    presence,
    self,
    visibility: admission.visibility ?? params.visibility,
    topic,
    joinRef: joinRef ?? ref,
    key,
    isClaimed,
    viewer: viewerOf(identity),
    viewerOf: admission.viewer === undefined ? viewerOf : undefined,
    stamp: admission.stamp,
    limits,
  };
}
