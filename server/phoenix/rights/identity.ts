import type { TopicMeta, TopicViewer } from "../../topics/mod.ts";
import type { Visibility } from "../../../core/mod.ts";
import type { Identity } from "../../internal.ts";

/**
 * Who a socket belongs to, and what they may do. What `authorize` of the HTTP
 * handler gives will do; a socket is an origin of its own. When it ends, the
 * socket is closed with 1008 and the reason `token expired`, and what it holds
 * has the server's grace.
 */
export interface PhoenixIdentity extends Omit<Identity, "origin"> {}

/** What everybody is to an endpoint without `authorize`: a member of the public. */
export const PUBLIC_IDENTITY: PhoenixIdentity = {
  viewer: { restricted: [], private: false },
  canRead: () => true,
  canWrite: () => true,
};

/** How somebody is let into a topic. What is left out is as the client asks. */
export interface Admission {
  /** Under which key; the identity's subject, if it has one and this has none. */
  readonly key?: string | undefined;
  /** The first meta. */
  readonly meta?: TopicMeta | undefined;
  /**
   * Who they are shown to, from the first meta on, until a track of the client
   * names another visibility.
   */
  readonly visibility?: Visibility | undefined;
  /** What they may see of the topic; the identity's viewer, if left out. */
  readonly viewer?: TopicViewer | undefined;
  /**
   * Fields that every meta of theirs has here, whatever the client says: their
   * name, their role. A meta must be an object then.
   */
  readonly stamp?: object | undefined;
  /** What the client finds in the reply to its join. */
  readonly response?: object | undefined;
  /** What a rejection has. */
  readonly reason?: undefined;
}

/** What a join hook answers. */
export type JoinHookAnswer =
  | Admission
  | Rejection
  | Promise<Admission | Rejection>;

/** What a hook for fresh tokens answers. */
export type TokenHookAnswer =
  | PhoenixIdentity
  | Rejection
  | undefined
  | Promise<PhoenixIdentity | Rejection | undefined>;

/** Why somebody is not let into a topic. */
export interface Rejection {
  /** What the client is told. */
  readonly reason: string;
}
