import { assertEquals } from "@std/assert";
import { PresenceServer, type PresenceServerOptions } from "../../mod.ts";
import {
  type DocumentModel,
  DocumentPresence,
  type DocumentPresenceOptions,
} from "../../documents/mod.ts";
import { listen } from "../../testing/listen.ts";
import { TopicPresence } from "../../topics/mod.ts";
import {
  type Acceptance,
  PhoenixEndpoint,
  type PhoenixIdentity,
  type PhoenixOptions,
  type PhoenixSocket,
  type SocketTransport,
  upgradeInDeno,
} from "../mod.ts";

/** How a service is made. */
export interface ServiceOptions extends Omit<PhoenixOptions, "documents"> {
  /** How its documents behave. */
  readonly documents?: DocumentPresenceOptions;
  /** How its server behaves. */
  readonly server?: PresenceServerOptions;
  /** The port; one that is free, if it is left out. */
  readonly port?: number;
}

/** An endpoint that is served on a port of this machine. */
export interface Service extends AsyncDisposable {
  readonly server: PresenceServer<DocumentModel>;
  readonly topics: TopicPresence;
  readonly documents: DocumentPresence;
  readonly endpoint: PhoenixEndpoint;
  /** The transports of its sockets, also of closed ones, in order. */
  readonly transports: readonly SocketTransport[];
  readonly port: number;
  /** Where clients connect to, without `/websocket`. */
  readonly url: string;
  /** The socket that has joined a topic; the newest of several. */
  socketOf(topic: string): PhoenixSocket;
}

/**
 * Serves an endpoint. Its epoch is `e`. Unless the options have an `onError`,
 * any error makes the disposal fail.
 */
export function serve(
  { server: serverOptions, documents: documentOptions, port = 0, ...options }:
    ServiceOptions = {},
): Service {
  const errors: unknown[] = [];
  const server = new PresenceServer<DocumentModel>({
    epoch: "e",
    ...serverOptions,
  });
  const topics = new TopicPresence(server);
  const documents = new DocumentPresence(server, documentOptions);
  const endpoint = new SpiedEndpoint(topics, {
    onError: (error) => void errors.push(error),
    ...options,
    documents,
  });
  const http = listen(
    (request) =>
      request.url.includes("/api/broadcast")
        ? endpoint.broadcast(request)
        : upgradeInDeno(endpoint, request),
    port,
  );
  return {
    server,
    topics,
    documents,
    endpoint,
    transports: endpoint.transports,
    port: http.addr.port,
    url: `ws://127.0.0.1:${http.addr.port}/socket`,
    socketOf: (topic) => socketOf(endpoint, topic),
    async [Symbol.asyncDispose]() {
      await endpoint[Symbol.asyncDispose]();
      documents[Symbol.dispose]();
      server[Symbol.dispose]();
      await http.shutdown();
      assertEquals(errors, [], "something should not have happened");
    },
  };
}

/** An identity that may do everything, unless overridden. */
export function identity(
  fields: Partial<PhoenixIdentity> = {},
): PhoenixIdentity {
  return {
    viewer: { restricted: [], private: false },
    canRead: () => true,
    canWrite: () => true,
    ...fields,
  };
}

/** Lets those in whose name stands in the query: `?user=ada`. */
export function byName(
  identities: Readonly<Record<string, PhoenixIdentity>>,
): (request: Request) => PhoenixIdentity | undefined {
  return ({ url }) =>
    identities[new URL(url).searchParams.get("user") ?? "nobody"];
}

class SpiedEndpoint extends PhoenixEndpoint {
  readonly transports: SocketTransport[] = [];

  override async accept(request: Request): Promise<Acceptance | Response> {
    const acceptance = await super.accept(request);
    if (acceptance instanceof Response) return acceptance;
    return {
      ...acceptance,
      open: (transport) => {
        this.transports.push(transport);
        return acceptance.open(transport);
      },
    };
  }
}

function socketOf({ sockets }: PhoenixEndpoint, topic: string): PhoenixSocket {
  const [socket] = [...sockets].reverse()
    .filter(({ topics }) => topics.includes(topic));
  if (socket === undefined) throw new Error(`Nobody has joined ${topic}`);
  return socket;
}
