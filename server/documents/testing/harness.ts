import type { PresenceUpdate } from "../../../core/mod.ts";
import { PresenceServer, type PresenceServerOptions } from "../../mod.ts";
import { flush, Reader } from "../../testing/harness.ts";
import {
  type Cursor,
  documentContext,
  type DocumentMessage,
  type DocumentModel,
  DocumentPresence,
  type DocumentPresenceOptions,
  type DocumentServer,
  type DocumentSession,
  type DocumentUser,
  type JoinOptions,
  type Selection,
} from "../mod.ts";

export { flush, Reader, RUNS, settles } from "../../testing/harness.ts";

/** A server and its documents. */
export interface Documents extends Disposable {
  readonly server: PresenceServer<DocumentModel>;
  readonly presence: DocumentPresence;
}

/** Makes a server and its documents. */
export function documents(
  options: DocumentPresenceOptions = {},
  serverOptions: PresenceServerOptions = {},
): Documents {
  const server = new PresenceServer<DocumentModel>(serverOptions);
  const presence = new DocumentPresence(server, options);
  const dispose = () => {
    presence[Symbol.dispose]();
    server[Symbol.dispose]();
  };
  return { server, presence, [Symbol.dispose]: dispose };
}

/** Joins a person; by default ada, who stays. */
export function join(
  presence: DocumentPresence,
  userId = "ada",
  options: Partial<JoinOptions> = {},
): Promise<DocumentSession> {
  return presence.join(userId, {
    documentId: "42",
    workspaceId: "acme",
    name: userId.toUpperCase(),
    ttlMs: Infinity,
    ...options,
  });
}

/** Returns an update of another face: by default, ada is in document 42. */
export function update(
  fields: Partial<PresenceUpdate<DocumentModel>> = {},
): PresenceUpdate<DocumentModel> {
  return {
    subject: "ada",
    context: documentContext("42"),
    origin: "elsewhere",
    visibility: "public",
    observedAt: Date.now(),
    expiry: "never",
    facets: {},
    ...fields,
  };
}

/** Returns the position at the beginning of a line. */
export function at(line: number): Cursor {
  return { line, column: 0, offset: 80 * line };
}

/** Returns a selection from one line to another. */
export function from(anchor: number, head: number): Selection {
  return { anchor: at(anchor), head: at(head), isBackward: head < anchor };
}

/** Returns a person in a document. */
export async function userOf(
  presence: DocumentPresence,
  userId = "ada",
): Promise<DocumentUser | undefined> {
  const { users } = await presence.activeUsers("42");
  return users.find((user) => user.userId === userId);
}

/** Returns the ids of the people in a document. */
export async function namesIn(
  presence: DocumentPresence,
  documentId = "42",
): Promise<string[]> {
  const { users } = await presence.activeUsers(documentId);
  return users.map(({ userId }) => userId);
}

/** A watch of a document, in words. */
export class Watcher {
  readonly reader: Reader<DocumentMessage>;

  constructor(presence: DocumentPresence, documentId = "42") {
    this.reader = new Reader(presence.watch(documentId));
  }

  /** Begins to watch. */
  static async begin(
    presence: DocumentPresence,
    documentId?: string,
  ): Promise<Watcher> {
    const watcher = new Watcher(presence, documentId);
    await watcher.told();
    return watcher;
  }

  /** Reads until nothing more arrives without time passing. */
  async told(): Promise<string[]> {
    await flush();
    return (await this.reader.read()).map(inWords);
  }
}

/** Returns a message in a few words. */
export function inWords(message: DocumentMessage): string {
  switch (message.type) {
    case "state":
      return ["here:", ...message.users.map(({ userId }) => userId)].join(" ");
    case "userJoined":
      return `${message.user.userId} joined`;
    case "userLeft":
      return `${message.userId} left`;
    case "cursorMoved": {
      const { userId, cursor, selection } = message;
      const range = selection &&
        ` from ${selection.anchor.line} to ${selection.head.line}`;
      return `${userId} at ${cursor?.line}${range ?? ""}`;
    }
    case "typingChanged":
      return `${message.userId} ${message.isTyping ? "types" : "pauses"}`;
    case "viewportChanged":
      return `${message.userId} sees ${message.viewport?.topLine}`;
    case "activityChanged":
      return `${message.userId} is ${message.activity}`;
    case "colorChanged":
      return `${message.userId} has ${message.color}`;
    case "userIdle":
      return `${message.userId} is idle`;
  }
}

/** Returns a server of documents with some other methods. */
export function serverWith(
  server: DocumentServer,
  methods: Partial<Pick<DocumentServer, "follow" | "locate" | "count">>,
): DocumentServer {
  return {
    get closed() {
      return server.closed;
    },
    get now() {
      return server.now;
    },
    get replicated() {
      return server.replicated;
    },
    get steadyNow() {
      return server.steadyNow;
    },
    get store() {
      return server.store;
    },
    follow: (context) => server.follow(context),
    isLingering: (key) => server.isLingering(key),
    locate: (subject) => server.locate(subject),
    count: (contexts, viewer) => server.count(contexts, viewer),
    receiveAll: (updates) => server.receiveAll(updates),
    receiveIfPresent: (one) => server.receiveIfPresent(one),
    withdraw: (key) => server.withdraw(key),
    watch: (options) => server.watch(options),
    ...methods,
  };
}
