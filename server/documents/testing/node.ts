import { assert } from "@std/assert";
import { type Cluster, joinCluster } from "../../cluster/mod.ts";
import { type Lab, TIMES } from "../../cluster/testing/lab.ts";
import { SimulatedProcess } from "../../cluster/testing/simulated_processes.ts";
import { PresenceServer } from "../../mod.ts";
import { settles } from "../../testing/harness.ts";
import {
  type DocumentModel,
  DocumentPresence,
  type DocumentPresenceOptions,
} from "../mod.ts";

/** How a node differs from others. */
export interface NodeOptions {
  /** How far its clock is ahead. */
  readonly aheadMs?: number;
  /** The time to live of its lease. */
  readonly leaseTtlMs?: number;
}

/** A server of a cluster and its documents. */
export class Node {
  readonly server: PresenceServer<DocumentModel>;
  readonly presence: DocumentPresence;
  readonly cluster: Cluster<DocumentModel>;
  readonly errors: unknown[] = [];
  readonly #lab: Lab;
  readonly #process: SimulatedProcess;

  /** Makes a node; use `start()`. */
  constructor(
    lab: Lab,
    process: SimulatedProcess,
    node: string,
    options: DocumentPresenceOptions,
    { aheadMs = 0, leaseTtlMs = TIMES.leaseTtlMs }: NodeOptions,
  ) {
    this.#lab = lab;
    this.#process = process;
    this.server = new PresenceServer<DocumentModel>({
      clock: () => Date.now() + aheadMs,
      graceMs: 1_000,
    });
    this.presence = new DocumentPresence(this.server, options);
    this.cluster = joinCluster(this.server, lab.network.for(process), {
      ...TIMES,
      leaseTtlMs,
      node,
      onError: (error) => this.errors.push(error),
    });
  }

  /** Starts a node. */
  static async start(
    lab: Lab,
    name: string,
    options: DocumentPresenceOptions = {},
    nodeOptions: NodeOptions = {},
  ): Promise<Node> {
    const process = new SimulatedProcess();
    const started: Node[] = [];
    await lab.processes.run(process, () => {
      started.push(new Node(lab, process, name, options, nodeOptions));
    });
    const [node] = started;
    assert(node !== undefined);
    return node;
  }

  /** Runs an action in its process. */
  run(action: () => unknown): Promise<void> {
    return this.#lab.processes.run(this.#process, action);
  }

  /** Asks it a question, and advances the time until it answers. */
  async ask<T>(
    question: (presence: DocumentPresence) => Promise<T>,
  ): Promise<T> {
    const answers: Promise<T>[] = [];
    await this.run(() => answers.push(question(this.presence)));
    const [answer] = answers;
    assert(answer !== undefined);
    for (let ms = 0; ms < 3_000 && !await settles(answer); ms += 50) {
      await this.#lab.pass(50);
    }
    assert(await settles(answer), "There is no answer");
    return await answer;
  }

  /** Cuts it off from the others, or reconnects it. */
  cut(isCut = true): void {
    this.#lab.network.cut(this.#process, isCut);
  }

  /** Ends it without a goodbye. */
  kill(): void {
    this.#lab.processes.crash(this.#process);
    this.#lab.network.forget(this.#process);
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.kill();
    this.presence[Symbol.dispose]();
    this.server[Symbol.dispose]();
  }
}
