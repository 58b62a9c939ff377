import { assert, assertEquals } from "@std/assert";
import { Random } from "../../cluster/testing/random.ts";
import { CALM, type Weather } from "../../cluster/testing/simulated_network.ts";
import { AgentPresenceError, DisplacedError } from "../mod.ts";
import { AgentLab, type Begun, type LabAgent } from "./agent_lab.ts";
import { SILENT } from "../../cluster/testing/silent_listener.ts";

const IDS = ["a", "b", "c", "d"];
const PROJECTS = ["p", "p", "q"];
const HEARTBEATS = [150, 300, 600];
const LONGEST_TTL = 3 * 600;

const STORM: Weather = {
  maxDelay: 40,
  failure: 0.1,
  loss: 0.1,
  duplication: 0.1,
  reorders: true,
};

/** The kinds of failures in a simulation. */
type Trouble = "none" | "loss" | "all";

/** A process that was started as an agent. */
interface Started {
  readonly agent: LabAgent;
  readonly project: string;
  readonly opening: Begun<void>;
  /** Its watches, each with its events. */
  readonly watches: string[][];
  /** How it has ended, if the simulation has ended it. */
  end: "killed" | "closed" | "failed" | "displaced" | undefined;
}

/** A history of agents, generated from a seed. */
class AgentSimulation {
  readonly #random: Random;
  readonly #lab: AgentLab;
  readonly #trouble: Trouble;
  readonly #log: ((line: string) => void) | undefined;
  readonly #started: Started[] = [];
  #isAway = false;

  constructor(seed: number, lab: AgentLab, log?: (line: string) => void) {
    this.#random = new Random(seed);
    this.#lab = lab;
    this.#trouble = (["none", "loss", "all", "all"] as const)[seed % 4] ??
      "all";
    this.#log = log;
    if (log !== undefined) lab.network.trace = (line) => this.#note(line);
  }

  /** Runs the history, heals everything, and checks the result. */
  async run(): Promise<void> {
    if (this.#trouble !== "none") this.#lab.network.weather = STORM;
    await this.#start();
    const steps = 10 + this.#random.below(30);
    for (let step = 0; step < steps; step++) {
      this.#lab.network.checkpoint();
      await this.#act();
      await this.#lab.pass(this.#random.below(400));
    }
    await this.#heal();
    await this.#check();
  }

  #note(text: string): void {
    this.#log?.(`${Date.now() - 1_000_000} ${text}`);
  }

  async #act(): Promise<void> {
    const actions = [
      ...Array(4).fill(() => this.#start()),
      ...Array(4).fill(() => this.#watch()),
      ...Array(2).fill(() => this.#close()),
      ...Array(2).fill(() => this.#kill()),
    ];
    if (this.#trouble === "all") {
      actions.push(
        () => this.#cut(),
        () => this.#cut(),
        () => this.#pause(),
        () => this.#pause(),
        () => this.#away(),
      );
    }
    await this.#random.pick(actions)?.();
  }

  /** Picks an agent that has not ended. */
  #any(): Started | undefined {
    const open = this.#started.filter(({ end, opening, agent }) =>
      end === undefined && opening.isSettled && agent.isOpen
    );
    return this.#random.pick(open);
  }

  async #start(): Promise<void> {
    const agentId = this.#random.pick(IDS) ?? "";
    const project = this.#random.pick(PROJECTS) ?? "";
    const heartbeatIntervalMs = this.#random.pick(HEARTBEATS);
    if (this.#trouble === "none" && this.#isThere(agentId, project)) return;
    const agent = this.#lab.agent(agentId);
    this.#note(`start ${project} ${agentId} ${heartbeatIntervalMs}`);
    const opening = await agent.beginToOpen({ project, heartbeatIntervalMs });
    this.#started.push({
      agent,
      project,
      opening,
      watches: [],
      end: undefined,
    });
  }

  #isThere(agentId: string, project: string): boolean {
    return this.#started.some((other) =>
      other.agent.agentId === agentId && other.project === project &&
      other.end === undefined
    );
  }

  async #watch(): Promise<void> {
    const started = this.#any();
    if (started === undefined) return;
    started.watches.push(await started.agent.watch());
  }

  async #close(): Promise<void> {
    const started = this.#any();
    if (started === undefined || started.agent.process.isPaused) return;
    this.#note(`close ${started.agent.agentId}`);
    started.end = "closed";
    const { agent } = started;
    await agent.begin(() => agent.presence.close());
  }

  #kill(): Promise<void> {
    const started = this.#any();
    if (started !== undefined) {
      this.#note(`kill ${started.agent.agentId}`);
      started.end = "killed";
      started.agent.kill();
    }
    return Promise.resolve();
  }

  #cut(): Promise<void> {
    const { processes, network } = this.#lab;
    const process = this.#any()?.agent.process;
    if (process === undefined) return Promise.resolve();
    this.#note("cut");
    network.cut(process, true);
    processes.after(
      this.#random.below(2 * LONGEST_TTL),
      undefined,
      () => network.cut(process, false),
    );
    return Promise.resolve();
  }

  #pause(): Promise<void> {
    const process = this.#any()?.agent.process;
    if (process === undefined) return Promise.resolve();
    this.#note("pause");
    process.isPaused = true;
    this.#lab.processes.after(
      this.#random.below(2 * LONGEST_TTL),
      undefined,
      () => this.#lab.processes.resume(process),
    );
    return Promise.resolve();
  }

  #away(): Promise<void> {
    if (this.#isAway) return Promise.resolve();
    this.#isAway = true;
    const loss = this.#random.pick(
      ["nothing", "the latest", "everything"] as const,
    );
    this.#note(`away, loses ${loss}`);
    this.#lab.network.setAway(true, loss);
    this.#lab.processes.after(
      this.#random.below(LONGEST_TTL),
      undefined,
      () => this.#comeBack(),
    );
    return Promise.resolve();
  }

  #comeBack(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#note("back");
    this.#lab.network.setAway(false);
  }

  async #heal(): Promise<void> {
    this.#note("heal");
    const { network, processes } = this.#lab;
    network.weather = CALM;
    this.#comeBack();
    for (const { agent } of this.#started) {
      network.cut(agent.process, false);
      if (agent.process.isPaused) await processes.resume(agent.process);
    }
    // A goodbye without an answer takes 10 s.
    await this.#lab.pass(4 * LONGEST_TTL);
  }

  // Checks

  async #check(): Promise<void> {
    for (const started of this.#started) await this.#checkEnd(started);
    const live = this.#started.filter(({ end }) => end === undefined);
    for (const { agent, project } of live) {
      const expected = live
        .filter((other) => other.project === project)
        .map((other) => other.agent.agentId).sort();
      assertEquals(await agent.sees(), expected, `${agent.agentId} sees`);
      for (const id of IDS) {
        const isThere = await agent.ask(() => agent.presence.present(id));
        assertEquals(isThere, expected.includes(id), `${id} is present`);
      }
    }
    for (const started of this.#started) this.#checkWatches(started, live);
    // Leases that were found only now have expired by then.
    await this.#lab.pass(2 * LONGEST_TTL);
    await this.#checkShared(live);
  }

  async #checkEnd(started: Started): Promise<void> {
    const { agent, opening, end } = started;
    if (end !== undefined) return;
    assert(opening.isSettled, "every start is done eventually");
    try {
      await opening.result;
      await agent.ask(() => agent.presence.who());
    } catch (error) {
      started.end = error instanceof DisplacedError ? "displaced" : "failed";
      if (error instanceof AgentPresenceError) {
        assert(error.message.startsWith("presence.Open: "), error.message);
      } else {
        assert(error instanceof DisplacedError, String(error));
        const others = this.#started.filter((other) =>
          other.agent.agentId === agent.agentId &&
          other.project === started.project
        );
        assert(others.length > 1, "nobody is displaced by nobody");
      }
    }
  }

  #checkWatches({ watches, end, project, agent }: Started, live: Started[]) {
    for (const reported of watches) {
      const last = new Map<string, string>();
      for (const event of reported) {
        const [kind = "", id = ""] = event.split(" ");
        if (kind !== "up" && kind !== "down") continue;
        assert(last.get(id) !== kind, `${agent.agentId} reports ${reported}`);
        last.set(id, kind);
      }
      if (end !== undefined) continue;
      for (const [id, kind] of last) {
        const isThere = live.some((other) =>
          other.project === project && other.agent.agentId === id
        );
        assertEquals(
          kind === "up",
          isThere,
          `${agent.agentId} reports ${reported}`,
        );
        if (this.#trouble !== "none" || kind === "up") continue;
        const hasEnded = this.#started.some((other) =>
          other.agent.agentId === id && other.end !== undefined
        );
        assert(hasEnded, `${id} was reported to be down`);
      }
    }
  }

  /** Checks that nothing is left of ended agents. */
  async #checkShared(live: readonly Started[]): Promise<void> {
    const observer = await this.#lab.network.backbone.connect(
      "observer",
      SILENT,
    );
    const leases = await observer.leases();
    // Nobody cleans up a project without live agents.
    for (const project of new Set(live.map(({ project }) => project))) {
      const prefix = JSON.stringify(["agent", project]).slice(0, -1);
      const expected = live
        .filter((other) => other.project === project)
        .map(({ agent }) => JSON.stringify(["agent", project, agent.agentId]))
        .sort();
      const held = leases.map(({ node }) => node)
        .filter((node) => node.startsWith(prefix)).sort();
      assertEquals(held, expected, "leases");
      const { rows } = await observer.read(JSON.stringify(["agents", project]));
      assertEquals(rows.map(({ node }) => node).sort(), expected, "entries");
    }
  }
}

/** Runs the simulation of a seed. */
export async function simulateAgents(
  seed: number,
  log?: (line: string) => void,
): Promise<void> {
  using lab = new AgentLab(seed);
  await new AgentSimulation(seed, lab, log).run();
}
