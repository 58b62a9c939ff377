import { equalValues } from "../../core/mod.ts";

/**
 * Gives the same object for equal values, one after the other. It holds none
 * that nobody else holds: if nobody has the former one, nobody can tell it from
 * another that is equal.
 */
export class LatestValues<T extends object> {
  readonly #values = new Map<string, WeakRef<T>>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#values.get(name)?.deref() === undefined) {
      this.#values.delete(name);
    }
  });

  /** The former value of a name if it equals this one, else this one. */
  settle(name: string, value: T): T {
    const former = this.#values.get(name)?.deref();
    if (former !== undefined && equalValues(former, value)) return former;
    this.#values.set(name, new WeakRef(value));
    this.#gone.register(value, name);
    return value;
  }
}
