import {
  ageOf,
  type NodeLife,
  type Row,
  type RowWrite,
  type Written,
} from "../mod.ts";
import { lifeOf, lifeText, type RedisNames } from "./names.ts";
import type { RedisLink } from "./redis_link.ts";
import {
  listOf,
  numberOf,
  pairsOf,
  readableOf,
  textOf,
  textsOf,
} from "./replies.ts";
import { runScript } from "./script_runner.ts";
import { SCRIPTS } from "./scripts.ts";

/** How many rows one script writes, or looks at. */
const STEP = 500;

/** For how many milliseconds the last revision of an empty context is kept. */
const KEEP_EMPTY_MS = 600_000;

/** The oldest age that is told apart, in milliseconds. */
const MAX_AGE = 1e14;

/** What a write has done, and to what value. */
export interface Effect {
  /** Where. */
  readonly context: string;
  /** To which row. */
  readonly id: string;
  /** What; "same" if the row has another owner at most. */
  readonly type: "joined" | "updated" | "left" | "same";
  /** The value, or that which the row had before it left. */
  readonly value: string;
  /** Whether its subject has other rows in the context. */
  readonly hasOthers: boolean;
  /** When, in milliseconds, by the clock of Redis. */
  readonly timestamp: number;
}

/** Takes the effects of writes, in the order in which they were done. */
export type EffectSink = (effects: readonly Effect[]) => Promise<void>;

/** A context as it is read. */
export interface StoredContext {
  /** Up to which change. */
  readonly revision: number;
  /** The rows. */
  readonly rows: readonly Row[];
}

/** The rows, by their contexts. */
export class ContextStore {
  readonly #link: RedisLink;
  readonly #names: RedisNames;
  readonly #sink: EffectSink | undefined;

  /**
   * @param link What leads to Redis.
   * @param names What keys are called.
   * @param sink Takes the effects, if somebody wants to have them.
   */
  constructor(link: RedisLink, names: RedisNames, sink?: EffectSink) {
    this.#link = link;
    this.#names = names;
    this.#sink = sink;
  }

  /** Reads a context. */
  async read(context: string): Promise<StoredContext> {
    const keys = this.#names.context(context);
    const [now, revision, rows, owners] = listOf(
      await runScript(this.#link, this.#names, SCRIPTS.read, keys, []),
    );
    const values = new Map(pairsOf(rows));
    return {
      revision: numberOf(revision),
      // The node that has a row without an owner writes it again.
      rows: readableOf(pairsOf(owners), ([id, owner]) => {
        const space = owner.indexOf(" ");
        const { node, epoch } = lifeOf(owner.slice(space + 1));
        const micros = numberOf(now) - numberOf(owner.slice(0, space));
        const age = ageOf(micros / 1_000);
        return { node, epoch, id, value: values.get(id) ?? "", age };
      }),
    };
  }

  /** Writes rows of one context. */
  async write(
    life: NodeLife,
    memory: string,
    context: string,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    const steps: Promise<readonly Written[]>[] = [];
    for (let first = 0; first < writes.length; first += STEP) {
      const step = writes.slice(first, first + STEP);
      steps.push(this.#writeStep(life, memory, context, step));
    }
    return (await Promise.all(steps)).flat();
  }

  /** Removes the rows of a life from a context. */
  async sweep(context: string, life: NodeLife): Promise<void> {
    const keys = this.#names.context(context);
    let cursor = "0";
    do {
      const [next, now, ...removed] = listOf(
        await runScript(this.#link, this.#names, SCRIPTS.sweep, keys, [
          ...[lifeText(life), cursor, String(STEP)],
          ...[String(KEEP_EMPTY_MS), this.#sink === undefined ? "0" : "1"],
        ]),
      );
      const effects: Effect[] = [];
      for (let index = 0; index < removed.length; index += 3) {
        const [id = "", value = "", others] = textsOf(
          removed.slice(index, index + 3),
        );
        const timestamp = numberOf(now);
        const hasOthers = Number(others) > 0;
        effects.push({
          context,
          id,
          type: "left",
          value,
          hasOthers,
          timestamp,
        });
      }
      await this.#sink?.(effects);
      cursor = textOf(next);
    } while (cursor !== "0");
  }

  async #writeStep(
    life: NodeLife,
    memory: string,
    context: string,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    const [now, ...reply] = textsOf(
      await runScript(
        this.#link,
        this.#names,
        SCRIPTS.write,
        this.#names.context(context),
        [
          ...[lifeText(life), memory, this.#names.changes(context)],
          ...[this.#link.publish, String(KEEP_EMPTY_MS)],
          this.#sink === undefined ? "0" : "1",
          ...writes.flatMap(argumentsOf),
        ],
      ),
    );
    const effects: Effect[] = [];
    const written = writes.map((write, index) => {
      const [revision, effect, former, others] = reply
        .slice(index * 4, index * 4 + 4);
      const type = effectOf(effect);
      if (type !== undefined) {
        const { id } = write;
        const value = write.type === "put" ? write.value : former ?? "";
        const hasOthers = Number(others) > 0;
        const timestamp = Number(now);
        effects.push({ context, id, type, value, hasOthers, timestamp });
      }
      return { isDone: type !== undefined, revision: Number(revision) };
    });
    await this.#sink?.(effects);
    return written;
  }
}

function argumentsOf(write: RowWrite): string[] {
  const { type, id } = write;
  const age = type === "retract" ? 0 : Math.min(MAX_AGE, write.age);
  return [type, id, String(age), type === "put" ? write.value : ""];
}

function effectOf(text: string | undefined): Effect["type"] | undefined {
  switch (text) {
    case "joined":
    case "updated":
    case "left":
    case "same":
      return text;
  }
  return undefined;
}
