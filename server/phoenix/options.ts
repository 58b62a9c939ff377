import type { Unauthorized } from "../internal.ts";
import type { JoinedDocuments } from "./channels/document_channel.ts";
import type { PhoenixLimits } from "./limits.ts";
import type { PhoenixIdentity } from "./rights/identity.ts";
import type { PhoenixHooks } from "./socket.ts";

/** How an endpoint behaves. */
export interface PhoenixOptions extends PhoenixHooks {
  /**
   * Decides who a socket belongs to, once for each socket. `undefined`, `null`
   * or a reason refuses it with 403; if this throws, the answer is 500.
   * `tokenOf()` finds the token that a client has sent.
   *
   * Left out, **everybody may join and publish anything**, under any key; they
   * see what is public, and what is shown to their key.
   */
  readonly authorize?:
    | ((
      request: Request,
    ) =>
      | PhoenixIdentity
      | Unauthorized
      | null
      | undefined
      | Promise<PhoenixIdentity | Unauthorized | null | undefined>)
    | undefined;
  /**
   * Documents of the same server: the topics `document:*` are then documents,
   * whose people have cursors, selections and viewports beside what other topics
   * have. Left out, they are topics like all others.
   */
  readonly documents?: JoinedDocuments | undefined;
  /**
   * The host names to serve, without ports; `"any"` serves all.
   *
   * @default {["localhost", "127.0.0.1", "[::1]"]}
   */
  readonly hosts?: "any" | readonly string[] | undefined;
  /**
   * Other sites whose pages may connect, like `"https://app.example"`. Pages of
   * the endpoint's own site always may.
   *
   * @default {[]}
   */
  readonly origins?: readonly string[] | undefined;
  /** What one socket and one identity may ask for. */
  readonly limits?: Partial<PhoenixLimits> | undefined;
  /**
   * Called with an error that should not happen, like that of a hook.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}
