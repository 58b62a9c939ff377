import type { NatsConnection } from "@nats-io/nats-core";
import {
  assertDelay,
  assertFunction,
  assertMethods,
  assertNoOtherOptions,
} from "../../../core/assert.ts";
import { InvalidValueError } from "../../../core/mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../mod.ts";
import { Link } from "./link.ts";
import { NatsBackboneConnection } from "./nats_connection.ts";
import type { BucketOptions } from "./stream.ts";

const ACTION = "make backbone";

/** The methods of a connection that a backbone uses. */
const METHODS = [
  "publish",
  "request",
  "subscribe",
  "status",
  "closed",
  "isClosed",
];

/** Options of a {@linkcode NatsBackbone}. */
export interface NatsBackboneOptions {
  /**
   * The name of the bucket: letters, digits, `-` and `_`. The backbone makes it
   * if there is none.
   *
   * @default {"ruthere"}
   */
  readonly bucket?: string | undefined;
  /**
   * Where to keep a bucket that the backbone makes. A bucket in memory is lost
   * when the server restarts; then the nodes fill it again.
   *
   * @default {"file"}
   */
  readonly storage?: "file" | "memory" | undefined;
  /**
   * On how many servers to keep a bucket that the backbone makes: from 1 to 5.
   * Three survive the loss of one, and five that of two.
   *
   * @default {1}
   */
  readonly replicas?: number | undefined;
  /**
   * How long a server may take to answer, in milliseconds.
   *
   * @default {5_000}
   */
  readonly timeoutMs?: number | undefined;
  /**
   * Called with what should not happen, like a row that is too large for the
   * server, or a subject that the connection may not subscribe to.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Replicates servers by a key-value bucket of NATS JetStream, version 2.9 or
 * later. It uses a connection of yours, which it neither opens nor closes.
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
   * Takes a connection; nothing is sent yet.
   *
   * @param nats The connection. It should reconnect for ever
   * (`maxReconnectAttempts: -1`): by default the client gives up after ten
   * attempts.
   * @param options Options of the backbone.
   * @throws {InvalidValueError} If `nats` is no connection, or an option is
   * invalid. It is a `TypeError`.
   */
  constructor(nats: NatsConnection, options: NatsBackboneOptions = {}) {
    // Whichever copy of the client has made it.
    const rule = "must be a connection, as connect() of @nats-io gives";
    assertMethods(nats, METHODS, "nats", rule, ACTION);
    this.#settings = settingsOf(options);
    this.#link = new Link(nats);
  }

  /**
   * Connects a node. Makes the bucket if there is none.
   *
   * @param node The name of the node.
   * @param listener Notified of what others do.
   * @returns The connection. Closing it leaves the one to NATS open.
   * @throws {NatsAwayError} If the connection to NATS is lost.
   * @throws {NatsClosedError} If it is closed for good.
   * @throws {JetStreamOffError} If the server keeps no buckets.
   * @throws {BucketUnfitError} If the bucket has options that a backbone can't
   * use, like a history or values that expire.
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

/** Checks options, and adds the defaults. */
function settingsOf(options: NatsBackboneOptions): BucketOptions {
  const { bucket = "ruthere", storage = "file", ...rest } = options;
  const { replicas = 1, timeoutMs = 5_000, ...more } = rest;
  const { onError = console.error, ...others } = more;
  assertNoOtherOptions(others, ACTION);
  if (typeof bucket !== "string" || !/^[\w-]+$/.test(bucket)) {
    refuse("bucket", "must be letters, digits, - and _", bucket);
  }
  if (storage !== "file" && storage !== "memory") {
    refuse("storage", 'must be "file" or "memory"', storage);
  }
  if (!Number.isInteger(replicas) || replicas < 1 || replicas > 5) {
    refuse("replicas", "must be a whole number from 1 to 5", replicas);
  }
  assertDelay(timeoutMs, "timeoutMs", ACTION);
  assertFunction(onError, "onError", ACTION);
  return { bucket, storage, replicas, timeoutMs, onError: harmless(onError) };
}

function refuse(field: string, rule: string, value: unknown): never {
  throw new InvalidValueError(ACTION, field, rule, value);
}

/** Makes a function that logs what another one throws. */
function harmless(
  onError: (error: unknown) => void,
): (error: unknown) => void {
  return (error) => {
    try {
      onError(error);
    } catch (failure) {
      console.error(failure);
    }
  };
}
