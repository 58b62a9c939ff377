import type { NatsConnection } from "@nats-io/nats-core";
import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../mod.ts";
import type { BucketOptions } from "./bucket.ts";
import { type Link, linkOf } from "./link.ts";
import { NatsBackboneConnection } from "./nats_connection.ts";
import { assertConnection, settingsOf } from "./nats_settings.ts";

/** How a backbone uses NATS. */
export interface NatsBackboneOptions {
  /**
   * The name of the bucket: letters, digits, `-` and `_`. It is made if there
   * is none.
   *
   * @default {"ruthere"}
   */
  readonly bucket?: string | undefined;
  /**
   * Where a bucket that is made is kept. In memory it is lost when the server
   * restarts: then the nodes fill it again.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory" | undefined;
  /**
   * On how many servers a bucket that is made is kept: from 1 to 5; 3 survive
   * the loss of one, and 5 that of two.
   *
   * @default {1}
   */
  readonly replicas?: number | undefined;
  /**
   * After how many milliseconds a server that does not answer has failed.
   *
   * @default {5_000}
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Told of what should not happen, as a row that is larger than what the
   * server takes, or a subject that the connection may not subscribe to.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Connects servers by a key-value bucket of NATS JetStream, on servers from
 * 2.9 on. The connection is the user's: it is neither dialled nor closed here.
 *
 * @example Usage
 * ```ts ignore
 * import { connect } from "@nats-io/transport-node";
 * import { PresenceServer } from "@ruthere/presence/server";
 * import { joinCluster } from "@ruthere/presence/server/cluster";
 * import { NatsBackbone } from "@ruthere/presence/server/cluster/nats";
 *
 * const nats = await connect({
 *   servers: "127.0.0.1:4222",
 *   maxReconnectAttempts: -1,
 * });
 * const server = new PresenceServer();
 * const cluster = joinCluster(server, new NatsBackbone(nats));
 *
 * // To stop:
 * await cluster.leave();
 * await nats.close();
 * ```
 */
export class NatsBackbone implements PresenceBackbone {
  readonly #link: Link;
  readonly #settings: BucketOptions;

  /**
   * Takes a connection; nothing is asked yet.
   *
   * @param nats The connection. It should reconnect for ever
   * (`maxReconnectAttempts: -1`): the client gives up after ten attempts by
   * default.
   * @param options Which bucket, and how it is made.
   * @throws {InvalidValueError} If `nats` is no connection, or an option makes
   * no sense. It is a `TypeError`.
   */
  constructor(nats: NatsConnection, options: NatsBackboneOptions = {}) {
    assertConnection(nats);
    this.#settings = settingsOf(options);
    this.#link = linkOf(nats);
  }

  /**
   * Connects a node: makes the bucket, if there is none, and listens.
   *
   * @param node Its name.
   * @param listener What is told.
   * @returns The connection. To close it leaves the one to NATS open.
   * @throws {NatsAwayError} If the connection to NATS is lost.
   * @throws {NatsClosedError} If it is closed for good.
   * @throws {JetStreamOffError} If the server keeps no buckets.
   * @throws {BucketUnfitError} If there is a bucket of that name which is of no
   * use: it has a history, say, or its values expire.
   */
  async connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection> {
    const connection = new NatsBackboneConnection(
      node,
      listener,
      this.#link,
      this.#settings,
    );
    await connection.open();
    return connection;
  }
}
