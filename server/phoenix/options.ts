import type { JsonObject } from "./json.ts";
import type { Admission, PhoenixIdentity, Rejection } from "./identity.ts";
import type { PhoenixLimits } from "./limits.ts";
import type { PhoenixSocket } from "./socket.ts";

/** How an endpoint behaves. */
export interface PhoenixOptions {
  /**
   * Says who a socket belongs to, once for each; `undefined` or `null` refuses
   * it with 403. `tokenOf()` finds the token that a client has sent. If this
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
      | null
      | undefined
      | Promise<PhoenixIdentity | null | undefined>)
    | undefined;
  /**
   * Lets somebody into a topic, or does not; called after `canRead` of the
   * identity has said yes. It must answer: `{}` lets them in as they ask.
   * Left out, all get in as they ask.
   */
  readonly join?:
    | ((
      topic: string,
      params: JsonObject,
      identity: PhoenixIdentity,
      socket: PhoenixSocket,
    ) => Admission | Rejection | Promise<Admission | Rejection>)
    | undefined;
  /**
   * Takes a fresh token of a client's event `access_token`, or gives the reason
   * why not, which the client is told; its socket stays open, unless it is
   * kicked. Left out, tokens are not looked at.
   */
  readonly accessToken?:
    | ((
      token: string,
      socket: PhoenixSocket,
    ) => Rejection | undefined | Promise<Rejection | undefined>)
    | undefined;
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
