import { assert, assertEquals } from "@std/assert";
import {
  type EntryKey,
  entryKeyOf,
  type PresenceSnapshot,
  type PresenceUpdate,
} from "../../../core/mod.ts";
import { FACET_ALLOWANCE_MS } from "../../internal.ts";
import { PresenceServer, PresenceView, type Whereabouts } from "../../mod.ts";
import { type Cluster, joinCluster } from "../cluster.ts";
import { NodeNameTakenError } from "../errors.ts";
import { contextName, rowId } from "../row_codec.ts";
import { Random } from "./random.ts";
import {
  CALM,
  SimulatedNetwork,
  SimulatedNetworkError,
  type Weather,
} from "./simulated_network.ts";
import { SimulatedProcess, SimulatedProcesses } from "./simulated_processes.ts";
import { SILENT } from "./silent_listener.ts";

const LEASE_TTL = 300;
/** Long enough to see what happens to the rows of dead nodes. */
const LONG_LEASE_TTL = 1_500;
const HOLD = 1_000;
const GRACE = 200;
/** How long posts live, and how often they are sent. */
const POST_TTL = 400;
const POST_INTERVAL = 120;
/** The longest duration of a facet with a deadline. */
const MAX_FACET_TTL = 400;
/** How long a change takes to reach all nodes without faults. */
const TOLD_AFTER = 150;
/** How long an ended facet may be shown: for delays and a sweep. */
const OVER_AFTER = FACET_ALLOWANCE_MS + 150;
/** After how long all nodes know a subject. */
const KNOWN_AFTER = 300;

const CONTEXTS = ["c0", "c1", "c2"];
const SUBJECTS = ["s0", "s1", "s2", "s3"];
const AVAILABILITIES = ["available", "busy", null] as const;
const ACTIVITIES = ["editing", "idle", null] as const;

const MAX_DELAY = 30;
const STORM: Weather = {
  maxDelay: MAX_DELAY,
  failure: 0.1,
  loss: 0.1,
  duplication: 0.1,
  reorders: true,
};

/** The faults of a simulation. */
export type Trouble = "none" | "crashes" | "restarts" | "loss" | "all";

/** A process that serves presence. */
interface Node {
  readonly name: string;
  readonly process: SimulatedProcess;
  readonly server: PresenceServer;
  readonly cluster: Cluster;
  readonly watchers: Set<Watcher>;
}

/** A watcher of a context, and its events. */
interface Watcher {
  readonly context: string;
  readonly view: PresenceView;
  readonly controller: AbortController;
}

/**
 * Who publishes: by a socket, which is an origin of its own at one node and
 * ends with it; by posts with a time to live, each to any node; or as a roamer,
 * whose origin moves with it from node to node and who says nothing but what
 * is new.
 */
interface Publisher {
  readonly kind: "socket" | "posts" | "roamer";
  readonly subject: string;
  readonly context: string;
  readonly resource: string | undefined;
  origin: string;
  node: Node;
  visibility: "public" | "private";
  facets: {
    availability: typeof AVAILABILITIES[number];
    activity: typeof ACTIVITIES[number];
  };
  /** When the activity was published, if it has a deadline, and when it ends. */
  brief: { readonly at: number; readonly until: number } | undefined;
  /** Since when the subject is there. */
  since: number;
  /** Where and when it published last. */
  last: { readonly node: Node; readonly at: number } | undefined;
  /** When a roamer publishes again, if it has to. */
  repeatAt: number | undefined;
  nextPost: number;
}

/** An activity with a deadline, as it was last published. */
interface Brief {
  readonly key: EntryKey;
  readonly activity: string;
  readonly node: Node;
  readonly at: number;
  readonly until: number;
  /** Whether the present owner knows its deadline. */
  isSure: boolean;
}

/** A history of a cluster, generated from a seed. */
export class Simulation {
  readonly #random: Random;
  readonly #slice: number;
  readonly #processes: SimulatedProcesses;
  readonly #network: SimulatedNetwork;
  readonly #trouble: Trouble;
  readonly #leaseTtl: number;
  readonly #nodes = new Map<string, Node>();
  readonly #publishers = new Set<Publisher>();
  readonly #brief = new Map<string, Brief>();
  readonly #failures: string[] = [];
  readonly #log: ((line: string) => void) | undefined;
  #origins = 0;
  #isAway = false;
  #backAt = -Infinity;
  #isHealed = false;
  #hasLostTheLatest = false;

  /** Makes a history that has not begun. */
  constructor(
    seed: number,
    slice: number,
    processes: SimulatedProcesses,
    log?: (line: string) => void,
  ) {
    this.#random = new Random(seed);
    this.#slice = slice;
    this.#processes = processes;
    this.#network = new SimulatedNetwork(processes, this.#random);
    const troubles = [
      "none",
      "crashes",
      "restarts",
      "loss",
      "all",
      "all",
    ] as const;
    this.#trouble = troubles[seed % troubles.length] ?? "all";
    this.#leaseTtl = this.#trouble === "crashes" ? LONG_LEASE_TTL : LEASE_TTL;
    this.#log = log;
    if (log !== undefined) this.#network.trace = (line) => this.#note(line);
  }

  /** Runs the history, heals everything, and checks the result. */
  async run(): Promise<void> {
    const count = 2 + this.#random.below(3);
    for (let index = 0; index < count; index++) await this.#start(`n${index}`);
    if (this.#trouble === "loss" || this.#trouble === "all") {
      this.#network.weather = STORM;
    }
    const steps = 10 + this.#random.below(40);
    for (let step = 0; step < steps; step++) {
      await this.#act();
      await this.#pass(this.#random.below(60));
    }
    await this.#heal();
    await this.#pass(this.#leaseTtl * 2 + this.#leaseTtl / 3 + POST_TTL);
    await this.#check();
    for (const node of this.#nodes.values()) this.#end(node);
  }

  #note(text: string): void {
    this.#log?.(`${this.#processes.now - 1_000_000} ${text}`);
  }

  // What happens

  async #act(): Promise<void> {
    const actions = [
      ...Array(6).fill(() => this.#appear()),
      ...Array(4).fill(() => this.#change()),
      ...Array(2).fill(() => this.#goOn()),
      ...Array(2).fill(() => this.#reconnect()),
      ...Array(2).fill(() => this.#disappear()),
      ...Array(3).fill(() => this.#watch()),
      () => this.#unwatch(),
    ];
    if (this.#trouble === "restarts" || this.#trouble === "all") {
      actions.push(() => this.#goAway());
    }
    if (this.#trouble === "crashes") {
      actions.push(() => this.#crash(), () => this.#goOn());
    }
    if (this.#trouble === "all") {
      actions.push(
        () => this.#cut(),
        () => this.#cut(),
        () => this.#pause(),
        () => this.#crash(),
        () => this.#leave(),
        () => this.#twin(),
        () => this.#twin(),
        () => this.#change(),
      );
    }
    await this.#random.pick(actions)?.();
  }

  async #start(name: string, nodeName = name): Promise<void> {
    const process = new SimulatedProcess();
    const offset = (this.#random.below(20) - 10) * 60_000;
    await this.#processes.run(process, () => {
      const server = new PresenceServer({
        graceMs: GRACE,
        clock: () => this.#processes.now + offset,
      });
      const cluster = joinCluster(server, this.#network.for(process), {
        node: nodeName,
        leaseTtlMs: this.#leaseTtl,
        holdMs: HOLD,
        onError: (error) => {
          if (error instanceof SimulatedNetworkError) return;
          // What a process has asked for before it crashed may come late.
          if (error instanceof NodeNameTakenError) return;
          this.#failures.push(
            error instanceof Error ? `${error.stack}` : String(error),
          );
        },
      });
      cluster["parts"].contexts.pace.size = this.#slice;
      const watchers = new Set<Watcher>();
      this.#nodes.set(name, { name, process, server, cluster, watchers });
    });
    this.#note(`start ${name}`);
  }

  async #twin(): Promise<void> {
    const one = this.#anyNode();
    if (one === undefined || this.#nodes.size > 5) return;
    this.#note(`twin of ${one.cluster.node}`);
    await this.#start(`${one.name}+${this.#origins++}`, one.cluster.node);
  }

  /** Returns a node that accepts a publisher. */
  #anyNode(): Node | undefined {
    return this.#random.pick([...this.#nodes.values()]);
  }

  async #appear(): Promise<void> {
    const node = this.#anyNode();
    if (node === undefined) return;
    const kind = this.#random.pick(["socket", "posts", "roamer"] as const) ??
      "socket";
    const subject = this.#random.pick(SUBJECTS) ?? "";
    const context = this.#random.pick(CONTEXTS) ?? "";
    const publisher: Publisher = {
      kind,
      subject,
      context,
      resource: this.#random.pick([undefined, "tab"]),
      origin: `o${this.#origins++}`,
      node,
      visibility: "public",
      facets: { availability: null, activity: null },
      brief: undefined,
      since: this.#processes.now,
      last: undefined,
      repeatAt: undefined,
      nextPost: 0,
    };
    this.#publishers.add(publisher);
    this.#moved(publisher);
    await this.#publish(publisher, publisher.facets);
  }

  async #change(): Promise<void> {
    const publisher = this.#random.pick([...this.#publishers]);
    if (publisher === undefined) return;
    const { facets } = publisher;
    const patch = {
      ...this.#random.chance(0.7)
        ? { availability: this.#random.pick(AVAILABILITIES) ?? null }
        : {},
      ...this.#random.chance(0.7)
        ? { activity: this.#random.pick(ACTIVITIES) ?? null }
        : {},
    };
    publisher.facets = { ...facets, ...patch };
    const { activity } = patch;
    if (activity !== undefined) {
      const at = this.#processes.now;
      const until = at + 1 + this.#random.below(MAX_FACET_TTL);
      const isBrief = activity !== null && this.#random.chance(0.4);
      publisher.brief = isBrief ? { at, until } : undefined;
    }
    if (this.#random.chance(0.2)) {
      publisher.visibility = this.#random.pick(["public", "private"]) ??
        "public";
    }
    await this.#publish(publisher, patch);
  }

  /** Continues an activity with a deadline, or changes the deadline. */
  async #goOn(): Promise<void> {
    const { now } = this.#processes;
    const publisher = this.#random.pick(
      [...this.#publishers].filter(({ brief }) => (brief?.until ?? 0) > now),
    );
    if (publisher === undefined) return;
    const until = now + 1 + this.#random.below(MAX_FACET_TTL);
    publisher.brief = { at: now, until };
    const { activity } = publisher.facets;
    await this.#publish(publisher, { activity });
  }

  /** Posts again, perhaps to another node. */
  async #repeat(publisher: Publisher, isElsewhere: boolean): Promise<void> {
    const { facets, brief } = publisher;
    const { now } = this.#processes;
    if (brief === undefined) return await this.#publish(publisher, facets);
    const isKnown = !isElsewhere ||
      this.#trouble === "none" && now - brief.at > TOLD_AFTER;
    // What was said for a time goes by itself where that is known.
    const { availability } = facets;
    if (isKnown) return await this.#publish(publisher, { availability });
    if (brief.until > now) return await this.#publish(publisher, facets);
    await this.#publish(publisher, { availability, activity: null });
  }

  async #publish(
    publisher: Publisher,
    patch: PresenceUpdate["facets"],
  ): Promise<void> {
    const { kind, node, visibility, brief } = publisher;
    const isBrief = brief !== undefined && (patch.activity ?? null) !== null;
    const lasts = isBrief ? brief.until - this.#processes.now : undefined;
    // A roamer turns away from a node that does not answer.
    if (kind === "roamer" && node.process.isPaused) {
      this.#publishers.delete(publisher);
      return await this.#lose(publisher);
    }
    const key = entryKeyOf(publisher);
    this.#note(
      `${kind} ${key.subject} ${key.context} ${key.resource} ${key.origin} ` +
        `publishes at ${node.name} ${JSON.stringify(patch)}` +
        (lasts === undefined ? "" : ` for ${lasts}`),
    );
    publisher.nextPost = this.#processes.now + POST_INTERVAL;
    this.#said(publisher, patch.activity);
    publisher.last = { node, at: this.#processes.now };
    await this.#processes.run(node.process, () => {
      const { now } = node.server;
      const expiry = kind === "posts" ? now + POST_TTL : "never";
      node.server.receive({
        ...key,
        visibility,
        observedAt: now,
        expiry,
        facets: patch,
        facetDeadlines: lasts === undefined ? {} : { activity: now + lasts },
      });
    });
  }

  /** Remembers an activity with a deadline. */
  #said(
    publisher: Publisher,
    activity: PresenceUpdate["facets"]["activity"],
  ): void {
    const { node, brief, last } = publisher;
    const key = entryKeyOf(publisher);
    const id = rowId(key);
    const before = this.#brief.get(id);
    if (activity === undefined) {
      if (before !== undefined) before.isSure &&= before.node === node;
      return;
    }
    this.#brief.delete(id);
    if (brief === undefined || typeof activity !== "string") return;
    const { now: at } = this.#processes;
    const { until } = brief;
    // Two updates at once at two nodes have no order, until the next change.
    const isOrdered = last === undefined || last.node === node ||
      at - last.at > MAX_DELAY * 3;
    const isSure = isOrdered && before?.isSure !== false;
    this.#brief.set(id, { key, activity, node, at, until, isSure });
  }

  /** Reopens a socket, or sends posts to another node. */
  async #reconnect(
    publisher: Publisher | undefined = this.#random.pick([...this.#publishers]),
  ): Promise<void> {
    const node = this.#anyNode();
    if (publisher === undefined || node === undefined) return;
    if (publisher.kind === "socket") {
      await this.#lose(publisher);
      // By another connection they are here: nothing waits for this one, or
      // not until it is opened anew.
      const key = entryKeyOf(publisher);
      const { server } = publisher.node;
      const look = () => {
        const lingers = server.store.snapshot(key) !== undefined;
        if (!lingers) publisher.since = this.#processes.now + HOLD / 2;
      };
      look();
      publisher.origin = `o${this.#origins++}`;
      publisher.node = node;
      await this.#pass(this.#random.below(60));
      look();
      // Perhaps it is lost itself by now, or the node is.
      if (!this.#publishers.has(publisher)) return;
    }
    const former = publisher.node;
    publisher.node = this.#nodes.get(node.name) ?? node;
    this.#moved(publisher);
    if (publisher.kind === "roamer") {
      // Two words at once at two nodes have no order.
      await this.#pass(MAX_DELAY * 3);
      if (!this.#publishers.has(publisher)) return;
      if (this.#nodes.get(publisher.node.name) !== publisher.node) return;
    }
    await this.#repeat(publisher, true);
    if (publisher.kind === "roamer" && former !== publisher.node) {
      await this.#pass(this.#random.below(60));
      if (publisher.node !== former) {
        await this.#lose({ ...publisher, node: former });
      }
    }
  }

  /** Promises no move that others may learn of too late. */
  #moved(publisher: Publisher): void {
    if (this.#trouble === "none") return;
    publisher.since = this.#processes.now + HOLD / 2;
  }

  async #lose({ node, origin }: Publisher): Promise<void> {
    this.#note(`${origin} is lost at ${node.name}`);
    await this.#processes.run(
      node.process,
      () => node.server.disconnect(origin),
    );
  }

  async #disappear(): Promise<void> {
    const publisher = this.#random.pick([...this.#publishers]);
    if (publisher === undefined) return;
    this.#publishers.delete(publisher);
    this.#brief.delete(rowId(publisher));
    const { kind, node, origin } = publisher;
    if (this.#random.chance(0.3)) {
      if (kind !== "posts") await this.#lose(publisher);
      return;
    }
    const at = kind === "posts" ? this.#anyNode() ?? node : node;
    this.#note(`${origin} says goodbye at ${at.name}`);
    this.#promiseLess(publisher);
    await this.#processes.run(at.process, () => {
      if (kind === "posts") at.server.withdraw(entryKeyOf(publisher));
      else at.server.withdrawOrigin(origin);
    });
  }

  /** Nobody here may know yet that a subject has just moved elsewhere. */
  #promiseLess({ subject, context }: Publisher): void {
    const { now } = this.#processes;
    for (const other of this.#publishers) {
      if (other.subject !== subject || other.context !== context) continue;
      const isMoving = now - (other.last?.at ?? now) < TOLD_AFTER;
      if (isMoving && other.since < now) other.since = now;
    }
  }

  async #watch(): Promise<void> {
    const node = this.#anyNode();
    const context = this.#random.pick(CONTEXTS) ?? "";
    if (node === undefined) return;
    const controller = new AbortController();
    const view = new PresenceView();
    const watcher = { context, view, controller };
    node.watchers.add(watcher);
    this.#note(`watch ${context} at ${node.name}`);
    await this.#processes.run(node.process, async () => {
      const { signal } = controller;
      for await (const batch of node.server.watch({ context, signal })) {
        for (const { type, subject, entries } of view.apply(batch)) {
          this.#note(`${node.name} tells: ${subject} ${type} ${context}`);
          const gone = new Set(
            entries.map(({ previous }) =>
              previous === undefined ? "" : rowId(previous)
            ),
          );
          if (type === "left") this.#left(node, String(subject), context, gone);
        }
      }
    });
  }

  /** Checks that no present subject leaves where nothing is lost. */
  #left(
    node: Node,
    subject: string,
    context: string,
    gone: ReadonlySet<string>,
  ): void {
    if (this.#trouble !== "none" && this.#trouble !== "restarts") return;
    // Who took over what is lost by the backbone must say so again.
    if (this.#hasLostTheLatest) return;
    // While the backbone is away nobody learns of what was not followed before.
    const { all } = node.cluster["parts"].contexts;
    const followed = all.get(contextName(context));
    if (followed?.memory === "") return;
    const { now } = this.#processes;
    for (const publisher of this.#publishers) {
      if (publisher.subject !== subject || publisher.context !== context) {
        continue;
      }
      if (now - publisher.since < KNOWN_AFTER) continue;
      // Who was not known here before the backbone forgot all is known once
      // their node has written them again.
      const { lease, memory } = publisher.node.cluster["parts"].session;
      const isKnown = this.#trouble === "none" || lease.announced === memory;
      if (!isKnown && !gone.has(rowId(publisher))) continue;
      this.#failures.push(
        `${
          now - 1_000_000
        } ${node.name} tells that ${subject} has left ${context}`,
      );
    }
  }

  async #unwatch(): Promise<void> {
    const node = this.#anyNode();
    const watcher = this.#random.pick([...node?.watchers ?? []]);
    if (node === undefined || watcher === undefined) return;
    node.watchers.delete(watcher);
    this.#note(`unwatch ${watcher.context} at ${node.name}`);
    await this.#processes.run(node.process, () => watcher.controller.abort());
  }

  // What goes wrong

  #goAway(): void {
    const { now } = this.#processes;
    const mayBeSettled = now - this.#backAt > HOLD / 2;
    if (this.#isAway || this.#trouble === "restarts" && !mayBeSettled) return;
    this.#isAway = true;
    const losses = ["nothing", "the latest", "everything"] as const;
    const loses = this.#random.pick(losses) ?? "nothing";
    const duration = this.#random.below(
      this.#trouble === "restarts" ? HOLD / 2 : HOLD * 2,
    );
    this.#note(`backbone away for ${duration}, loses ${loses}`);
    if (loses === "the latest") this.#hasLostTheLatest = true;
    this.#network.setAway(true, loses);
    this.#processes.after(duration, undefined, () => this.#comeBack());
  }

  #comeBack(): void {
    if (!this.#isAway) return;
    this.#isAway = false;
    this.#backAt = this.#processes.now;
    this.#note("backbone back");
    this.#network.setAway(false);
  }

  #cut(): void {
    const node = this.#anyNode();
    if (node === undefined) return;
    const duration = this.#random.below(HOLD * 1.5);
    this.#note(`cut ${node.name} for ${duration}`);
    this.#network.cut(node.process, true);
    this.#processes.after(duration, undefined, () => {
      this.#note(`connect ${node.name}`);
      this.#network.cut(node.process, false);
    });
  }

  #pause(): void {
    const node = this.#anyNode();
    if (node === undefined) return;
    const duration = this.#random.below(LEASE_TTL * 2);
    this.#note(`pause ${node.name} for ${duration}`);
    node.process.isPaused = true;
    this.#repeatAfterPause(node, duration);
    this.#processes.after(duration, undefined, () => {
      this.#note(`resume ${node.name}`);
      this.#processes.resume(node.process);
    });
  }

  /**
   * The end of an entry that a node has dated before a pause seems later than it
   * was: who has just moved away from that node publishes again.
   */
  #repeatAfterPause(node: Node, duration: number): void {
    const { now } = this.#processes;
    for (const publisher of this.#publishers) {
      const { kind, last } = publisher;
      const isRecent = last !== undefined &&
        now - last.at < HOLD + GRACE + MAX_DELAY * 3;
      if (kind !== "roamer" || publisher.node === node || !isRecent) continue;
      publisher.repeatAt = now + duration + MAX_DELAY * 3;
    }
  }

  async #crash(): Promise<void> {
    const node = this.#anyNode();
    if (node === undefined || this.#nodes.size === 1) return;
    this.#note(`crash ${node.name}`);
    this.#end(node);
    await this.#afterEnd(node);
  }

  async #leave(): Promise<void> {
    const node = this.#anyNode();
    if (node === undefined || this.#nodes.size === 1) return;
    const keep = this.#random.chance(0.5);
    this.#note(`leave ${node.name}${keep ? ", keeping" : ""}`);
    await this.#processes.run(node.process, () => node.cluster.leave({ keep }));
    await this.#pass(50);
    this.#end(node);
    await this.#afterEnd(node);
  }

  #end(node: Node): void {
    const { now } = this.#processes;
    for (const [id, brief] of this.#brief) {
      if (brief.node !== node) continue;
      brief.isSure = false;
      // Nobody else may have heard of it.
      if (now - brief.at < TOLD_AFTER) this.#brief.delete(id);
    }
    this.#processes.crash(node.process);
    this.#network.forget(node.process);
    node.server[Symbol.dispose]();
    this.#nodes.delete(node.name);
  }

  async #afterEnd(node: Node): Promise<void> {
    for (const publisher of [...this.#publishers]) {
      if (publisher.node !== node) continue;
      if (this.#random.chance(0.3)) this.#publishers.delete(publisher);
      else await this.#reconnect(publisher);
    }
    if (this.#random.chance(0.7)) await this.#start(node.name);
    else if (this.#nodes.size < 2) await this.#start(`${node.name}+`);
  }

  async #heal(): Promise<void> {
    this.#note("heal");
    this.#isHealed = true;
    this.#network.weather = CALM;
    this.#comeBack();
    for (const { process } of this.#nodes.values()) {
      this.#network.cut(process, false);
      await this.#processes.resume(process);
    }
  }

  /** Advances the time and repeats posts. */
  async #pass(duration: number): Promise<void> {
    for (let gone = 0; gone < duration; gone += 10) {
      await this.#processes.pass(10);
      this.#checkBrief();
      if (this.#random.chance(0.2)) this.#network.checkpoint();
      for (const publisher of this.#publishers) {
        const { repeatAt = Infinity, last } = publisher;
        const isMoving = publisher.node !== last?.node;
        const isReached = !isMoving && !publisher.node.process.isPaused;
        if (repeatAt <= this.#processes.now && isReached) {
          publisher.repeatAt = undefined;
          await this.#repeat(publisher, true);
        }
        if (publisher.kind !== "posts") continue;
        if (publisher.nextPost > this.#processes.now) continue;
        const { node } = publisher;
        const lives = this.#nodes.get(node.name) === node;
        const moves = !this.#isHealed && this.#random.chance(0.1);
        if (!lives || moves) {
          publisher.node = this.#anyNode() ?? node;
          this.#moved(publisher);
        }
        await this.#repeat(publisher, !lives || moves);
      }
    }
  }

  // What must be true

  /**
   * What goes by itself is gone when it is due, also if its node is, and not
   * before that.
   */
  #checkBrief(): void {
    if (this.#trouble !== "none" && this.#trouble !== "crashes") return;
    const { now } = this.#processes;
    for (const [id, { key, activity, at, until, isSure }] of this.#brief) {
      const isOver = now > Math.max(until, at + TOLD_AFTER) + OVER_AFTER;
      const isOn = isSure && now > at + TOLD_AFTER && now < until;
      for (const { name, server } of this.#nodes.values()) {
        if (!isOver && !isOn) break;
        const shown = server.store.snapshot(key);
        if (shown === undefined) continue;
        if ((shown.facets.activity === activity) === isOn) continue;
        this.#failures.push(
          `${now - 1_000_000} ${name} shows ${shown.facets.activity} of ${id}`,
        );
      }
      if (isOver) this.#brief.delete(id);
    }
  }

  async #check(): Promise<void> {
    assertEquals(this.#failures, []);
    const nodes = [...this.#nodes.values()];
    const names = nodes.map(({ cluster }) => cluster.node).sort();
    const seen = new Map<string, string>();
    for (const node of nodes) {
      assertEquals(node.cluster.status, "connected", node.name);
      assertEquals(node.cluster.nodes(), names, node.name);
      for (const context of CONTEXTS) this.#checkContext(node, context, seen);
      for (const { context, view } of node.watchers) {
        const told = view.snapshots().map(textOf).sort();
        assertEquals(told, this.#shown(node, context), `told ${node.name}`);
      }
      checkIndexes(node);
    }
    await this.#checkShared(nodes);
    for (const node of nodes) await this.#checkAnswers(node);
  }

  /** Checks that all nodes together answer what living publishers hold. */
  async #checkAnswers({ name, process, cluster }: Node): Promise<void> {
    const publishers = [...this.#publishers];
    const answers: Promise<unknown>[] = [];
    const ask = (
      what: string,
      ask: () => Promise<unknown>,
      expected: unknown,
    ) =>
      this.#processes.run(process, () => {
        answers.push(
          ask().then((answer) => assertEquals(answer, expected, what)),
        );
      });
    const texts = ({ snapshots, isComplete }: Whereabouts) => {
      assert(isComplete);
      return snapshots.map(expectationOf).sort();
    };
    for (const context of CONTEXTS) {
      const there = publishers.filter((one) => one.context === context);
      await ask(
        `${name} lists ${context}`,
        async () => texts(await cluster.list(context)),
        there.map(expectationOf).sort(),
      );
      await ask(
        `${name} counts ${context}`,
        async () => [...(await cluster.count([context])).subjects.values()],
        [new Set(there.map(({ subject }) => subject)).size],
      );
    }
    for (const subject of SUBJECTS) {
      await ask(
        `${name} locates ${subject}`,
        async () => texts(await cluster.locate(subject)),
        publishers.filter((one) => one.subject === subject)
          .map(expectationOf).sort(),
      );
    }
    await this.#pass(MAX_DELAY * 3);
    await Promise.all(answers);
  }

  #checkContext(node: Node, context: string, seen: Map<string, string>): void {
    const shown = this.#shown(node, context);
    const { contexts, replication } = node.cluster["parts"];
    if (!contexts.all.has(contextName(context))) {
      assertEquals(shown, [], `${node.name} does not follow ${context}`);
      return;
    }
    const expected = [...this.#publishers]
      .filter((publisher) => publisher.context === context)
      .map(expectationOf).sort();
    const there = node.server.store.snapshots({ context })
      .map(expectationOf).sort();
    assertEquals(there, expected, `${node.name} ${context}`);
    const all = shown.join("\n");
    assertEquals(all, seen.get(context) ?? all, `${node.name} ${context}`);
    seen.set(context, all);
    assert(replication.own(context).length <= shown.length);
  }

  #shown({ server }: Node, context: string): string[] {
    return server.store.snapshots({ context }).map(textOf).sort();
  }

  async #checkShared(nodes: readonly Node[]): Promise<void> {
    const observer = await this.#network.backbone.connect("observer", SILENT);
    const epochs = new Set(
      nodes.map(({ cluster }) => cluster["parts"].session.life.epoch),
    );
    for (const context of CONTEXTS) {
      const { rows } = await observer.read(contextName(context));
      // What a life has written late, where nobody looks, counts for nothing.
      const shared = rows.filter(({ epoch }) => epochs.has(epoch))
        .map(({ node, epoch, id }) => `${node} ${epoch} ${id}`);
      const own = nodes.flatMap(({ cluster }) => {
        const { session: { life }, replication } = cluster["parts"];
        return replication.own(context)
          .map((key) => `${life.node} ${life.epoch} ${rowId(key)}`);
      });
      assertEquals(shared.sort(), own.sort(), `shared ${context}`);
    }
    await observer.close();
  }
}

/** Checks that the state of a node agrees with its server. */
function checkIndexes({ name, server, cluster }: Node): void {
  const { session: { life }, replication, outbox, contexts } = cluster["parts"];
  const followed = contexts.all;
  assertEquals(outbox.size, 0, `outbox of ${name}`);
  const owned = [...followed].flatMap(([context, { own }]) =>
    [...own].map((id) => `${context} ${id}`)
  );
  assertEquals(
    owned.sort(),
    replication.own()
      .map((key) => `${contextName(key.context)} ${rowId(key)}`).sort(),
    `own rows of ${name}`,
  );
  for (const [context, { rows, held, isReading }] of followed) {
    assertEquals([isReading, held.size], [false, 0], name);
    assertEquals(
      [...rows.keys()].sort(),
      server.store.snapshots({ context: JSON.parse(context) }).map(rowId)
        .sort(),
      `rows of ${context} at ${name}`,
    );
    const isRemote = [...rows.values()]
      .filter(({ node, epoch }) => node !== life.node || epoch !== life.epoch)
      .map(({ id }) => id);
    assertEquals(
      isRemote.sort(),
      replication.remote(JSON.parse(context)).map(rowId).sort(),
      `remote rows of ${context} at ${name}`,
    );
  }
}

function textOf(snapshot: PresenceSnapshot): string {
  const { visibility, observedAt, facets } = snapshot;
  return JSON.stringify([
    rowId(snapshot),
    visibility,
    observedAt,
    Object.entries(facets).sort(),
  ]);
}

/** Returns the final entries, in which activities with deadlines have ended. */
function expectationOf(entry: PresenceSnapshot | Publisher): string {
  const { availability, activity } = entry.facets;
  const isOver = "brief" in entry && entry.brief !== undefined;
  const said = { availability, activity: isOver ? null : activity };
  const facets = Object.entries(said)
    .filter(([, value]) => (value ?? null) !== null).sort();
  return JSON.stringify([rowId(entry), entry.visibility, facets]);
}

/**
 * Runs the simulation of a seed.
 *
 * @param slice How many rows of a reading a node applies in one task.
 */
export async function simulate(
  seed: number,
  slice: number,
  log?: (line: string) => void,
): Promise<void> {
  using processes = new SimulatedProcesses();
  await new Simulation(seed, slice, processes, log).run();
}
