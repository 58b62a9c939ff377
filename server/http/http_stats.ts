import type { ProblemKind } from "./wire/problem.ts";

/** What has happened at a handler since it was made, and how it stands. */
export interface HttpStats {
  /** Requests that have come in. */
  readonly requests: number;
  /** How many of them were refused, by the kind of the problem. */
  readonly rejected: ReadonlyMap<ProblemKind, number>;
  /** Streams that are open now. */
  readonly streams: number;
}

/** Counts what happens at a handler. */
export class HttpTally implements HttpStats {
  readonly #rejected = new Map<ProblemKind, number>();
  readonly #quotas: { readonly streams: number };
  #requests = 0;

  /** Makes one that has counted nothing; what is open is known elsewhere. */
  constructor(quotas: { readonly streams: number }) {
    this.#quotas = quotas;
  }

  /** See {@linkcode HttpStats}. */
  get requests(): number {
    return this.#requests;
  }

  /** See {@linkcode HttpStats}. */
  get rejected(): ReadonlyMap<ProblemKind, number> {
    return new Map(this.#rejected);
  }

  /** See {@linkcode HttpStats}. */
  get streams(): number {
    return this.#quotas.streams;
  }

  /** Counts a request. */
  asked(): void {
    this.#requests++;
  }

  /** Counts one that is refused. */
  refused(kind: ProblemKind): void {
    this.#rejected.set(kind, (this.#rejected.get(kind) ?? 0) + 1);
  }
}
