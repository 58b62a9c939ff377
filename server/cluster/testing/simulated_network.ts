import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../backbone.ts";
import { MemoryBackbone } from "../memory_backbone.ts";
import type { Random } from "./random.ts";
import type {
  SimulatedProcess,
  SimulatedProcesses,
} from "./simulated_processes.ts";

/** How bad a network is: probabilities, and times in milliseconds. */
export interface Weather {
  /** The longest delay of a call or an event, each way. */
  readonly maxDelay: number;
  /** That a call fails, as likely before it was done as after it. */
  readonly failure: number;
  /** That an event is lost. */
  readonly loss: number;
  /** That an event arrives twice. */
  readonly duplication: number;
  /** Whether events may overtake one another. */
  readonly reorders: boolean;
}

/** A network without any fault. */
export const CALM: Weather = {
  maxDelay: 20,
  failure: 0,
  loss: 0,
  duplication: 0,
  reorders: false,
};

/** The error of a call that failed in the network. */
export class SimulatedNetworkError extends Error {
  /** Makes the error. */
  constructor(what: string) {
    super(`Cannot ${what}: the simulated network has failed`);
    this.name = "SimulatedNetworkError";
  }
}

/** How long checkpoints are kept, in milliseconds. */
const REPLICA_LAG = 150;

/**
 * What a backbone loses when it is away. `the latest` is what was written since
 * the oldest checkpoint, which a replica that takes over lacks.
 */
export type Loss = "nothing" | "the latest" | "everything";

/** One node's end of the network. */
interface Link {
  readonly node: string;
  readonly process: SimulatedProcess;
  readonly listener: BackboneListener;
  /** The earliest times at which the next request, answer and event arrive. */
  requestsAt: number;
  answersAt: number;
  eventsAt: number;
  /** Whether calls wait for the end of a pause; `undefined` if undecided. */
  stalls: boolean | undefined;
  /** Grows when the link is cut, which loses messages in progress. */
  cuts: number;
  isCut: boolean;
}

/** A network between nodes and a backbone in memory, with any fault. */
export class SimulatedNetwork {
  /** Its faults, which may be set at any time. */
  weather: Weather = CALM;
  readonly backbone: MemoryBackbone = new MemoryBackbone();
  readonly #processes: SimulatedProcesses;
  readonly #random: Random;
  readonly #links = new Set<Link>();
  #isAway = false;
  /** The states that a replica may have, the oldest first. */
  readonly #checkpoints: { at: number; goBack: () => void }[] = [];

  /** Makes a network without faults. */
  constructor(processes: SimulatedProcesses, random: Random) {
    this.#processes = processes;
    this.#random = random;
  }

  /**
   * How often each call has reached the backbone. `lease` is `leases()` of one
   * node, and `sweep` is `purge()` of one context.
   */
  readonly calls: Map<string, number> = new Map();

  /** Whether the backbone refuses all writes. */
  refuses = false;

  /** Called with each call that reaches the backbone and each event from it. */
  trace: ((line: string) => void) | undefined;

  /** Returns the backbone as a process reaches it. */
  for(process: SimulatedProcess): PresenceBackbone {
    return {
      connect: async (node, listener) => {
        const link: Link = {
          node,
          process,
          listener,
          requestsAt: 0,
          answersAt: 0,
          eventsAt: 0,
          stalls: undefined,
          cuts: 0,
          isCut: [...this.#links].some((other) =>
            other.process === process && other.isCut
          ),
        };
        this.#links.add(link);
        return this.#through(
          link,
          await this.backbone.connect(node, this.#listen(link)),
        );
      },
    };
  }

  /** Cuts a process off from the backbone, or connects it again. */
  cut(process: SimulatedProcess, isCut: boolean): void {
    for (const link of this.#linksOf(process)) {
      if (link.isCut === isCut) continue;
      link.isCut = isCut;
      this.#interrupt(link, !isCut);
    }
  }

  /** Forgets a process that has crashed. */
  forget(process: SimulatedProcess): void {
    for (const link of this.#linksOf(process)) {
      link.isCut = true;
      this.#links.delete(link);
    }
  }

  /** Saves the state of the backbone, as a replica does. */
  checkpoint(): void {
    const { now } = this.#processes;
    this.#checkpoints.push({ at: now, goBack: this.backbone["checkpoint"]() });
    while ((this.#checkpoints[0]?.at ?? now) < now - REPLICA_LAG) {
      this.#checkpoints.shift();
    }
  }

  /** Takes the backbone away, perhaps with a loss, or brings it back. */
  setAway(isAway: boolean, loses: Loss = "nothing"): void {
    this.#isAway = isAway;
    if (loses === "everything") {
      this.backbone.restart();
      this.#checkpoints.length = 0;
    } else if (loses === "the latest") this.#checkpoints[0]?.goBack();
    for (const link of this.#links) this.#interrupt(link, !isAway);
  }

  #linksOf(process: SimulatedProcess): Link[] {
    return [...this.#links].filter((link) => link.process === process);
  }

  #interrupt(link: Link, isBack: boolean): void {
    link.cuts++;
    if (!isBack || this.#isOff(link)) return;
    this.#processes.after(
      this.#delay(),
      link.process,
      () => link.listener.onInterrupted(),
    );
  }

  #isOff(link: Link): boolean {
    return this.#isAway || link.isCut;
  }

  #delay(): number {
    return this.#random.below(this.weather.maxDelay + 1);
  }

  #listen(link: Link): BackboneListener {
    const event = (tell: () => void, said: unknown) => {
      if (this.#isOff(link) || this.#random.chance(this.weather.loss)) return;
      const times = this.#random.chance(this.weather.duplication) ? 2 : 1;
      const { cuts } = link;
      for (let time = 0; time < times; time++) {
        const { now } = this.#processes;
        let at = now + this.#delay();
        if (!this.weather.reorders) {
          at = link.eventsAt = Math.max(link.eventsAt, at);
        }
        this.#processes.after(at - now, link.process, () => {
          if (cuts !== link.cuts) return;
          this.trace?.(`${link.node} hears ${JSON.stringify(said)}`);
          tell();
        });
      }
    };
    const { listener } = link;
    return {
      onChange: (change) => event(() => listener.onChange(change), change),
      onLease: (lease) => event(() => listener.onLease(lease), lease),
      onEnded: (life) => event(() => listener.onEnded(life), life),
      onMessage: (context, from, text) =>
        event(() => listener.onMessage(context, from, text), text),
      // `#interrupt()` says so when the link is back.
      onInterrupted: () => {},
    };
  }

  #through(link: Link, inner: BackboneConnection): BackboneConnection {
    const call = <T>(
      name: string,
      act: () => Promise<T>,
      said: unknown = "",
      actLate: () => Promise<T> = act,
    ) => this.#call(link, name, act, actLate, said);
    return {
      acquire: (lease) => call("acquire", () => inner.acquire(lease), lease),
      renew: (lease) => call("renew", () => inner.renew(lease), lease),
      leases: (node) =>
        call(
          node === undefined ? "leases" : "lease",
          () => inner.leases(node),
          node,
        ),
      end: (life, count) => call("end", () => inner.end(life, count), life),
      purge: (life, context) =>
        call(
          context === undefined ? "purge" : "sweep",
          () => inner.purge(life, context),
          life,
        ),
      write: (life, writes) => {
        const write = () =>
          this.refuses
            ? Promise.resolve(
              writes.map(() => ({ isDone: false, revision: 0 })),
            )
            : inner.write(life, writes);
        // The pause made the ages in the writes wrong. That is harmless only if
        // the life is over: readers ignore its rows.
        const writeLate = async () => {
          const [kept] = await inner.leases(life.node);
          if (kept?.epoch !== life.epoch) return await write();
          throw new SimulatedNetworkError("write late");
        };
        return call("write", write, writes, writeLate);
      },
      follow: (context) => call("follow", () => inner.follow(context), context),
      unfollow: (context) => {
        call(
          "unfollow",
          () => Promise.resolve(inner.unfollow(context)),
          context,
        )
          .catch(() => {});
      },
      read: (context) => call("read", () => inner.read(context), context),
      send: (context, text) => {
        call("send", () => Promise.resolve(inner.send(context, text)), text)
          .catch(() => {});
      },
      close: () => {
        this.#links.delete(link);
        return inner.close();
      },
    };
  }

  /** Delivers a call and its answer, each in order with others of its kind. */
  #call<T>(
    link: Link,
    name: string,
    act: () => Promise<T>,
    actLate: () => Promise<T>,
    said: unknown,
  ): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    // Made only if the call fails: an error costs more than all else here.
    const fail = () => reject(new SimulatedNetworkError(name));
    const { now } = this.#processes;
    const isFailing = this.#random.chance(this.weather.failure);
    const isBefore = this.#random.chance(0.5);
    const { cuts } = link;
    link.requestsAt = Math.max(link.requestsAt, now + this.#delay());
    const answer = (settle: () => void) => {
      const { now } = this.#processes;
      link.answersAt = Math.max(link.answersAt, now + this.#delay());
      this.#processes.after(link.answersAt - now, link.process, () => {
        if (cuts === link.cuts) settle();
        else fail();
      });
    };
    let isLate = false;
    const land = () => {
      const { process } = link;
      if (this.#stalls(link)) {
        isLate = true;
        return this.#processes.after(0, process, land);
      }
      // A call that a process sent before it crashed may still arrive.
      const isLost = process.isCrashed
        ? this.#isAway || this.#random.chance(0.5)
        : this.#isOff(link);
      if (isLost || isFailing && isBefore) {
        return answer(fail);
      }
      this.trace?.(`${link.node} calls ${name} ${JSON.stringify(said)}`);
      this.calls.set(name, (this.calls.get(name) ?? 0) + 1);
      (isLate ? actLate() : act()).then(
        (value) => answer(isFailing ? fail : () => resolve(value)),
        (error) => answer(() => reject(error)),
      );
    };
    this.#processes.after(link.requestsAt - now, undefined, land);
    return promise;
  }

  /** Reports whether calls of a paused process wait until it resumes. */
  #stalls(link: Link): boolean {
    if (!link.process.isPaused) {
      link.stalls = undefined;
      return false;
    }
    link.stalls ??= this.#random.chance(0.5);
    return link.stalls;
  }
}
