// @ts-check

/**
 * Lets calls through at most once in a while; the latest one always gets
 * through, if need be later.
 *
 * @template T
 */
export class Throttle {
  #run;
  #intervalMs;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {{ value: T } | undefined} */
  #latest;

  /**
   * @param {number} intervalMs
   * @param {(value: T) => void} run
   */
  constructor(intervalMs, run) {
    this.#intervalMs = intervalMs;
    this.#run = run;
  }

  /** @param {T} value */
  call(value) {
    this.#latest = { value };
    if (this.#timer === undefined) this.#next();
  }

  #next() {
    this.#timer = undefined;
    const latest = this.#latest;
    if (latest === undefined) return;
    this.#latest = undefined;
    this.#timer = setTimeout(() => this.#next(), this.#intervalMs);
    this.#run(latest.value);
  }
}
