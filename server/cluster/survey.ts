import {
  assertKey,
  type PresenceModel,
  type PresenceSnapshot,
} from "../../core/mod.ts";
import {
  OMNISCIENT_VIEWER,
  type PresenceServer,
  type RemoteEntry,
  type RemoteWhereabouts,
  type Viewer,
  viewerPolicy,
} from "../mod.ts";
import type { Interest } from "./interest.ts";
import type { Question } from "./question_wire.ts";
import { PART_LENGTH } from "./question_wire.ts";
import type { Answers, Questions } from "./questions.ts";
import { contextName, decodeRow, encodeRow, rowId } from "./row_codec.ts";

/** On whose behalf something is asked, and what ends it. */
export interface QuestionOptions<M extends PresenceModel = PresenceModel> {
  /**
   * What may be seen.
   *
   * @default {OMNISCIENT_VIEWER}
   */
  readonly viewer?: Viewer<M> | undefined;
  /** Ends the wait: the question fails with its reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How much of a cluster has answered. */
export interface Completeness {
  /**
   * Whether this node is one with its cluster, and all nodes that live have
   * answered.
   */
  readonly isComplete: boolean;
  /** The names of the nodes that are known and have not answered. */
  readonly missing: readonly string[];
}

/** The entries that all nodes have together. */
export interface EntriesAnswer<M extends PresenceModel = PresenceModel>
  extends Completeness {
  /** In no particular order. Those of others never expire here. */
  readonly snapshots: readonly PresenceSnapshot<M>[];
}

/** How many there are at all nodes together. */
export interface CountAnswer<M extends PresenceModel = PresenceModel>
  extends Completeness {
  /** How many subjects each context has. */
  readonly subjects: ReadonlyMap<M["context"], number>;
}

/** Which entries are asked for. */
type Where<M extends PresenceModel> =
  | { readonly context: M["context"] }
  | { readonly subject: M["subject"] };

/** What a survey needs. */
export interface SurveyHost<M extends PresenceModel> {
  /** The server of this node. */
  readonly server: PresenceServer<M>;
  /** Which entries are its own. */
  readonly interest: Interest;
  /** Asks the others. */
  readonly questions: Questions<M>;
  /** Whether all rows of a context are known here, and it is not being read. */
  isSettled(context: string): boolean;
  /** The others that live, as far as is known. */
  others(): readonly string[];
  /** Whether they can be asked. */
  isConnected(): boolean;
}

/** Answers from the rows that each node owns. */
export class Survey<M extends PresenceModel> {
  readonly #host: SurveyHost<M>;

  /** Makes one. */
  constructor(host: SurveyHost<M>) {
    this.#host = host;
  }

  /** The entries of a context. */
  async list(
    context: M["context"],
    { viewer = OMNISCIENT_VIEWER, signal }: QuestionOptions<M>,
  ): Promise<EntriesAnswer<M>> {
    assertKey(context, "context", "list entries");
    const { server } = this.#host;
    const visible = viewerPolicy(viewer);
    if (this.#isSettled(context)) {
      const snapshots = server.store.snapshots({ context, visible });
      return { snapshots, isComplete: true, missing: [] };
    }
    const answers = await this.#ask({ type: "list", context }, signal);
    return this.#entries(answers, { context }, visible);
  }

  /** The entries of a subject. */
  async locate(
    subject: M["subject"],
    { viewer = OMNISCIENT_VIEWER, signal }: QuestionOptions<M>,
  ): Promise<EntriesAnswer<M>> {
    assertKey(subject, "subject", "locate subject");
    const visible = viewerPolicy(viewer);
    const answers = await this.#ask({ type: "locate", subject }, signal);
    return this.#entries(answers, { subject }, visible);
  }

  /** The entries of a subject that others have. */
  async elsewhere(subject: M["subject"]): Promise<RemoteWhereabouts<M>> {
    const answers = await this.#ask({ type: "locate", subject }, undefined);
    const entries = entriesOf<M>(answers);
    return { entries, ...this.#completeness(answers.missing) };
  }

  /** How many subjects contexts have. */
  async count(
    contexts: readonly M["context"][],
    { viewer = OMNISCIENT_VIEWER, signal }: QuestionOptions<M>,
  ): Promise<CountAnswer<M>> {
    for (const context of contexts) {
      assertKey(context, "context", "count subjects");
    }
    const unknown = new Set(contexts.filter((one) => !this.#isSettled(one)));
    const known = contexts.filter((context) => !unknown.has(context));
    const followed = this.#subjectsOf(known, viewer, () => true);
    const asked = await Promise.all(
      inParts([...unknown]).map(async (contexts) => ({
        contexts,
        ...await this.#ask({ type: "count", contexts, viewer }, signal),
      })),
    );
    const here = this.#subjectsOf([...unknown], viewer, this.#counts);
    const subjects = new Map(contexts.map((context) => [
      context,
      followed.get(context) ?? here.get(context) ?? new Set<M["subject"]>(),
    ]));
    for (const { contexts, answers } of asked) {
      for (const answer of answers) addSubjects(subjects, contexts, answer);
    }
    const missing = new Set(asked.flatMap(({ missing }) => missing));
    return {
      subjects: new Map(
        Array.from(subjects, ([context, { size }]) => [context, size]),
      ),
      ...this.#completeness([...missing]),
    };
  }

  /** What this node has to say to a question of another one. */
  answer(question: Question<M>): string {
    switch (question.type) {
      case "list":
        return JSON.stringify(this.#ownRows({ context: question.context }));
      case "locate":
        return JSON.stringify(this.#ownRows({ subject: question.subject }));
      case "count": {
        const { contexts, viewer } = question;
        const isOwn = (snapshot: PresenceSnapshot<M>) => this.#isOwn(snapshot);
        const subjects = this.#subjectsOf(contexts, viewer, isOwn);
        return JSON.stringify(
          contexts.map((context) => [...subjects.get(context) ?? []]),
        );
      }
    }
  }

  #ask(
    question: Question<M>,
    signal: AbortSignal | undefined,
  ): Promise<Answers> {
    const { questions, others, isConnected } = this.#host;
    if (isConnected()) return questions.ask(question, others(), signal);
    return Promise.resolve({ answers: [], missing: [...others()].sort() });
  }

  #completeness(missing: readonly string[]): Completeness {
    const isComplete = this.#host.isConnected() && missing.length === 0;
    return { isComplete, missing };
  }

  #entries(
    answers: Answers,
    where: Where<M>,
    visible: ReturnType<typeof viewerPolicy<M>>,
  ): EntriesAnswer<M> {
    const here = this.#host.server.store.snapshots(where).filter(this.#counts);
    const entries = new Map<string, PresenceSnapshot<M>>();
    const take = (snapshot: PresenceSnapshot<M>) =>
      entries.set(nameOf(snapshot), snapshot);
    // An owner knows best.
    for (const snapshot of here) if (!this.#isOwn(snapshot)) take(snapshot);
    for (const entry of entriesOf<M>(answers)) {
      take({ ...entry, expiry: "never" });
    }
    for (const snapshot of here) if (this.#isOwn(snapshot)) take(snapshot);
    return {
      snapshots: [...entries.values()]
        .filter(({ visibility, subject }) => visible(visibility, subject)),
      ...this.#completeness(answers.missing),
    };
  }

  /**
   * Whether what the server shows counts beside the answers: what others have
   * may be old where it is not known that it is not; if nobody can be asked
   * that is all there is.
   */
  readonly #counts = (snapshot: PresenceSnapshot<M>): boolean =>
    !this.#host.isConnected() || this.#isOwn(snapshot) ||
    this.#isSettled(snapshot.context);

  #ownRows(
    where: Where<M>,
  ): (readonly [context: string, id: string, value: string])[] {
    return this.#host.server.store.snapshots(where)
      .filter((snapshot) => this.#isOwn(snapshot))
      .map((snapshot) =>
        [
          contextName(snapshot.context),
          rowId(snapshot),
          encodeRow(snapshot),
        ] as const
      );
  }

  #subjectsOf(
    contexts: readonly M["context"][],
    viewer: Viewer<M>,
    counts: (snapshot: PresenceSnapshot<M>) => boolean,
  ): Map<M["context"], Set<M["subject"]>> {
    const visible = viewerPolicy(viewer);
    const { store } = this.#host.server;
    return new Map(contexts.map((context) => {
      const snapshots = store.snapshots({ context, visible })
        .filter(counts);
      return [context, new Set(snapshots.map(({ subject }) => subject))];
    }));
  }

  #isSettled(context: M["context"]): boolean {
    return this.#host.isSettled(contextName(context));
  }

  #isOwn(snapshot: PresenceSnapshot<M>): boolean {
    const context = contextName(snapshot.context);
    return this.#host.interest.isOwn(context, rowId(snapshot));
  }
}

/** The entries of all answers; what can't be read is left out. */
function entriesOf<M extends PresenceModel>(
  { answers }: Answers,
): RemoteEntry<M>[] {
  return answers.flatMap((answer) => {
    try {
      const rows: readonly (readonly string[])[] = JSON.parse(answer);
      return rows.flatMap(([context = "", id = "", value = ""]) =>
        decodeRow<M>(context, id, value) ?? []
      );
    } catch {
      return [];
    }
  });
}

function addSubjects<M extends PresenceModel>(
  subjects: Map<M["context"], Set<M["subject"]>>,
  contexts: readonly M["context"][],
  answer: string,
): void {
  try {
    const lists: readonly (readonly M["subject"][])[] = JSON.parse(answer);
    for (const [index, context] of contexts.entries()) {
      for (const subject of lists[index] ?? []) {
        subjects.get(context)?.add(subject);
      }
    }
  } catch {
    // What can't be read counts for nothing.
  }
}

/** Splits contexts, so that no question is too long. */
function inParts<C>(contexts: readonly C[]): C[][] {
  const parts: C[][] = [];
  let length = Infinity;
  for (const context of contexts) {
    length += contextName(context).length + 1;
    if (length > PART_LENGTH / 2) {
      parts.push([]);
      length = contextName(context).length;
    }
    parts.at(-1)?.push(context);
  }
  return parts;
}

function nameOf(entry: RemoteEntry): string {
  return `${contextName(entry.context)} ${rowId(entry)}`;
}
