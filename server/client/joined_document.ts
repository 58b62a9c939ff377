import { assertNoOtherOptions } from "../../core/assert.ts";
import { equalValues, type PresenceSnapshot } from "../../core/mod.ts";
import {
  type ActivityTarget,
  monitorActivity,
  Throttle,
} from "../../beacon/mod.ts";
import {
  type Cursor,
  documentContext,
  type DocumentModel,
  personOf,
  type Selection,
  selectionJson,
  type Viewport,
  viewportJson,
} from "../documents/internal.ts";
import type { JsonObject } from "../internal.ts";
import { JoinedTopic, type RoomHost, thisPage } from "./joined_topic.ts";
import type {
  DocumentMe,
  DocumentOptions,
  DocumentPerson,
  DocumentProfile,
  LiveDocument,
} from "./live_document.ts";
import type { LiveModel } from "./live_room.ts";

/** Where a person is, as messages of documents tell it. */
interface Place {
  readonly cursor?: object;
  readonly viewport?: object;
}

/** How often to say that a person is active, or types. */
const ACTIVE_MS = 5_000;
const TYPING_MS = 100;

/** A document as its client sees it. */
export class JoinedDocument
  extends JoinedTopic<DocumentModel & LiveModel, DocumentPerson, DocumentMe>
  implements LiveDocument {
  readonly #keys: Throttle<void>;
  /** The page whose activity is shown, if any. */
  readonly #page: ActivityTarget | undefined;
  #profile: DocumentProfile;
  #me: DocumentMe;
  /** Where the person is. */
  #place: Place = {};
  /** What of it was not sent. */
  #pending: Place = {};

  /** Made by a client. */
  constructor(host: RoomHost, documentId: string, options: DocumentOptions) {
    const { name, avatarUrl, workspaceId, activity, ...others } = options;
    assertNoOtherOptions(others, "join document");
    super(host, documentContext(documentId));
    this.#profile = { name, avatarUrl, workspaceId };
    this.#me = { id: host.key, sessionId: undefined, person: undefined };
    this.#keys = new Throttle<void>({
      intervalMs: TYPING_MS,
      send: () => this.#act("typing", {}),
    });
    this.#page = activity ? thisPage() : undefined;
    this.watching = this.#page && this.#watchPage(this.#page);
  }

  moveCursor(cursor: Cursor, selection: Selection | null = null): void {
    this.#show({
      cursor: { cursor, selection: selectionJson(selection) },
    });
  }

  setViewport(viewport: Viewport): void {
    this.#show({ viewport: viewportJson(viewport) });
  }

  setProfile(profile: DocumentProfile): void {
    if (equalValues(profile, this.#profile) || this.isClosed) return;
    this.#profile = profile;
    // Nobody sees the former session leave.
    this.rejoin();
  }

  typed(): void {
    if (!this.isClosed) this.#keys.push();
  }

  stoppedTyping(): void {
    // A key that waits must not follow.
    this.#keys.flush();
    this.#act("typing", { is_typing: false });
  }

  protected override get reserved(): RegExp {
    return /^(?:cursor|focus|typing|viewport)$|^(?:phx_|presence|access_token)/;
  }

  override close(): void {
    this.#keys[Symbol.dispose]();
    super.close();
  }

  protected override get own(): DocumentMe {
    const person = this.find(this.#me.id);
    if (person !== this.#me.person) this.#me = { ...this.#me, person };
    return this.#me;
  }

  protected override joining(mayWrite: boolean): object {
    const { name, avatarUrl, workspaceId } = mayWrite ? this.#profile : {};
    // A new session knows nothing of the former one.
    this.#pending = this.#place;
    return {
      live: {},
      name: name ?? null,
      avatar_url: avatarUrl,
      workspace_id: workspaceId,
    };
  }

  protected override entered(
    { key, session_id: sessionId }: JsonObject,
  ): void {
    this.#me = {
      ...this.#me,
      id: typeof key === "string" ? key : this.#me.id,
      sessionId: typeof sessionId === "string" ? sessionId : undefined,
    };
    if (this.#page !== undefined) this.#tellFocus(this.#page);
  }

  protected override get isBehind(): boolean {
    return Object.keys(this.#pending).length > 0;
  }

  protected override send(): void {
    const { cursor, viewport } = this.#pending;
    this.#pending = {};
    // The place is the latest one, also later.
    const onLater = () => this.#pending = this.#place;
    if (cursor !== undefined) this.#act("cursor", cursor, onLater);
    if (viewport !== undefined) this.#act("viewport", viewport, onLater);
  }

  protected override personOf(
    entries: readonly PresenceSnapshot<DocumentModel>[],
    isReturning: boolean,
  ): DocumentPerson | undefined {
    const user = personOf(entries, Date.now());
    return user && { ...user, id: user.userId, isReturning };
  }

  #watchPage(page: ActivityTarget): Disposable {
    const tell = () => this.#tellFocus(page);
    // The service turns people idle who do not say that they are active.
    const alive = new Throttle<void>({ intervalMs: ACTIVE_MS, send: tell });
    const activities = { active: () => alive.push(), setHidden: tell };
    const listening = monitorActivity(page, activities, tell);
    return {
      [Symbol.dispose]() {
        listening[Symbol.dispose]();
        alive[Symbol.dispose]();
      },
    };
  }

  #tellFocus({ document }: ActivityTarget): void {
    const hidden = document.visibilityState === "hidden";
    this.#act("focus", { focused: !hidden && document.hasFocus(), hidden });
  }

  #show(place: Place): void {
    if (this.isClosed) return;
    this.#place = { ...this.#place, ...place };
    this.#pending = { ...this.#pending, ...place };
    this.sendSoon(false);
  }

  /** Tells what the person does, unless the client only watches. */
  #act(event: string, payload: object, onLater?: () => void): void {
    if (this.#me.sessionId === undefined) return;
    this.ask(event, payload, onLater && { onLater });
  }
}
