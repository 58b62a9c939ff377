/** A fault in one field of a request. */
export interface ProblemField {
  /** The field, such as `ttlMs`, `[3].facets.activity` or `since`. */
  readonly field: string;
  /** The rule that it breaks. */
  readonly message: string;
}

/** The reason why a request was refused: a problem document of RFC 9457. */
export interface ProblemDocument {
  /** The kind of problem: `urn:ruthere:` and a {@linkcode ProblemKind}. */
  readonly type: string;
  /** The title of the kind of problem. */
  readonly title: string;
  /** The status of the response. */
  readonly status: number;
  /** The action that failed, and the reason. */
  readonly detail: string;
  /** The faulty fields, if there are any. */
  readonly errors?: readonly ProblemField[] | undefined;
  /** Further members, which depend on the kind of problem. */
  readonly [extension: string]: unknown;
}

/** The status and the title of each kind of problem. */
export const PROBLEMS = {
  "invalid-request": [400, "The request is not valid"],
  "unauthorized": [401, "The request is not authorized"],
  "forbidden": [403, "The request may not be made"],
  "not-found": [404, "There is no such thing here"],
  "method-not-allowed": [405, "The method is not allowed"],
  "too-slow": [408, "The request took too long"],
  "context-at-capacity": [409, "The context is full"],
  "too-many-entries": [409, "There are too many entries"],
  "stale-update": [409, "The update is stale"],
  "gap": [410, "The changes are gone"],
  "too-large": [413, "The body is too large"],
  "unsupported-media-type": [415, "The body is of a wrong type"],
  "misdirected": [421, "The host is not served here"],
  "too-many-requests": [429, "There are too many requests"],
  "internal-error": [500, "The server has failed"],
  "unavailable": [503, "The other servers can't be asked"],
  "closed": [503, "The server is closed"],
} as const;

/** The kind of a problem. */
export type ProblemKind = keyof typeof PROBLEMS;

/** All {@linkcode ProblemKind}s. */
export const PROBLEM_KINDS: readonly string[] = Object.keys(PROBLEMS);

/** The options of an {@linkcode HttpProblem}. */
export interface HttpProblemOptions {
  /** The faulty fields. */
  readonly errors?: readonly ProblemField[];
  /** Headers of the response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the document. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** An error that ends the handling of a request and becomes the response. */
export class HttpProblem extends Error {
  /** The kind of problem. */
  readonly kind: ProblemKind;
  readonly #options: HttpProblemOptions;

  /**
   * Creates a problem.
   *
   * @param kind The kind of problem.
   * @param detail The message, of the form `Cannot <verb> …: <reason>`.
   * @param options The options of the problem.
   */
  constructor(
    kind: ProblemKind,
    detail: string,
    options: HttpProblemOptions = {},
  ) {
    super(detail);
    this.name = "HttpProblem";
    this.kind = kind;
    this.#options = options;
  }

  /** Returns the problem as a response. */
  toResponse(): Response {
    const [status, title] = PROBLEMS[this.kind];
    const document: ProblemDocument = {
      type: `urn:ruthere:${this.kind}`,
      title,
      status,
      detail: this.message,
      errors: this.#options.errors,
      ...this.#options.extensions,
    };
    const headers = {
      ...JSON_HEADERS,
      "content-type": "application/problem+json",
      ...this.#options.headers,
    };
    return new Response(JSON.stringify(document), { status, headers });
  }
}

/** Headers of each answer that is JSON. */
export const JSON_HEADERS: Readonly<Record<string, string>> = {
  "cache-control": "no-store",
  "content-type": "application/json",
  "x-content-type-options": "nosniff",
};

/** Creates a problem of kind `invalid-request` with the faulty fields. */
export function invalid(
  action: string,
  ...errors: [ProblemField, ...ProblemField[]]
): HttpProblem {
  const [{ field, message }] = errors;
  const detail = `Cannot ${action}: ${field} ${message}`;
  return new HttpProblem("invalid-request", detail, { errors });
}

/** Creates a problem with one faulty field, which its detail ends with. */
export function fieldProblem(
  kind: ProblemKind,
  detail: string,
  field: string,
  message: string,
): HttpProblem {
  const errors = [{ field, message }];
  return new HttpProblem(kind, `${detail} ${message}`, { errors });
}
