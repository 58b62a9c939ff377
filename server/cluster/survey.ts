import { assertKey } from "../../core/assert.ts";
import type { PresenceModel, PresenceSnapshot } from "../../core/mod.ts";
import {
  OMNISCIENT_VIEWER,
  type PresenceServer,
  type RemoteEntry,
  type RemoteWhereabouts,
  type Replication,
  type SubjectCounts,
  type Viewer,
  viewerPolicy,
  type Whereabouts,
} from "../mod.ts";
import type { Row } from "./backbone.ts";
import type { FollowedContexts } from "./followed_contexts.ts";
import { ANSWER_TIMEOUT_MS, type Questions } from "./questions.ts";
import type { Roster } from "./roster.ts";
import { contextName, decodeRow, encodeRow, rowId } from "./row_codec.ts";
import type { Session } from "./session.ts";
import { abortable, within } from "./within.ts";

/** Options of a question to the cluster. */
export interface QuestionOptions<M extends PresenceModel = PresenceModel> {
  /**
   * The viewer whose rights filter the answer.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: Viewer<M> | undefined;
  /** Ends the wait: the question fails with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How many contexts are read at once. */
const READERS = 64;

/** What a survey needs. */
export interface SurveyHost<M extends PresenceModel> {
  /** The server of this node. */
  readonly server: PresenceServer<M>;
  /** Knows the server's own entries. */
  readonly replication: Replication<M>;
  /** The contexts that the node follows. */
  readonly contexts: FollowedContexts<M>;
  /** Asks the other nodes. */
  readonly questions: Questions<M>;
  /** The other nodes. */
  readonly roster: Roster;
  /** The state of the node. */
  readonly session: Session;
}

/**
 * Answers for the whole cluster. It reads contexts that the node does not follow
 * from the backbone, and asks the nodes for the entries of a subject.
 */
export class Survey<M extends PresenceModel> {
  readonly #host: SurveyHost<M>;

  /** Makes the survey of a node. */
  constructor(host: SurveyHost<M>) {
    this.#host = host;
  }

  /** Returns the entries of a context. */
  async list(
    context: M["context"],
    { viewer = OMNISCIENT_VIEWER, signal }: QuestionOptions<M>,
  ): Promise<Whereabouts<M>> {
    assertKey(context, "context", "list entries");
    const listed = await this.#list(context, signal);
    return { ...listed, snapshots: seenBy(viewer, listed.snapshots) };
  }

  /** Counts the subjects of contexts. */
  async count(
    contexts: readonly M["context"][],
    { viewer = OMNISCIENT_VIEWER, signal }: QuestionOptions<M>,
  ): Promise<SubjectCounts<M>> {
    for (const context of contexts) {
      assertKey(context, "context", "count subjects");
    }
    const subjects = new Map(contexts.map((context) => [context, 0]));
    const missing = new Set<string>();
    let isComplete = this.#host.session.isConnected;
    const all = [...subjects.keys()];
    for (let start = 0; start < all.length; start += READERS) {
      const some = all.slice(start, start + READERS);
      await Promise.all(some.map(async (context) => {
        const listed = await this.#list(context, signal);
        const seen = seenBy(viewer, listed.snapshots);
        subjects.set(context, new Set(seen.map((one) => one.subject)).size);
        for (const node of listed.missing) missing.add(node);
        isComplete &&= listed.isComplete;
      }));
    }
    return { subjects, isComplete, missing: [...missing].sort() };
  }

  /** Returns the entries of a subject in all contexts. */
  async locate(
    subject: M["subject"],
    { viewer = OMNISCIENT_VIEWER, signal }: QuestionOptions<M>,
  ): Promise<Whereabouts<M>> {
    const { server, session } = this.#host;
    const answer = await abortable(server.locate(subject), signal);
    const snapshots = seenBy(viewer, answer.snapshots);
    const isComplete = answer.isComplete && session.isConnected;
    return { ...answer, snapshots, isComplete };
  }

  /** Returns the entries of a subject that other nodes own. */
  async elsewhere(subject: M["subject"]): Promise<RemoteWhereabouts<M>> {
    const { questions, roster, session } = this.#host;
    const others = roster.names();
    if (!session.isConnected) {
      return { entries: [], isComplete: false, missing: others };
    }
    const { answers, missing } = await questions.ask(subject, others);
    const entries = answers.flatMap((answer) => entriesOf<M>(answer));
    return { entries, isComplete: missing.length === 0, missing };
  }

  /** Returns the own entries of a subject as the answer to a question. */
  answer(subject: M["subject"]): string {
    const { server, replication } = this.#host;
    const own = server.store.snapshots({ subject })
      .filter((snapshot) => replication.heardAt(snapshot) !== undefined);
    return JSON.stringify(own.map((snapshot) => [
      contextName(snapshot.context),
      rowId(snapshot),
      encodeRow(snapshot),
    ]));
  }

  async #list(
    context: M["context"],
    signal: AbortSignal | undefined,
  ): Promise<Whereabouts<M>> {
    const { server, replication, contexts, roster, session } = this.#host;
    const name = contextName(context);
    const isConnected = session.isConnected;
    if (!isConnected || contexts.isSettled(name)) {
      const snapshots = server.store.snapshots({ context });
      const missing = isConnected ? [] : roster.names();
      return { snapshots, isComplete: isConnected, missing };
    }
    const peek = contexts.peek(name);
    const read = await within(peek, ANSWER_TIMEOUT_MS, undefined, signal);
    const missing = roster.names()
      .filter((node) => roster.leaseOf(node)?.announced !== read?.memory);
    const isComplete = read !== undefined && missing.length === 0;
    const own = replication.own(context);
    const ids = new Set(own.map(rowId));
    const others = (read?.rows ?? []).flatMap((row) =>
      ids.has(row.id) || row.node === session.node
        ? []
        : snapshotOf<M>(name, row) ?? []
    );
    return { snapshots: [...own, ...others], isComplete, missing };
  }
}

function seenBy<M extends PresenceModel>(
  viewer: Viewer<M>,
  snapshots: readonly PresenceSnapshot<M>[],
): readonly PresenceSnapshot<M>[] {
  const visible = viewerPolicy(viewer);
  return snapshots.filter(({ visibility, subject }) =>
    visible(visibility, subject)
  );
}

function snapshotOf<M extends PresenceModel>(
  context: string,
  { id, value, age }: Row,
): PresenceSnapshot<M> | undefined {
  const entry = decodeRow<M>(context, id, value, age);
  if (entry === undefined) return undefined;
  const { facetsLeft: _, ...snapshot } = entry;
  return { ...snapshot, expiry: "never" };
}

/** Decodes an answer, without the entries that this version can't read. */
function entriesOf<M extends PresenceModel>(answer: string): RemoteEntry<M>[] {
  try {
    const rows: readonly (readonly string[])[] = JSON.parse(answer);
    return rows.flatMap(([context = "", id = "", value = ""]) =>
      decodeRow<M>(context, id, value) ?? []
    );
  } catch {
    return [];
  }
}
