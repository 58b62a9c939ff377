import { isJsonObject, parseJson } from "../../internal.ts";
import type { ProblemDocument } from "../wire/problem.ts";

/**
 * The service has refused a request. Nothing has changed by it.
 *
 * @example Usage
 * ```ts
 * import { PresenceRequestError } from "@ruthere/presence/client";
 * import { assertEquals } from "@std/assert";
 *
 * const error = new PresenceRequestError("publish", 429, undefined, 2_000);
 * assertEquals(error.message, "Cannot publish: the service answered with 429");
 * assertEquals(error.retryAfterMs, 2_000);
 * ```
 */
export class PresenceRequestError extends Error {
  /** The status of the response. */
  readonly status: number;
  /** What the service says; `undefined` if it was no problem document. */
  readonly problem: ProblemDocument | undefined;
  /** After how many milliseconds it is worth trying again, if it was said. */
  readonly retryAfterMs: number | undefined;

  /** Makes the error from what could not be done, a verb first, and the answer. */
  constructor(
    action: string,
    status: number,
    problem?: ProblemDocument,
    retryAfterMs?: number,
  ) {
    super(
      problem?.detail ??
        `Cannot ${action}: the service answered with ${status}`,
    );
    this.name = "PresenceRequestError";
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Makes the error of a response, whose body it reads. */
export async function requestErrorOf(
  action: string,
  response: Response,
): Promise<PresenceRequestError> {
  const problem = await readProblem(response);
  const seconds = response.headers.get("retry-after");
  const retryAfterMs = seconds !== null && /^\d+$/.test(seconds)
    ? Number(seconds) * 1_000
    : undefined;
  return new PresenceRequestError(
    action,
    response.status,
    problem,
    retryAfterMs,
  );
}

async function readProblem(
  response: Response,
): Promise<ProblemDocument | undefined> {
  const type = response.headers.get("content-type") ?? "";
  if (!type.startsWith("application/problem+json")) {
    response.body?.cancel().catch(() => {});
    return undefined;
  }
  const problem = parseJson(await response.text().catch(() => ""));
  return isProblem(problem) ? problem : undefined;
}

function isProblem(value: unknown): value is ProblemDocument {
  return isJsonObject(value) && typeof value.type === "string" &&
    typeof value.title === "string" && typeof value.status === "number" &&
    typeof value.detail === "string";
}
