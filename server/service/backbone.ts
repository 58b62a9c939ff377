import {
  type Cluster,
  type ClusterStatus,
  joinCluster,
  type PresenceBackbone,
} from "../cluster/mod.ts";
import type { DocumentModel } from "../documents/mod.ts";
import type { PresenceServer } from "../mod.ts";
import { type Settings, StartError } from "./settings.ts";

/** A backbone, and what closes the connection to it, if it has one. */
interface Dialled {
  readonly backbone: PresenceBackbone;
  close?(): Promise<void>;
}

async function dialRedis(url: URL, givenBy = ""): Promise<Dialled> {
  const [{ createClient }, { fromNodeRedis, RedisBackbone }] = await Promise
    .all([import("redis"), import("../cluster/redis/mod.ts")]);
  try {
    // The backbone makes connections of its own like this one.
    const client = createClient({ url: url.href });
    return { backbone: new RedisBackbone(fromNodeRedis(client)) };
  } catch (error) {
    const isAboutUrl = error instanceof TypeError || error instanceof URIError;
    if (!isAboutUrl) throw error;
    throw new StartError(`${givenBy} must be a valid URL: ${error.message}`);
  }
}

/** Makes a backbone that connects to NATS as soon as NATS can be reached. */
async function dialNats(
  url: URL,
  onError: (error: unknown) => void,
): Promise<Dialled> {
  const [{ connect }, { NatsBackbone }] = await Promise.all([
    import("@nats-io/transport-node"),
    import("../cluster/nats/mod.ts"),
  ]);
  // A server that refuses a client resets its socket, which has no listener.
  globalThis.addEventListener("error", (event) => {
    if (event.error?.code === "ECONNRESET") event.preventDefault();
  });
  const [user, pass] = [url.username, url.password].map(decoded);
  const options = {
    servers: url.host,
    maxReconnectAttempts: -1,
    ...pass ? { user, pass } : user ? { token: user } : {},
    ...url.protocol === "tls:" ? { tls: {} } : {},
  };
  let connection: Awaited<ReturnType<typeof connect>> | undefined;
  let backbone: PresenceBackbone | undefined;
  return {
    backbone: {
      async connect(node, listener) {
        if (backbone === undefined || connection?.isClosed() !== false) {
          connection = await connect(options).catch((cause: Error) => {
            const { message } = cause;
            throw new Error(`Cannot connect to NATS: ${message}`, { cause });
          });
          backbone = new NatsBackbone(connection, { onError });
        }
        return await backbone.connect(node, listener);
      },
    },
    close: async () => await connection?.close(),
  };
}

/** Decodes a part of a URL; a `%` in a password may not be an escape. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** The membership of a server in a cluster; disposing it leaves the cluster. */
export interface Membership extends AsyncDisposable {
  readonly cluster: Cluster<DocumentModel>;
}

/** Joins a server to those that share its backbone, if it has one. */
export async function join(
  server: PresenceServer<DocumentModel>,
  { backbone: url, givenBy, node, leaseMs }: Settings,
): Promise<Membership | undefined> {
  if (url === undefined) return undefined;
  const reported = new Set<string>();
  const onError = (error: unknown) => reportOnce(reported, error);
  const { backbone, close } = url.protocol.startsWith("redis")
    ? await dialRedis(url, givenBy.backbone)
    : await dialNats(url, onError);
  const cluster: Cluster<DocumentModel> = joinCluster(server, backbone, {
    node,
    leaseTtlMs: leaseMs,
    onError,
  });
  reportStatus(cluster, reported);
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      // A client that returns to another node before the lease ends never left.
      await cluster.leave({ keep: true });
      await close?.();
    },
  };
}

/** How many sentences to remember. */
const MAX_REPORTED = 100;

/** Prints an error, once for each time that the node is connected. */
function reportOnce(reported: Set<string>, error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  if (reported.has(sentence)) return;
  if (reported.size === MAX_REPORTED) reported.clear();
  reported.add(sentence);
  console.error(sentence);
}

/** What to print for each status. */
const STATUS_LINES: Readonly<Record<ClusterStatus, string>> = {
  connecting: "ruthere connects to its backbone, as node NODE",
  connected: "ruthere is connected to its backbone",
  isolated: "ruthere is cut off from its backbone, and shows what it knew",
  left: "ruthere has left the other nodes",
};

/** Prints the status of the node each time that it changes. */
async function reportStatus(
  cluster: Cluster<DocumentModel>,
  reported: Set<string>,
): Promise<void> {
  for await (const status of cluster.watchStatus()) {
    if (status === "connected") reported.clear();
    console.error(STATUS_LINES[status].replace("NODE", cluster.node));
  }
}
