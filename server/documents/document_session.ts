import { assertNoOtherOptions } from "../../core/assert.ts";
import type { FacetDeadlines, FacetPatch, Timestamp } from "../../core/mod.ts";
import { ActivityMonitor, Throttle, TypingDetector } from "../../beacon/mod.ts";
import { ACTIVITY_FACETS } from "./people/activity.ts";
import type { DocumentModel, DocumentServer } from "./document_model.ts";
import type { DocumentSettings } from "./document_options.ts";
import type { DocumentActivity } from "./people/document_user.ts";
import { UserNotFoundError } from "./errors.ts";
import {
  assertRecord,
  type Cursor,
  cursorOf,
  isEmpty,
  type Selection,
  selectionOf,
  type Viewport,
  viewportOf,
} from "./people/positions.ts";
import type { SessionRows } from "./session_rows.ts";

/** How a document gains or loses the focus. */
export interface FocusOptions {
  /**
   * Whether the tab is hidden. Then the person is away, but not gone, until
   * their next activity.
   *
   * @default {false}
   */
  readonly hidden?: boolean | undefined;
}

/** How a session is kept. */
export type SessionSettings = DocumentSettings & {
  /** Throws if the documents or the server have been disposed of. */
  readonly assertOpen: (action: string) => void;
  /** Called once, when the session ends. */
  readonly onEnd: (session: DocumentSession) => void;
};

/** A position of the cursor, and when it was reported. */
interface Position {
  readonly cursor: Cursor;
  readonly selection: Selection | null;
  /** Wall time. */
  readonly at: Timestamp;
  /** Steady time. */
  readonly since: Timestamp;
}

/**
 * One tab of a person in a document, made by `DocumentPresence.join()`.
 *
 * It leaves when it is disposed of, or when it reports nothing for its time to
 * live; a session that is gone does not come back. It also ends when another
 * session takes over its id: the entries of that one stay as they are.
 *
 * All methods but `refresh()`, `release()` and disposing throw a
 * {@linkcode UserNotFoundError} when the session is gone, and a
 * {@linkcode ChannelClosedError} when the server or the documents are closed.
 */
export class DocumentSession implements Disposable {
  readonly #server: DocumentServer;
  readonly #rows: SessionRows;
  readonly #settings: SessionSettings;
  readonly #cursors: Throttle<Position>;
  readonly #keys: Throttle<Timestamp>;
  readonly #typing: TypingDetector;
  readonly #monitor: ActivityMonitor;
  /** What the person does while neither idle nor away. */
  #doing: DocumentActivity = "viewing";
  /** The activity that was last published; `undefined` to publish it again. */
  #published: DocumentActivity | undefined = "viewing";
  #hasSelection = false;
  #isFocused = true;
  #lastActiveAt: Timestamp;
  /** When the last key was typed: steady time. */
  #lastKeyAt: Timestamp = -Infinity;
  #isOver = false;
  /** Leaves at once. Later calls do nothing. */
  declare readonly [Symbol.dispose]: () => void;

  /** Makes a session whose entries have been published. */
  constructor(
    server: DocumentServer,
    rows: SessionRows,
    settings: SessionSettings,
  ) {
    this[Symbol.dispose] = this.#dispose;
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
      // So often that no deadline passes before the next one is published.
      intervalMs: Math.min(cursorThrottleMs, typingDebounceMs / 4),
      send: () => this.#publishTyping(),
      clock,
    });
    this.#typing = new TypingDetector({
      debounceMs: typingDebounceMs,
      onChange: (isTyping) => {
        if (isTyping) return;
        if (this.#doing === "editing") this.#doing = "viewing";
        this.#publish({ typing: null });
      },
      clock,
    });
    const { activityTimeoutMs, idleTimeoutMs } = settings;
    this.#monitor = new ActivityMonitor({
      activityTimeoutMs,
      idleTimeoutMs,
      onChange: (state) => {
        if (state === "active") return;
        // If they were typing, this publishes the new state as well.
        this.#typing.stop();
        if (this.#published !== state) this.#publish({});
      },
      clock,
    });
  }

  /** The id of the person. */
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

  /** The colour of the person, as this session publishes it. */
  get color(): string {
    return this.#rows.color;
  }

  /** Whether the session is still present. O(1). */
  get isPresent(): boolean {
    return !this.#isOver && !this.#server.closed && this.#rows.arePresent;
  }

  /**
   * Reports that the cursor has moved, which is an activity. Others receive at
   * most one position per `cursorThrottleMs`: the latest, and always the last.
   *
   * @param cursor The position; it is copied.
   * @param selection What is selected, which makes the person "selecting".
   * Without a selection they are "viewing", or "editing" while they type. An
   * empty selection is none.
   * @throws {InvalidValueError} If a position is malformed.
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  updateCursor(cursor: Cursor, selection: Selection | null = null): void {
    const action = "move cursor";
    const place = cursorOf(cursor, "cursor", action);
    const range = selection && selectionOf(selection, "isBackward", action);
    const selected = range && !isEmpty(range) ? range : null;
    const at = this.#act(action);
    this.#doing = selected !== null
      ? "selecting"
      : this.#typing.isTyping
      ? "editing"
      : "viewing";
    const since = this.#rows.touchedAt;
    this.#cursors.push({ cursor: place, selection: selected, at, since });
  }

  /**
   * Reports a typed key, which is an activity. The person is "editing" at once,
   * and until `typingDebounceMs` after the last key. That ends on every server,
   * even if this one dies.
   *
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  typed(): void {
    this.#act("type");
    this.#lastKeyAt = this.#rows.touchedAt;
    this.#doing = "editing";
    const isFirst = !this.#typing.isTyping;
    this.#typing.typed();
    this.#keys.push(this.#lastKeyAt);
    if (isFirst) this.#keys.flush();
  }

  /**
   * Reports the end of typing before the debounce: the text was sent or left.
   * It is no activity. Others receive it at once.
   *
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  stoppedTyping(): void {
    this.#touch("stop typing");
    this.#typing.stop();
  }

  /**
   * Reports what is on the screen, which is an activity. Others receive it at
   * once: throttle what a scroll wheel reports.
   *
   * @param viewport The part that is visible; it is copied.
   * @throws {InvalidValueError} If it is malformed.
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
   * Reports that the document has gained or lost the focus.
   *
   * To lose the focus or to be hidden is no activity: it ends neither idle nor
   * away, and does not change the time of the last activity. To come back is
   * one, and so is to report again that the document is visible, with or
   * without the focus. A hidden tab is away at once.
   *
   * @param focused Whether the document has the focus.
   * @param options Whether it is hidden.
   * @throws {UserNotFoundError} If the session is gone.
   * @throws {ChannelClosedError} If the server or the documents are closed.
   */
  setFocused(
    focused: boolean,
    { hidden = false, ...others }: FocusOptions = {},
  ): void {
    assertNoOtherOptions(others, "change focus");
    const now = this.#touch("set focus");
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
   * Extends the time to live. It is no activity, and nobody receives it. O(1).
   *
   * @returns Whether the session is still present.
   */
  refresh(): boolean {
    if (!this.isPresent) return false;
    this.#rows.touch();
    return this.#rows.publish({});
  }

  /**
   * Handles a connection that is lost without a goodbye: publishes the last
   * position of the cursor and stops all timers, but leaves the session to the
   * grace of the server. Call this before `disconnect()` of the server, which
   * begins the grace: afterwards the last position would be lost. A session
   * whose time to live is `Infinity` ends in no other way.
   */
  release(): void {
    if (this.#isOver) return;
    // A publish would end the grace.
    if (!this.#server.closed && !this.#rows.areLingering) this.#cursors.flush();
    this.#end();
  }

  #dispose(): void {
    if (this.#isOver) return;
    this.#end();
    if (!this.#server.closed) this.#rows.withdraw();
  }

  /** Records an activity; returns its time. */
  #act(action: string): Timestamp {
    this.#lastActiveAt = this.#touch(action);
    this.#monitor.active();
    return this.#lastActiveAt;
  }

  /** Records a sign of life, or throws because the session is gone. */
  #touch(action: string): Timestamp {
    this.#settings.assertOpen(action);
    if (!this.isPresent) {
      this[Symbol.dispose]();
      throw new UserNotFoundError(action, this.userId, this.documentId);
    }
    return this.#rows.touch();
  }

  #publishCursor({ cursor, selection, at, since }: Position): void {
    const facets = {
      cursor,
      lastCursorUpdate: at,
      lastActiveAt: this.#lastActiveAt,
    };
    // There is rarely one to clear, and a patch that only sets is cheap.
    this.#publish(
      selection === null && !this.#hasSelection
        ? facets
        : { ...facets, selection },
    );
    this.#hasSelection = selection !== null;
    if (this.#isOver) return;
    this.#settings.onCursorUpdate?.(this.#server.steadyNow - since);
  }

  #publishTyping(): void {
    // A timer can be late.
    const isOver = this.#typingEndsAt <= this.#server.steadyNow;
    if (!this.#typing.isTyping || isOver) return;
    // A facet keeps its deadline unless it is set again.
    if (this.#doing === "editing") this.#published = undefined;
    this.#publish(
      { typing: true, lastActiveAt: this.#lastActiveAt },
      { typing: this.#typingDeadline },
    );
  }

  /** Publishes facets, and the activity unless it has been published. */
  #publish(
    facets: FacetPatch<DocumentModel>,
    deadlines?: FacetDeadlines<DocumentModel>,
  ): void {
    if (this.#isOver) return;
    // A timer may fire after the end.
    if (this.#server.closed) return this.#end();
    const { state } = this.#monitor;
    const activity = state === "active" ? this.#doing : state;
    const isNew = activity !== this.#published;
    const isPresent = this.#rows.publish(
      isNew ? { ...facets, ...ACTIVITY_FACETS[activity] } : facets,
      isNew && activity === "editing"
        ? { ...deadlines, activity: this.#typingDeadline }
        : deadlines,
    );
    this.#published = activity;
    // The entry in the workspace must not stay behind.
    if (!isPresent) this[Symbol.dispose]();
  }

  /** Steady time. */
  get #typingEndsAt(): Timestamp {
    return this.#lastKeyAt + this.#settings.typingDebounceMs;
  }

  /** The same as wall time, which deadlines are. */
  get #typingDeadline(): Timestamp {
    return this.#server.now + (this.#typingEndsAt - this.#server.steadyNow);
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

/** The names of the fields of a viewport in messages. */
const VIEWPORT = {
  topLine: "viewport.topLine",
  bottomLine: "viewport.bottomLine",
  scrollPercentage: "viewport.scrollPercentage",
};
