import {
  ageOf,
  type ContextRows,
  type NodeLife,
  type Row,
  type RowWrite,
  type Written,
} from "../mod.ts";
import { groupBy, pause } from "../../internal.ts";
import type { RedisCalls } from "./calls.ts";
import { lifeOf, lifeText } from "./names.ts";
import { listOf, numberOf, readableOf, textOf, textsOf } from "./replies.ts";
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

/** The writes of one script by context, as indices of all writes. */
type Step = Map<string, number[]>;

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

  /** Reads a context. Other tasks run between two pieces of a large one. */
  async read(context: string): Promise<Omit<ContextRows, "memory">> {
    const keys = this.#calls.names.context(context);
    const [now, revision, ...pieces] = textsOf(
      await this.#calls.run(SCRIPTS.read, keys),
    );
    const rows: Row[] = [];
    for (const [index, piece] of pieces.entries()) {
      if (index > 0) await pause(0);
      rows.push(...rowsOf(piece, numberOf(now)));
    }
    return { revision: numberOf(revision), rows };
  }

  /**
   * Writes rows, those of one context in order. One script writes the contexts
   * of one slot; a server that is not of a Redis Cluster is like one slot. Where
   * effects are wanted, a script reads all ids of its context. So it writes one
   * context only, and Redis does other work between two of them.
   */
  async write(
    life: NodeLife,
    memory: string,
    writes: readonly RowWrite[],
  ): Promise<readonly Written[]> {
    const results: Written[] = [];
    await Promise.all(
      this.#stepsOf(writes).map(async (step) => {
        const indices = [...step.values()].flat();
        const written = await this.#writeStep(life, memory, writes, step);
        for (const [n, index] of indices.entries()) {
          results[index] = written[n] ?? { isDone: false, revision: 0 };
        }
      }),
    );
    return results;
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

  /** Divides writes into those of one script each, in order. */
  #stepsOf(writes: readonly RowWrite[]): Step[] {
    const { link, names } = this.#calls;
    const contextOf = (index: number) => writes[index]!.context;
    const byPlace = groupBy(
      [...writes.keys()],
      (index): number | string =>
        this.#sink === undefined
          ? link.slotOf(names.changes(contextOf(index)))
          : contextOf(index),
    );
    const steps: Step[] = [];
    for (const indices of byPlace.values()) {
      for (let first = 0; first < indices.length; first += STEP) {
        steps.push(groupBy(indices.slice(first, first + STEP), contextOf));
      }
    }
    return steps;
  }

  /** Runs one script; returns the results in the order of the step. */
  async #writeStep(
    life: NodeLife,
    memory: string,
    all: readonly RowWrite[],
    step: Step,
  ): Promise<readonly Written[]> {
    const { link, names } = this.#calls;
    const wantsEffects = this.#sink !== undefined;
    const keys: string[] = [];
    const args: string[] = [
      ...[lifeText(life), memory, link.publishCommand, this.#wantsEffects],
    ];
    const writes: RowWrite[] = [];
    for (const [context, indices] of step) {
      keys.push(...names.context(context));
      args.push(names.changes(context), String(indices.length));
      for (const index of indices) {
        const write = all[index]!;
        writes.push(write);
        args.push(...argumentsOf(write));
      }
    }
    const [now, ...reply] = textsOf(
      await this.#calls.run(SCRIPTS.write, keys, ...args),
    );
    const width = wantsEffects ? 4 : 2;
    const effects: Effect[] = [];
    const written = writes.map((write, index) => {
      const [revision, type = "", former = "", others] = reply
        .slice(index * width, (index + 1) * width);
      const isDone = isEffect(type);
      if (isDone && wantsEffects) {
        effects.push({
          ...{ context: write.context, id: write.id, type },
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

/** Reads rows, without those that can't be read: they are none of ours. */
function rowsOf(piece: string, now: number): Row[] {
  const rows: readonly (readonly string[])[] = JSON.parse(piece);
  return readableOf(rows, ([id = "", owner = "", value = ""]) => {
    const space = owner.indexOf(" ");
    const { node, epoch } = lifeOf(owner.slice(space + 1));
    const micros = now - numberOf(owner.slice(0, space));
    return { node, epoch, id, value, age: ageOf(micros / 1_000) };
  });
}

function argumentsOf(write: RowWrite): string[] {
  const { type, id } = write;
  const age = type === "retract" ? 0 : Math.min(MAX_AGE, write.age);
  return [type, id, String(age), type === "put" ? write.value : ""];
}

function isEffect(text: string): text is Effect["type"] {
  return ["joined", "updated", "left", "same"].includes(text);
}
