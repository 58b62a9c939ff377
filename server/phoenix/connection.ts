import type { JsonObject } from "../internal.ts";
import type { ChannelSocket } from "./channels/channel.ts";
import type { JoinedDocuments } from "./channels/document_channel.ts";
import type { JoinedChannels, Members } from "./channels/joined_channels.ts";
import type { PhoenixLimits } from "./limits.ts";
import type { Turn } from "./outbox.ts";
import type { PhoenixTally } from "./phoenix_stats.ts";
import type { JoinHookAnswer } from "./rights/identity.ts";
import type { Standing } from "./rights/standing.ts";
import type { TopicPresence } from "../topics/mod.ts";

/** What the sockets of an endpoint share. */
export interface SocketHub {
  /** The topics. */
  readonly presence: TopicPresence;
  /** The documents that the topics `document:*` are, if any. */
  readonly documents: JoinedDocuments | undefined;
  /** The channels of all sockets. */
  readonly members: Members;
  /** What one socket may ask for. */
  readonly limits: PhoenixLimits;
  /** Counts what happens. */
  readonly tally: PhoenixTally;
  /** Sends bundles at the end of a turn. */
  readonly turn: Turn;
  /** Reports what should not happen. */
  onError(error: unknown): void;
}

/** What the parts of one socket share. */
export interface Connection extends ChannelSocket {
  /** What it shares with other sockets. */
  readonly hub: SocketHub;
  /** The id of the socket. */
  readonly id: string;
  /** Who it belongs to, and what they may do. */
  readonly standing: Standing;
  /** What it has joined. */
  readonly channels: JoinedChannels;
  /** Aborted when it has ended. */
  readonly signal: AbortSignal;
  /** Asks the application about a join; left out, all may join as they ask. */
  readonly askJoin:
    | ((topic: string, payload: JsonObject) => JoinHookAnswer)
    | undefined;
}
