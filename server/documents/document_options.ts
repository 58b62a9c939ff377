import { assertDelay, assertNoOtherOptions } from "../../core/assert.ts";
import { type Duration, InvalidValueError } from "../../core/mod.ts";
import { assertPositive } from "../internal.ts";

/** How documents behave. */
export interface DocumentPresenceOptions {
  /**
   * The time from one position of a session's cursor to the next that is told,
   * in milliseconds; positive.
   *
   * @default {50}
   */
  readonly cursorThrottleMs?: Duration | undefined;
  /**
   * How long after the last key typing ends, in milliseconds; positive.
   *
   * @default {500}
   */
  readonly typingDebounceMs?: Duration | undefined;
  /**
   * How long a session lives that nothing is heard of, in seconds, unless its
   * `join()` says otherwise; positive.
   *
   * @default {30}
   */
  readonly presenceTtlSeconds?: Duration | undefined;
  /**
   * How long after their last activity somebody is idle, in milliseconds;
   * positive.
   *
   * @default {30_000}
   */
  readonly activityTimeoutMs?: Duration | undefined;
  /**
   * How long after their last activity somebody is away, in milliseconds;
   * longer than `activityTimeoutMs`.
   *
   * @default {300_000}
   */
  readonly idleTimeoutMs?: Duration | undefined;
  /**
   * How many people may be in one document.
   *
   * @default {1_000}
   */
  readonly maxUsersPerDocument?: number | undefined;
  /**
   * By how many events a reader may be behind, before it gets a state in their
   * place.
   *
   * @default {1_000}
   */
  readonly maxPendingEvents?: number | undefined;
  /**
   * Told of each position of a cursor that is published, how many milliseconds
   * after `updateCursor()` that was. It must not throw.
   */
  readonly onCursorUpdate?: ((latencyMs: Duration) => void) | undefined;
}

/** How somebody comes into a document. */
export interface JoinOptions {
  /** The id of the document. */
  readonly documentId: string;
  /** The id of the workspace that it belongs to, if it does to any. */
  readonly workspaceId?: string | undefined;
  /** What to call them, in at most 256 characters. */
  readonly name: string;
  /**
   * Where their picture is: a URL of `http` or `https`, or a relative one, of at
   * most 2,048 characters.
   */
  readonly avatarUrl?: string | undefined;
  /**
   * How long the session lives that nothing is heard of, in milliseconds;
   * `Infinity` for one that lives as long as its socket, whose origin the
   * server is told of when it is lost.
   *
   * @default {presenceTtlSeconds}
   */
  readonly ttlMs?: Duration | undefined;
  /**
   * Who holds the session: the server can disconnect all that an origin holds
   * at once. One origin for all sessions of this object, if it is left out.
   */
  readonly origin?: string | undefined;
  /**
   * The id of the session; a random one, if it is left out. One that the person
   * has in the document already, by the same origin and at whatever server, is
   * taken over, as by a tab that connects again: nothing is left of what it
   * said, and its former handle is over.
   */
  readonly sessionId?: string | undefined;
  /**
   * Aborted when they are no more to come in: nobody sees them then. It is of
   * no importance to a session that has begun.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Until when a document is watched. */
export interface WatchDocumentOptions {
  /** Ends the watch. */
  readonly signal?: AbortSignal | undefined;
}

/** The options, with their defaults. */
export type DocumentSettings =
  & Required<Omit<DocumentPresenceOptions, "onCursorUpdate">>
  & Pick<DocumentPresenceOptions, "onCursorUpdate">;

/**
 * Checks the options.
 *
 * @throws {InvalidValueError} If a number is not in its range, or an option is
 * not known.
 */
export function settingsOf(options: DocumentPresenceOptions): DocumentSettings {
  const {
    cursorThrottleMs = 50,
    typingDebounceMs = 500,
    presenceTtlSeconds = 30,
    activityTimeoutMs = 30_000,
    idleTimeoutMs = 300_000,
    maxUsersPerDocument = 1_000,
    maxPendingEvents = 1_000,
    onCursorUpdate,
    ...others
  } = options;
  const action = "create documents";
  assertNoOtherOptions(others, action);
  const delays = {
    cursorThrottleMs,
    typingDebounceMs,
    activityTimeoutMs,
    idleTimeoutMs,
  };
  for (const [name, delay] of Object.entries(delays)) {
    assertDelay(delay, name, action);
  }
  if (idleTimeoutMs <= activityTimeoutMs) {
    const rule = "must be longer than activityTimeoutMs";
    throw new InvalidValueError(action, "idleTimeoutMs", rule, idleTimeoutMs);
  }
  const amounts = { presenceTtlSeconds, maxUsersPerDocument, maxPendingEvents };
  for (const [name, amount] of Object.entries(amounts)) {
    assertPositive(amount, name, action);
  }
  return { ...delays, ...amounts, onCursorUpdate };
}
