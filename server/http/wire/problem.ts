/** What is wrong with one field of a request. */
export interface ProblemField {
  /** The field: `ttlMs`, `[3].facets.activity`, `since`. */
  readonly field: string;
  /** What is wrong with it. */
  readonly message: string;
}

/** Why a request was refused: a problem document, as RFC 9457 has it. */
export interface ProblemDocument {
  /** A name for the kind of problem: `urn:ruthere:` and a {@linkcode ProblemKind}. */
  readonly type: string;
  /** The kind of problem in words. */
  readonly title: string;
  /** The status of the response. */
  readonly status: number;
  /** What could not be done, and why. */
  readonly detail: string;
  /** The fields that are to blame, if any are. */
  readonly errors?: readonly ProblemField[] | undefined;
  /** What else there is to know of this kind of problem. */
  readonly [extension: string]: unknown;
}

/** The kinds of problems that a handler tells of. */
export type ProblemKind =
  | "invalid-request"
  | "unauthorized"
  | "forbidden"
  | "not-found"
  | "method-not-allowed"
  | "too-slow"
  | "context-at-capacity"
  | "too-many-entries"
  | "stale-update"
  | "gap"
  | "too-large"
  | "unsupported-media-type"
  | "misdirected"
  | "too-many-requests"
  | "internal-error"
  | "unavailable"
  | "closed";

const KINDS: Readonly<Record<ProblemKind, readonly [number, string]>> = {
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
};

/** All {@linkcode ProblemKind}s. */
export const PROBLEM_KINDS: readonly string[] = Object.keys(KINDS);

/** What there is to say besides the kind and the detail. */
export interface HttpProblemOptions {
  /** The fields that are to blame. */
  readonly errors?: readonly ProblemField[];
  /** Headers of the response. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Further members of the document. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** Ends the handling of a request; becomes the response. */
export class HttpProblem extends Error {
  /** What kind of problem it is. */
  readonly kind: ProblemKind;
  readonly #options: HttpProblemOptions;

  /** Makes the problem; the detail reads `Cannot <verb> …: <reason>`. */
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

  /** The problem as a response. */
  toResponse(): Response {
    const [status, title] = KINDS[this.kind];
    const document: ProblemDocument = {
      type: `urn:ruthere:${this.kind}`,
      title,
      status,
      detail: this.message,
      errors: this.#options.errors,
      ...this.#options.extensions,
    };
    return new Response(JSON.stringify(document), {
      status,
      headers: {
        "cache-control": "no-store",
        "content-type": "application/problem+json",
        "x-content-type-options": "nosniff",
        ...this.#options.headers,
      },
    });
  }
}

/** A problem of kind `invalid-request` with the fields that are to blame. */
export function invalid(
  action: string,
  ...errors: [ProblemField, ...ProblemField[]]
): HttpProblem {
  const [{ field, message }] = errors;
  return new HttpProblem(
    "invalid-request",
    `Cannot ${action}: ${field} ${message}`,
    { errors },
  );
}
