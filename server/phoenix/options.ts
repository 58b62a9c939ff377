import type { Unauthorized } from "../internal.ts";
import type { JoinedDocuments } from "./channels/document_channel.ts";
import type { PhoenixLimits } from "./limits.ts";
import type { PhoenixIdentity } from "./rights/identity.ts";
import type { PhoenixHooks } from "./socket.ts";

/** How an endpoint behaves. */
export interface PhoenixOptions extends PhoenixHooks {
  /**
   * Says who a socket belongs to, once for each; `undefined` or `null` refuses
   * it with 403, and so does a reason. `tokenOf()` finds the token that a client has sent. If this
   * throws, the answer is 500.
   *
   * Left out, **everybody may join and publish anything**, under the key they
   * like; they see what is public, and what is shown to their key.
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
   * Documents of the very same server: then the topics `document:*` are documents,
   * whose people have cursors, selections and viewports, and all else is as in
   * other topics. Left out, those are topics like all others.
   */
  readonly documents?: JoinedDocuments | undefined;
  /**
   * The host names that are served, without ports; `"any"` serves all.
   *
   * @default {["localhost", "127.0.0.1", "[::1]"]}
   */
  readonly hosts?: "any" | readonly string[] | undefined;
  /**
   * The other sites whose pages may connect, like `"https://app.example"`.
   * Pages of the endpoint's own site always may.
   *
   * @default {[]}
   */
  readonly origins?: readonly string[] | undefined;
  /** What one socket and one identity may ask for. */
  readonly limits?: Partial<PhoenixLimits> | undefined;
  /**
   * Told of what should not happen: a hook that throws.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}
