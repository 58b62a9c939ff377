import type { TopicPresence } from "../topics/mod.ts";
import type { JoinedDocuments } from "./channels/document_channel.ts";
import type { PhoenixLimits } from "./limits.ts";
import type { Members } from "./channels/members.ts";
import type { PhoenixTally } from "./phoenix_stats.ts";

/** What the sockets of an endpoint have in common. */
export interface SocketHub {
  /** The topics. */
  readonly presence: TopicPresence;
  /** The documents that the topics `document:*` are, if they are any. */
  readonly documents: JoinedDocuments | undefined;
  /** The channels of all sockets. */
  readonly members: Members;
  /** What one socket may ask for. */
  readonly limits: PhoenixLimits;
  /** Counts what happens. */
  readonly tally: PhoenixTally;
  /** Told of what should not happen. */
  onError(error: unknown): void;
}
