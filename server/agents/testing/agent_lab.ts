import { Random } from "../../cluster/testing/random.ts";
import { SimulatedNetwork } from "../../cluster/testing/simulated_network.ts";
import {
  SimulatedProcess,
  SimulatedProcesses,
} from "../../cluster/testing/simulated_processes.ts";
import type {
  BackboneConnection,
  BackboneListener,
} from "../../cluster/mod.ts";
import { AgentPresence } from "../mod.ts";

/** The heartbeat of the agents of a lab, in milliseconds. */
export const HEARTBEAT = 1_000;

/** Three of them. */
export const TTL = 3 * HEARTBEAT;

/** Long enough for a call and its events, far shorter than a heartbeat. */
export const SOON = 250;

/** The overridden calls of a connection. */
export type Fault = (
  connection: BackboneConnection,
  listener: BackboneListener,
) => Partial<BackboneConnection>;

/** The options of an agent of a lab. */
export interface LabAgentOptions {
  readonly project?: string;
  readonly heartbeatIntervalMs?: number;
  readonly watchBuffer?: number;
  /** The faults of its backbone. */
  readonly fault?: Fault;
}

/** An action of a process. */
export interface Begun<T> {
  readonly result: Promise<T>;
  isSettled: boolean;
}

/** An agent in a process of its own. */
export class LabAgent {
  readonly process: SimulatedProcess = new SimulatedProcess();
  readonly agentId: string;
  readonly #lab: AgentLab;
  #presence: AgentPresence | undefined;

  /** Made by the lab. */
  constructor(lab: AgentLab, agentId: string) {
    this.#lab = lab;
    this.agentId = agentId;
  }

  /** The agent, once it is open. */
  get presence(): AgentPresence {
    if (this.#presence === undefined) throw new Error("It is not open");
    return this.#presence;
  }

  /** Whether it is open, or was. */
  get isOpen(): boolean {
    return this.#presence !== undefined;
  }

  /** Opens it. */
  async open(options: LabAgentOptions = {}): Promise<void> {
    const opening = await this.begin(() => this.#open(options));
    await this.#lab.settle([opening]);
    await opening.result;
  }

  /** Begins to open it. */
  beginToOpen(options: LabAgentOptions = {}): Promise<Begun<void>> {
    return this.begin(() => this.#open(options));
  }

  /** Runs an action in its process, and lets time pass until it is done. */
  async ask<T>(action: () => Promise<T>): Promise<T> {
    const begun = await this.begin(action);
    await this.#lab.settle([begun]);
    return await begun.result;
  }

  /** Begins an action in its process. */
  async begin<T>(action: () => Promise<T>): Promise<Begun<T>> {
    const { promise, resolve } = Promise.withResolvers<T>();
    const begun: Begun<T> = { result: promise, isSettled: false };
    const settle = () => begun.isSettled = true;
    promise.then(settle, settle);
    await this.#lab.processes.run(this.process, () => resolve(action()));
    return begun;
  }

  /** Returns the agents that it sees. */
  async sees(): Promise<string[]> {
    const agents = await this.ask(() => this.presence.who());
    return agents.map(({ agentId }) => agentId);
  }

  /** Watches; adds the events to the returned list, in short. */
  async watch(signal = new AbortController().signal): Promise<string[]> {
    const reported: string[] = [];
    await this.#lab.processes.run(this.process, async () => {
      try {
        for await (const event of this.presence.watch(signal)) {
          reported.push(`${event.kind} ${event.agentId}`);
        }
        reported.push("end");
      } catch (error) {
        reported.push(error instanceof Error ? error.message : String(error));
      }
    });
    return reported;
  }

  async #open({ fault, ...options }: LabAgentOptions): Promise<void> {
    const backbone = this.#lab.network.for(this.process);
    this.#presence = await AgentPresence.open({
      agentId: this.agentId,
      project: "shop",
      heartbeatIntervalMs: HEARTBEAT,
      backbone: fault === undefined ? backbone : {
        async connect(node, listener) {
          const connection = await backbone.connect(node, listener);
          return { ...connection, ...fault(connection, listener) };
        },
      },
      ...options,
    });
  }

  /** Kills its process without a goodbye. */
  kill(): void {
    this.#lab.processes.crash(this.process);
    this.#lab.network.forget(this.process);
  }

  /** Pauses its process for a time. */
  async pause(duration: number): Promise<void> {
    this.process.isPaused = true;
    await this.#lab.processes.pass(duration);
    await this.#lab.processes.resume(this.process);
  }
}

/** Agents on a simulated network that a test controls, in fake time. */
export class AgentLab implements Disposable {
  readonly processes: SimulatedProcesses = new SimulatedProcesses();
  readonly network: SimulatedNetwork;
  readonly #agents: LabAgent[] = [];

  /** Makes an empty lab; the seed determines the delays. */
  constructor(seed = 1) {
    this.network = new SimulatedNetwork(this.processes, new Random(seed));
  }

  /** Makes an agent that is not open yet. */
  agent(agentId: string): LabAgent {
    const agent = new LabAgent(this, agentId);
    this.#agents.push(agent);
    return agent;
  }

  /** Starts an agent. */
  async start(agentId: string, options?: LabAgentOptions): Promise<LabAgent> {
    const agent = this.agent(agentId);
    await agent.open(options);
    return agent;
  }

  /** Lets time pass until all actions are done. */
  async settle(begun: readonly Begun<unknown>[]): Promise<void> {
    while (begun.some(({ isSettled }) => !isSettled)) {
      await this.processes.pass(5);
    }
    await Promise.all(begun.map(({ result }) => result.catch(() => {})));
  }

  /** Lets time pass. */
  pass(duration: number = SOON): Promise<void> {
    return this.processes.pass(duration);
  }

  /** Ends everything. */
  [Symbol.dispose](): void {
    for (const agent of this.#agents) agent.kill();
    this.processes[Symbol.dispose]();
  }
}
