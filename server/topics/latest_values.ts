import { equalValues } from "../../core/mod.ts";

/**
 * Gives the same object for equal values, one after the other. It holds none
 * that nobody else holds: if nobody has the former one, nobody can tell it from
 * another that is equal.
 */
export class LatestValues<T extends object> {
  readonly #values = new Map<string, WeakRef<T>>();
  /** What each value was made of. */
  readonly #sources = new WeakMap<T, readonly object[]>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#values.get(name)?.deref() === undefined) {
      this.#values.delete(name);
    }
  });

  /**
   * The former value of a name if it equals the one that is to be made, else
   * that one. From the same sources none is made.
   */
  settle(name: string, sources: readonly object[], make: () => T): T {
    const former = this.#values.get(name)?.deref();
    if (former !== undefined && this.#isMadeOf(former, sources)) return former;
    const value = make();
    if (former !== undefined && equalValues(former, value)) {
      this.#sources.set(former, sources);
      return former;
    }
    this.#sources.set(value, sources);
    this.#values.set(name, new WeakRef(value));
    this.#gone.register(value, name);
    return value;
  }

  #isMadeOf(value: T, sources: readonly object[]): boolean {
    const former = this.#sources.get(value);
    return former?.length === sources.length &&
      sources.every((source, index) => source === former[index]);
  }
}
