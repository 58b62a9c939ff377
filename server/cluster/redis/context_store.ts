import {
  ageOf,
  type ContextRows,
  type NodeLife,
  type RowWrite,
  type Written,
} from "../mod.ts";
import type { RedisCalls } from "./calls.ts";
import { lifeOf, lifeText } from "./names.ts";
import {
  listOf,
  numberOf,
  pairsOf,
  readableOf,
  textOf,
  textsOf,
} from "./replies.ts";
import { SCRIPTS } from "./scripts.ts";

/** How many rows one script writes, or looks at. */
const STEP = 500;

/** The oldest age that Redis can tell apart from others, in milliseconds. */
const MAX_AGE = 1e14;

/** What a write has done to a row. */
export interface Effect {
  /** The context. */
  readonly context: string;
  /** Identifies the row. */
  readonly id: string;
  /** What it has done; "same" if the row has another owner at most. */
  readonly type: "joined" | "updated" | "left" | "same";
  /** The value, or the last value of a row that left. */
  readonly value: string;
  /** Whether the subject of the row has other rows in the context. */
  readonly hasOthers: boolean;
  /** Milliseconds since 1970, by the clock of Redis. */
  readonly timestamp: number;
}

/** Takes the effects of writes, in order. */
export type EffectSink = (effects: readonly Effect[]) => Promise<void>;

/** The rows of contexts. */
export class ContextStore {
  readonly #calls: RedisCalls;
  readonly #sink: EffectSink | undefined;
  /** The last argument of scripts that change rows. */
  readonly #wantsEffects: "0" | "1";

  /**
   * @param calls Calls to Redis.
   * @param sink Takes the effects; they are not asked for if there is none.
   */
  constructor(calls: RedisCalls, sink: EffectSink | undefined) {
    this.#calls = calls;
    this.#sink = sink;
    this.#wantsEffects = sink === undefined ? "0" : "1";
  }

  /** Reads a context. */
  async read(context: string): Promise<Omit<ContextRows, "memory">> {
    const keys = this.#calls.names.context(context);
    const [now, revision, rows, owners] = listOf(
      await this.#calls.run(SCRIPTS.read, keys),
    );
    const values = new Map(pairsOf(rows));
    return {
      revision: numberOf(revision),
      // A row without an owner is left out; the node that has it writes it again.
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
    const keys = this.#calls.names.context(context);
    let cursor = "0";
    do {
      const [next, now, ...removed] = listOf(
        await this.#calls.run(
          SCRIPTS.sweep,
          keys,
          ...[lifeText(life), cursor, String(STEP), this.#wantsEffects],
        ),
      );
      const effects: Effect[] = [];
      for (let index = 0; index < removed.length; index += 3) {
        const [id = "", value = "", others] = textsOf(
          removed.slice(index, index + 3),
        );
        effects.push({
          ...{ context, id, type: "left", value },
          hasOthers: Number(others) > 0,
          timestamp: numberOf(now),
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
    const { link, names } = this.#calls;
    const [now, ...reply] = textsOf(
      await this.#calls.run(
        SCRIPTS.write,
        names.context(context),
        lifeText(life),
        memory,
        names.changes(context),
        link.publishCommand,
        this.#wantsEffects,
        ...writes.flatMap(argumentsOf),
      ),
    );
    const effects: Effect[] = [];
    const written = writes.map((write, index) => {
      const [revision, type = "", former = "", others] = reply
        .slice(index * 4, index * 4 + 4);
      const isDone = isEffect(type);
      if (isDone) {
        effects.push({
          ...{ context, id: write.id, type },
          value: write.type === "put" ? write.value : former,
          hasOthers: Number(others) > 0,
          timestamp: Number(now),
        });
      }
      return { isDone, revision: Number(revision) };
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

function isEffect(text: string): text is Effect["type"] {
  return ["joined", "updated", "left", "same"].includes(text);
}
