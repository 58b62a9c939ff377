/**
 * The agent is closed and answers no more calls.
 *
 * @example Usage
 * ```ts
 * import { ClosedError } from "@ruthere/presence/server/agents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(new ClosedError().message, "presence: manager is closed");
 * ```
 */
export class ClosedError extends Error {
  /**
   * Makes the error.
   *
   * @param reason Why it is closed, unless by `close()`.
   */
  constructor(reason?: string) {
    const closed = "presence: manager is closed";
    super(reason === undefined ? closed : `${closed}: ${reason}`);
    this.name = "ClosedError";
  }
}

/**
 * Another process was started later with the same id in the same project, and is
 * the agent now. This one has stopped.
 *
 * @example Usage
 * ```ts
 * import { ClosedError, DisplacedError } from "@ruthere/presence/server/agents";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const error = new DisplacedError("builder", "shop");
 * assertEquals(
 *   error.message,
 *   'presence: manager is closed: another process is "builder" of "shop" now',
 * );
 * assert(error instanceof ClosedError);
 * ```
 */
export class DisplacedError extends ClosedError {
  /** The id of both. */
  readonly agentId: string;
  /** The project of both. */
  readonly project: string;

  /**
   * Makes the error for an agent of a project.
   *
   * @param agentId The id of both.
   * @param project The project of both.
   */
  constructor(agentId: string, project: string) {
    const agent = `${JSON.stringify(agentId)} of ${JSON.stringify(project)}`;
    super(`another process is ${agent} now`);
    this.name = "DisplacedError";
    this.agentId = agentId;
    this.project = project;
  }
}

/**
 * An invalid config: `presence.Config: <field>: <reason>`.
 *
 * @example Usage
 * ```ts
 * import { AgentConfigError } from "@ruthere/presence/server/agents";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   new AgentConfigError("agentId", "must not be empty", "").message,
 *   "presence.Config: agentId: must not be empty",
 * );
 * ```
 */
export class AgentConfigError extends Error {
  /** The first invalid field. */
  readonly field: string;
  /** Its value. */
  readonly value: unknown;

  /**
   * Makes the error of a field.
   *
   * @param field The field.
   * @param reason Why it is invalid.
   * @param value Its value.
   */
  constructor(field: string, reason: string, value: unknown) {
    super(`presence.Config: ${field}: ${reason}`);
    this.name = "AgentConfigError";
    this.field = field;
    this.value = value;
  }
}

/** The calls that fail if the backbone does. */
export type AgentCall = "Open" | "Who" | "Present" | "Watch";

/**
 * A call has failed: usually because of the backbone, whose error is the cause.
 *
 * @example Usage
 * ```ts
 * import { AgentPresenceError } from "@ruthere/presence/server/agents";
 * import { assertEquals } from "@std/assert";
 *
 * const cause = new Error("no connection");
 * const error = new AgentPresenceError("Who", cause);
 * assertEquals(error.message, "presence.Who: no connection");
 * assertEquals(error.cause, cause);
 * ```
 */
export class AgentPresenceError extends Error {
  /**
   * Makes the error.
   *
   * @param call The failed call.
   * @param cause Why it has failed.
   */
  constructor(call: AgentCall, cause: unknown) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    super(`presence.${call}: ${reason}`, { cause });
    this.name = "AgentPresenceError";
  }
}
