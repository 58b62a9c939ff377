import { assertNoOtherOptions } from "../../core/assert.ts";
import type { FacetDeadlines, FacetPatch, Timestamp } from "../../core/mod.ts";
import { ActivityMonitor, Throttle, TypingDetector } from "../../beacon/mod.ts";
import { ServerClosedError } from "../mod.ts";
import { facetsOfActivity } from "./activity.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";
import type { DocumentSettings } from "./document_options.ts";
import type { DocumentActivity } from "./document_user.ts";
import { ChannelClosedError, UserNotFoundError } from "./errors.ts";
import {
  assertRecord,
  type Cursor,
  cursorOf,
  isEmpty,
  type Selection,
  selectionOf,
  type Viewport,
  viewportOf,
} from "./positions.ts";
import type { SessionRows } from "./session_rows.ts";

/** How somebody has a document in focus. */
export interface FocusOptions {
  /**
   * Whether the tab can't be seen: then they are away, until they do something
   * again. They are not gone.
   *
   * @default {false}
   */
  readonly hidden?: boolean | undefined;
}

/** How a session is kept. */
export type SessionSettings = DocumentSettings & {
  /** Whether the documents have been disposed of, which it ends by. */
  readonly isClosed: () => boolean;
  /** Told once when it is over. */
  readonly onEnd: (session: DocumentSession) => void;
};

/** A position of the cursor, and when it was told of. */
interface Position {
  readonly cursor: Cursor;
  readonly selection: Selection | null;
  readonly at: Timestamp;
  /** The same by the steady clock. */
  readonly since: Timestamp;
}

/**
 * Somebody in a document, by one tab: made by `DocumentPresence.join()`. It
 * leaves when it is disposed of, or when nothing is heard of it for its time to
 * live; a session that is gone does not come back. It is over as well when
 * another one has come by its id: what that one has is not touched.
 *
 * All methods but `refresh()`, `release()` and disposing throw a
 * {@linkcode UserNotFoundError} when it is gone, a {@linkcode ChannelClosedError}
 * when the server or the documents are closed.
 */
export class DocumentSession implements Disposable {
  readonly #server: DocumentServer;
  readonly #rows: SessionRows;
  readonly #settings: SessionSettings;
  readonly #cursors: Throttle<Position>;
  readonly #keys: Throttle<Timestamp>;
  readonly #typing: TypingDetector;
  readonly #monitor: ActivityMonitor;
  /** What they do when they are neither idle nor away. */
  #doing: DocumentActivity = "viewing";
  /** What was last published of that. */
  #told: DocumentActivity = "viewing";
  #hasSelection = false;
  #isFocused = true;
  #lastActiveAt: Timestamp;
  /** When the last key was typed: steady time. */
  #lastKeyAt: Timestamp = -Infinity;
  #isOver = false;

  /** Makes a session whose entries have been published. */
  constructor(
    server: DocumentServer,
    rows: SessionRows,
    settings: SessionSettings,
  ) {
    this.#server = server;
    this.#rows = rows;
    this.#settings = settings;
    this.#lastActiveAt = rows.activeAt;
    const { cursorThrottleMs, typingDebounceMs } = settings;
    const clock = () => server.steadyNow;
    this.#cursors = new Throttle<Position>({
      intervalMs: cursorThrottleMs,
      send: (position) => this.#publishCursor(position),
      clock,
    });
    this.#keys = new Throttle<Timestamp>({
      // Often enough that one deadline never passes before the next is told.
      intervalMs: Math.min(cursorThrottleMs, typingDebounceMs / 4),
      send: (at) => this.#publishKey(at),
      clock,
    });
    this.#typing = new TypingDetector({
      debounceMs: typingDebounceMs,
      onChange: (isTyping) => {
        if (!isTyping) this.#onTypingEnd();
      },
      clock,
    });
    const { activityTimeoutMs, idleTimeoutMs } = settings;
    this.#monitor = new ActivityMonitor({
      activityTimeoutMs,
      idleTimeoutMs,
      onChange: (state) => {
        if (state !== "active") this.#onInactive(state);
      },
      clock,
    });
  }

  /** Who. */
  get userId(): string {
    return this.#rows.key.userId;
  }

  /** The id of the document. */
  get documentId(): string {
    return this.#rows.key.documentId;
  }

  /** The id of the workspace; `undefined` if the document is in none. */
  get workspaceId(): string | undefined {
    return this.#rows.key.workspaceId;
  }

  /** The id of the session. */
  get sessionId(): string {
    return this.#rows.key.sessionId;
  }

  /** The colour of the person, as this session tells it. */
  get color(): string {
    return this.#rows.color;
  }

  /** Whether it is still there. O(1). */
  get isPresent(): boolean {
    return !this.#isOver && !this.#server.closed && this.#rows.arePresent;
  }

  /**
   * They have moved the cursor. Others are told at most once in
   * `cursorThrottleMs`, of the latest position, and always of the last one.
   *
   * @param cursor Where it is; it is copied.
   * @param selection What is selected, if anything is: then they are selecting.
   * Else they are viewing, unless they type. An empty selection is none.
   * @throws {InvalidValueError} If a position is none.
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  updateCursor(cursor: Cursor, selection: Selection | null = null): void {
    const action = "move cursor";
    const position = {
      cursor: cursorOf(cursor, "cursor", action),
      selection: selection && copyOf(selection, action),
    };
    const at = this.#act(action);
    this.#doing = position.selection !== null
      ? "selecting"
      : this.#typing.isTyping
      ? "editing"
      : "viewing";
    this.#cursors.push({ ...position, at, since: this.#rows.heardAt });
  }

  /**
   * They have typed something: they are editing at once, and until
   * `typingDebounceMs` after the last key. That ends by itself, also if nothing
   * is ever heard of the session again.
   *
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  typed(): void {
    this.#act("type");
    this.#lastKeyAt = this.#rows.heardAt;
    this.#doing = "editing";
    const isFirst = !this.#typing.isTyping;
    this.#typing.typed();
    this.#keys.push(this.#lastKeyAt);
    if (isFirst) this.#keys.flush();
  }

  /**
   * They type no more, which others see at once: what was typed has been sent,
   * or the text has been left. It is no activity; without it typing ends by
   * itself.
   *
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  stoppedTyping(): void {
    this.#hear("stop typing");
    this.#typing.stop();
  }

  /**
   * They have something else on the screen. Others are told at once: throttle
   * what a scroll wheel says.
   *
   * @param viewport What it is; it is copied.
   * @throws {InvalidValueError} If it is none.
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  updateViewport(viewport: Viewport): void {
    const action = "update viewport";
    assertRecord<Viewport>(viewport, "viewport", action);
    const copy = viewportOf(viewport, VIEWPORT, action);
    this.#act(action);
    this.#publish({ viewport: copy, lastActiveAt: this.#lastActiveAt });
  }

  /**
   * They have come to the document, or gone to another window.
   *
   * To lose the focus and to be hidden are no activity: they end neither idle
   * nor away, and leave the time of the last activity as it is. To come back is
   * one, and so is to say again that the document is shown, with or without the
   * focus. Who is hidden is away at once.
   *
   * @param focused Whether the document is in focus.
   * @param options Whether it can be seen at all.
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  setFocused(
    focused: boolean,
    { hidden = false, ...others }: FocusOptions = {},
  ): void {
    assertNoOtherOptions(others, "change focus");
    const now = this.#hear("set focus");
    const isLeaving = hidden || this.#isFocused && !focused;
    this.#isFocused = focused;
    if (!isLeaving) {
      this.#lastActiveAt = now;
      this.#monitor.active();
    } else if (hidden) {
      this.#monitor.setHidden(true);
    }
    this.#publish(
      isLeaving ? { focused } : { focused, lastActiveAt: this.#lastActiveAt },
    );
  }

  /**
   * Extends the time to live. It is no activity, and nobody is told. O(1).
   *
   * @returns Whether the session is still there.
   */
  refresh(): boolean {
    if (!this.isPresent) return false;
    this.#rows.hear();
    return this.#rows.publish({});
  }

  /**
   * Its connection is lost, without a goodbye. The last position of the cursor
   * is told, and nothing more will be; the session itself is left to the grace
   * of the server. Call this first and then `disconnect()` of the server: a
   * session whose time to live is `Infinity` goes by nothing else. The other way
   * round the last position is lost.
   */
  release(): void {
    if (this.#isOver) return;
    // What is published ends the grace.
    if (!this.#server.closed && !this.#rows.areLingering) this.#cursors.flush();
    this.#end();
  }

  /** Leaves at once. Once is enough: later calls, and others, do nothing. */
  [Symbol.dispose](): void {
    if (this.#isOver) return;
    this.#end();
    if (!this.#server.closed) this.#rows.withdraw();
  }

  // Below the surface

  /** They do something. */
  #act(action: string): Timestamp {
    this.#lastActiveAt = this.#hear(action);
    this.#monitor.active();
    return this.#lastActiveAt;
  }

  /** Takes note that the session is alive, or throws because it is not. */
  #hear(action: string): Timestamp {
    if (this.#server.closed) {
      throw new ChannelClosedError(action, new ServerClosedError(action));
    }
    if (this.#settings.isClosed()) throw new ChannelClosedError(action);
    if (!this.isPresent) {
      this[Symbol.dispose]();
      throw new UserNotFoundError(action, this.userId, this.documentId);
    }
    return this.#rows.hear();
  }

  #publishCursor({ cursor, selection, at, since }: Position): void {
    const facets = {
      cursor,
      lastCursorUpdate: at,
      lastActiveAt: this.#lastActiveAt,
    };
    // Most often there is none to clear, and a patch that only sets is cheap.
    this.#publish(
      selection === null && !this.#hasSelection
        ? facets
        : { ...facets, selection },
    );
    this.#hasSelection = selection !== null;
    if (this.#isOver) return;
    this.#settings.onCursorUpdate?.(this.#server.steadyNow - since);
  }

  #publishKey(at: Timestamp): void {
    const dueAt = at + this.#settings.typingDebounceMs;
    // A timer can be late.
    if (!this.#typing.isTyping || dueAt <= this.#server.steadyNow) return;
    const due = this.#deadlineOf(dueAt);
    const lastActiveAt = this.#lastActiveAt;
    if (this.#doing !== "editing") {
      this.#publish({ typing: true, lastActiveAt }, { typing: due });
      return;
    }
    // Said again, for a facet keeps its deadline unless it is set.
    this.#told = "editing";
    this.#publish(
      { typing: true, ...facetsOfActivity("editing"), lastActiveAt },
      { typing: due, activity: due },
    );
  }

  #onTypingEnd(): void {
    if (this.#doing === "editing") this.#doing = "viewing";
    this.#publish({ typing: null });
  }

  #onInactive(state: "idle" | "away"): void {
    // If they were typing, the end of that tells all.
    this.#typing.stop();
    if (this.#told !== state) this.#publish({});
  }

  /** Publishes facets, and what they do if that has not been told. */
  #publish(
    facets: FacetPatch<DocumentModel>,
    facetDeadlines?: FacetDeadlines<DocumentModel>,
  ): void {
    if (this.#isOver) return;
    // A timer may fire when all is over.
    if (this.#server.closed) return this.#end();
    const { state } = this.#monitor;
    const activity = state === "active" ? this.#doing : state;
    const isThere = activity === this.#told
      ? this.#rows.publish(facets, facetDeadlines)
      : this.#rows.publish(
        { ...facets, ...facetsOfActivity(activity) },
        activity === "editing"
          ? {
            ...facetDeadlines,
            activity: this.#deadlineOf(this.#typingEndsAt),
          }
          : facetDeadlines,
      );
    this.#told = activity;
    // Nothing is left behind in the workspace.
    if (!isThere) this[Symbol.dispose]();
  }

  get #typingEndsAt(): Timestamp {
    return this.#lastKeyAt + this.#settings.typingDebounceMs;
  }

  /** A steady time as a deadline, which is wall time. */
  #deadlineOf(time: Timestamp): Timestamp {
    return this.#server.now + (time - this.#server.steadyNow);
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#cursors[Symbol.dispose]();
    this.#keys[Symbol.dispose]();
    this.#typing[Symbol.dispose]();
    this.#monitor[Symbol.dispose]();
    this.#rows.release();
    this.#settings.onEnd(this);
  }
}

/** What fields are called in messages. */
const SELECTION = {
  anchor: "selection.anchor",
  head: "selection.head",
  isBackward: "selection.isBackward",
};
const VIEWPORT = {
  topLine: "viewport.topLine",
  bottomLine: "viewport.bottomLine",
  scrollPercentage: "viewport.scrollPercentage",
};

/** Checks a selection and copies it; an empty one is none. */
function copyOf(selection: Selection, action: string): Selection | null {
  assertRecord<Selection>(selection, "selection", action);
  const copy = selectionOf(selection, SELECTION, action);
  return isEmpty(copy) ? null : copy;
}
