import {
  type Cluster,
  type ClusterStatus,
  joinCluster,
  type PresenceBackbone,
} from "../cluster/mod.ts";
import type { DocumentModel } from "../documents/mod.ts";
import type { PresenceServer } from "../mod.ts";
import { type Settings, StartError } from "./settings.ts";

/** A backbone, and what ends the connection to it. */
interface Dialled {
  readonly backbone: PresenceBackbone;
  close(): Promise<void>;
}

/** Dials a backbone; it may be there later. */
async function dial(
  url: URL,
  onError: (error: unknown) => void,
): Promise<Dialled> {
  try {
    return url.protocol.startsWith("redis")
      ? await dialRedis(url)
      : await dialNats(url, onError);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new StartError(`the URL of the backbone is wrong: ${error.message}`);
  }
}

async function dialRedis(url: URL): Promise<Dialled> {
  const [{ createClient }, { fromNodeRedis, RedisBackbone }] = await Promise
    .all([import("redis"), import("../cluster/redis/mod.ts")]);
  // The backbone makes connections of its own like this one.
  const client = createClient({ url: url.href });
  return {
    backbone: new RedisBackbone(fromNodeRedis(client)),
    close: () => Promise.resolve(),
  };
}

async function dialNats(
  url: URL,
  onError: (error: unknown) => void,
): Promise<Dialled> {
  const [{ connect }, { NatsBackbone }] = await Promise.all([
    import("@nats-io/transport-node"),
    import("../cluster/nats/mod.ts"),
  ]);
  // A server that refuses a client resets its socket, to which nobody listens.
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
  return {
    backbone: {
      async connect(node, listener) {
        if (connection?.isClosed() !== false) {
          connection = await connect(options).catch((cause: Error) => {
            const { message } = cause;
            throw new Error(`Cannot connect to NATS: ${message}`, { cause });
          });
        }
        return await new NatsBackbone(connection, { onError })
          .connect(node, listener);
      },
    },
    // If it has never been there, there is nothing to close.
    close: async () => await connection?.close(),
  };
}

/** A part of a URL, in which a `%` need not be meant as such. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** That a server is one with others, or is on its own. */
export interface Membership extends AsyncDisposable {
  /** What it is one of; `undefined` if it is on its own. */
  readonly cluster: Cluster<DocumentModel> | undefined;
}

/** Makes a server one with those that share its backbone. */
export async function join(
  server: PresenceServer<DocumentModel>,
  { backbone: url, node, leaseMs }: Settings,
): Promise<Membership> {
  if (url === undefined) {
    const nothing = () => Promise.resolve();
    return { cluster: undefined, [Symbol.asyncDispose]: nothing };
  }
  const said = new Set<string>();
  const onError = (error: unknown) => sayOnce(said, error);
  const { backbone, close } = await dial(url, onError);
  const cluster: Cluster<DocumentModel> = joinCluster(server, backbone, {
    node,
    leaseTtlMs: leaseMs,
    onError,
  });
  sayStatus(cluster, said);
  return {
    cluster,
    async [Symbol.asyncDispose]() {
      // Who comes back to another node before the lease ends has not left.
      await cluster.leave({ keep: true });
      await close();
    },
  };
}

/** No more sentences than this are remembered. */
const MAX_SAID = 100;

/** Says what fails; what has been said since the node was connected, not again. */
function sayOnce(said: Set<string>, error: unknown): void {
  const sentence = error instanceof Error ? error.message : String(error);
  if (said.has(sentence)) return;
  if (said.size === MAX_SAID) said.clear();
  said.add(sentence);
  console.error(sentence);
}

/** What is said of a node. */
const STATUS_LINES: Readonly<Record<ClusterStatus, string>> = {
  connecting: "ruthere connects to its backbone, as node NODE",
  connected: "ruthere is connected to its backbone",
  isolated: "ruthere is cut off from its backbone, and shows what it knew",
  left: "ruthere has left the other nodes",
};

/** Says whether the node is connected, each time that it changes. */
async function sayStatus(
  cluster: Cluster<DocumentModel>,
  said: Set<string>,
): Promise<void> {
  for await (const status of cluster.watchStatus()) {
    if (status === "connected") said.clear();
    console.error(STATUS_LINES[status].replace("NODE", cluster.node));
  }
}
