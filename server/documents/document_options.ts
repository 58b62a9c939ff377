import { assertDelay, assertNoOtherOptions } from "../../core/assert.ts";
import { type Duration, InvalidValueError } from "../../core/mod.ts";
import { assertPositive } from "../internal.ts";

/** How documents behave. */
export interface DocumentPresenceOptions {
  /**
   * The least time between two published positions of a session's cursor, in
   * milliseconds; positive.
   *
   * @default {50}
   */
  readonly cursorThrottleMs?: Duration | undefined;
  /**
   * When typing ends after the last key, in milliseconds; positive.
   *
   * @default {500}
   */
  readonly typingDebounceMs?: Duration | undefined;
  /**
   * How long a session lives without a sign of life, in seconds, unless its
   * `join()` says otherwise; positive.
   *
   * @default {30}
   */
  readonly presenceTtlSeconds?: Duration | undefined;
  /**
   * When a person becomes idle after their last activity, in milliseconds;
   * positive.
   *
   * @default {30_000}
   */
  readonly activityTimeoutMs?: Duration | undefined;
  /**
   * When a person becomes away after their last activity, in milliseconds;
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
   * How many events may wait for a reader before a state replaces them.
   *
   * @default {1_000}
   */
  readonly maxPendingEvents?: number | undefined;
  /**
   * Called when a position of a cursor is published, with the milliseconds
   * since its `updateCursor()`. It must not throw.
   */
  readonly onCursorUpdate?: ((latencyMs: Duration) => void) | undefined;
}

/** How a person joins a document. */
export interface JoinOptions {
  /** The id of the document. */
  readonly documentId: string;
  /** The id of the workspace that the document belongs to, if any. */
  readonly workspaceId?: string | undefined;
  /** Their name, of at most 256 characters. */
  readonly name: string;
  /**
   * The URL of their picture: of `http` or `https`, or a relative one, of at
   * most 2,048 characters.
   */
  readonly avatarUrl?: string | undefined;
  /**
   * How long the session lives without a sign of life, in milliseconds.
   * `Infinity` is for a session that lives as long as its socket: disconnect
   * its origin at the server when the socket is lost.
   *
   * @default {presenceTtlSeconds}
   */
  readonly ttlMs?: Duration | undefined;
  /**
   * The origin that holds the session: the server can disconnect everything
   * that an origin holds at once. By default, all sessions of one
   * `DocumentPresence` share an origin.
   */
  readonly origin?: string | undefined;
  /**
   * The id of the session; by default a random one. If the person already has a
   * session of this id and origin in the document, on any server, the new one
   * takes it over, as a tab does that reconnects: nothing of its former facets
   * remains, and its former handle ends.
   */
  readonly sessionId?: string | undefined;
  /**
   * Cancels the join: nobody sees the person then. It has no effect on a
   * session that has begun.
   */
  readonly signal?: AbortSignal | undefined;
}

/** How a document is watched. */
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
 * @throws {InvalidValueError} If a number is out of range, or an option is
 * unknown.
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
