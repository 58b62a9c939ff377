import { isJsonObject, parseJson } from "../../internal.ts";
import type { ProblemDocument } from "../../http/mod.ts";

/**
 * A request that the service has refused. It has changed nothing.
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
  /** The problem document of the service, if it sent one. */
  readonly problem: ProblemDocument | undefined;
  /** The milliseconds to wait before a retry, if the service sent them. */
  readonly retryAfterMs: number | undefined;

  /**
   * Creates the error of an answer.
   *
   * @param action The action that failed, beginning with a verb.
   * @param status The status of the response.
   * @param problem The problem document.
   * @param retryAfterMs The milliseconds to wait before a retry.
   */
  constructor(
    action: string,
    status: number,
    problem?: ProblemDocument,
    retryAfterMs?: number,
  ) {
    const detail = `Cannot ${action}: the service answered with ${status}`;
    super(problem?.detail ?? detail);
    this.name = "PresenceRequestError";
    this.status = status;
    this.problem = problem;
    this.retryAfterMs = retryAfterMs;
  }
}

/** Creates the error of a response. It reads the body of the response. */
export async function requestErrorOf(
  action: string,
  response: Response,
): Promise<PresenceRequestError> {
  const problem = await readProblem(response);
  const seconds = response.headers.get("retry-after");
  const retryAfterMs = seconds !== null && /^\d+$/.test(seconds)
    ? Number(seconds) * 1_000
    : undefined;
  const { status } = response;
  return new PresenceRequestError(action, status, problem, retryAfterMs);
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
