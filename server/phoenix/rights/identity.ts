import type { TopicMeta, TopicViewer } from "../../topics/mod.ts";
import type { Visibility } from "../../../core/mod.ts";
import type { Identity } from "../../internal.ts";

/**
 * Who a socket belongs to, and what they may do. An identity of the HTTP handler
 * also serves; a socket is an origin of its own. When the identity expires, the
 * socket is closed with 1008 and the reason `token expired`, and what it holds
 * has the server's grace.
 */
export interface PhoenixIdentity extends Omit<Identity, "origin"> {}

/** The identity of all clients of an endpoint without `authorize`. */
export const PUBLIC_IDENTITY: PhoenixIdentity = {
  viewer: { restricted: [], private: false },
  canRead: () => true,
  canWrite: () => true,
};

/** How a client is let into a topic. What is left out is as the client asks. */
export interface Admission {
  /** The key; left out, the identity's subject if it has one. */
  readonly key?: string | undefined;
  /** The first meta. */
  readonly meta?: TopicMeta | undefined;
  /**
   * Who the client is shown to, until one of its tracks names another
   * visibility.
   */
  readonly visibility?: Visibility | undefined;
  /** What it may see of the topic; left out, the identity's viewer. */
  readonly viewer?: TopicViewer | undefined;
  /**
   * Fields of all its metas here, which the client can't change: a name, a role.
   * A meta must then be an object.
   */
  readonly stamp?: object | undefined;
  /** Fields for the reply to the join. */
  readonly response?: object | undefined;
  /** Only a rejection has one. */
  readonly reason?: undefined;
}

/** The answer of a join hook. */
export type JoinHookAnswer =
  | Admission
  | Rejection
  | Promise<Admission | Rejection>;

/** The answer of a hook for fresh tokens. */
export type TokenHookAnswer =
  | PhoenixIdentity
  | Rejection
  | undefined
  | Promise<PhoenixIdentity | Rejection | undefined>;

/** Why a client is refused. */
export interface Rejection {
  /** The reason for the client. */
  readonly reason: string;
}
