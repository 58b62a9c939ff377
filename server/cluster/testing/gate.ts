import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../backbone.ts";

/** A call that a gate can hold; `lease` is `leases()` of one node. */
export type GatedCall =
  | Exclude<keyof BackboneConnection, "unfollow" | "send">
  | "lease";

/** A backbone whose calls a test can hold or fail. */
export class Gate implements PresenceBackbone {
  /** The calls that fail; held ones fail when they are released. */
  readonly failing: Set<GatedCall> = new Set();
  /** How often each call was made. */
  readonly calls: Map<GatedCall, number> = new Map();
  readonly #real: PresenceBackbone;
  readonly #held = new Map<GatedCall, PromiseWithResolvers<void>>();
  readonly #unanswered = new Map<GatedCall, PromiseWithResolvers<void>>();

  /** Makes an open gate. */
  constructor(real: PresenceBackbone) {
    this.#real = real;
  }

  /** Holds calls. */
  hold(call: GatedCall): void {
    this.#held.set(call, Promise.withResolvers());
  }

  /** Holds the answers to calls. */
  holdAnswer(call: GatedCall): void {
    this.#unanswered.set(call, Promise.withResolvers());
  }

  /** Releases held calls, and lets later ones through. */
  release(call: GatedCall): void {
    this.#held.get(call)?.resolve();
    this.#held.delete(call);
    this.#unanswered.get(call)?.resolve();
    this.#unanswered.delete(call);
  }

  /** Connects a node, through this gate. */
  async connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection> {
    const real = await this.#real.connect(node, listener);
    const pass = async <T>(call: GatedCall, act: () => Promise<T>) => {
      this.calls.set(call, (this.calls.get(call) ?? 0) + 1);
      await this.#held.get(call)?.promise;
      if (this.failing.has(call)) throw new Error(`The gate fails ${call}`);
      const answer = await act();
      await this.#unanswered.get(call)?.promise;
      return answer;
    };
    return {
      acquire: (lease) => pass("acquire", () => real.acquire(lease)),
      renew: (lease) => pass("renew", () => real.renew(lease)),
      leases: (other) =>
        pass(
          other === undefined ? "leases" : "lease",
          () => real.leases(other),
        ),
      end: (life, count) => pass("end", () => real.end(life, count)),
      purge: (life, context) => pass("purge", () => real.purge(life, context)),
      write: (life, writes) => pass("write", () => real.write(life, writes)),
      follow: (context) => pass("follow", () => real.follow(context)),
      unfollow: (context) => real.unfollow(context),
      read: (context) => pass("read", () => real.read(context)),
      send: (context, text) => real.send(context, text),
      close: () => pass("close", () => real.close()),
    };
  }
}
