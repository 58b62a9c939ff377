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

/** How a node is. */
export interface NodeOptions {
  /** How wrong its clock is. */
  readonly aheadMs?: number;
  /** How long its lease lasts. */
  readonly leaseTtlMs?: number;
}

/** One of several servers that act as one, and its documents. */
export class Node {
  readonly server: PresenceServer<DocumentModel>;
  readonly presence: DocumentPresence;
  readonly cluster: Cluster<DocumentModel>;
  readonly errors: unknown[] = [];
  readonly #lab: Lab;
  readonly #process: SimulatedProcess;

  /** Made by `start()`. */
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

  /** Has it do something. */
  run(action: () => unknown): Promise<void> {
    return this.#lab.processes.run(this.#process, action);
  }

  /** Asks it something, and lets time go by until it answers. */
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

  /** Cuts it off from the others, or ends that. */
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
