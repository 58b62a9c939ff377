import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../backbone.ts";
import { MemoryBackbone } from "../memory_backbone.ts";

/** A bug of a backbone, and the case that finds it. */
export interface Bug {
  /** The case that finds it. */
  readonly case: string;
  readonly does?: Break;
  readonly tells?: Mumble;
}

/** The methods that a broken connection replaces. */
export type Break = (
  real: BackboneConnection,
  node: string,
  listener: BackboneListener,
) => Partial<BackboneConnection>;

/** The events that a broken backbone replaces. */
export type Mumble = (
  listener: BackboneListener,
  node: string,
) => Partial<BackboneListener>;

/** A backbone in memory with a bug. */
export class BrokenBackbone implements PresenceBackbone {
  readonly #real = new MemoryBackbone();
  readonly #break: Break;
  readonly #mumble: Mumble;

  /** Makes a backbone with a bug. */
  constructor({ does = () => ({}), tells = () => ({}) }: Bug) {
    this.#break = does;
    this.#mumble = tells;
  }

  /** Connects a node. Everything but the bug is correct. */
  async connect(
    node: string,
    listener: BackboneListener,
  ): Promise<BackboneConnection> {
    const real = await this.#real.connect(node, {
      onChange: (change) => listener.onChange(change),
      onLease: (lease) => listener.onLease(lease),
      onEnded: (life) => listener.onEnded(life),
      onMessage: (context, from, text) =>
        listener.onMessage(context, from, text),
      onInterrupted: () => listener.onInterrupted(),
      ...this.#mumble(listener, node),
    });
    return {
      acquire: (lease) => real.acquire(lease),
      renew: (lease) => real.renew(lease),
      leases: (other) => real.leases(other),
      end: (life, count) => real.end(life, count),
      purge: (life, context) => real.purge(life, context),
      write: (life, writes) => real.write(life, writes),
      follow: (context) => real.follow(context),
      unfollow: (context) => real.unfollow(context),
      read: (context) => real.read(context),
      send: (context, text) => real.send(context, text),
      close: () => real.close(),
      ...this.#break(real, node, listener),
    };
  }

  /** Forgets everything. */
  forget(): void {
    this.#real.restart();
  }
}
