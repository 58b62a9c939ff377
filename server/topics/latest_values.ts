import { equalValues } from "../../core/mod.ts";

/**
 * Returns the same object for equal values in a row. It holds them weakly: once
 * nobody holds the former object, an equal one is as good.
 */
export class LatestValues<T extends object> {
  readonly #values = new Map<string, WeakRef<T>>();
  /** What each value was made from. */
  readonly #sources = new WeakMap<T, readonly object[]>();
  readonly #gone = new FinalizationRegistry<string>((name) => {
    if (this.#values.get(name)?.deref() === undefined) {
      this.#values.delete(name);
    }
  });

  /**
   * Returns the former value of a name if it equals the new one, else the new
   * one. From the same sources no new value is made.
   */
  settle(name: string, sources: readonly object[], make: () => T): T {
    const former = this.#values.get(name)?.deref();
    if (former !== undefined && this.#isMadeFrom(former, sources)) {
      return former;
    }
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

  #isMadeFrom(value: T, sources: readonly object[]): boolean {
    const former = this.#sources.get(value);
    return former?.length === sources.length &&
      sources.every((source, index) => source === former[index]);
  }
}
