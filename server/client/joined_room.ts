import { assertNoOtherOptions } from "../../core/assert.ts";
import {
  type Availability,
  equalValues,
  type FacetPatch,
  type PresenceSnapshot,
  type Visibility,
} from "../../core/mod.ts";
import {
  ActivityMonitor,
  type ActivityState,
  type ActivityTarget,
  monitorActivity,
  TypingDetector,
} from "../../beacon/mod.ts";
import { type JsonObject, patchFacets } from "../internal.ts";
import {
  isKeyOf,
  JoinedTopic,
  type RoomHost,
  thisPage,
  uniqueName,
} from "./joined_topic.ts";
import type { LiveModel, LiveRoom, Me, RoomOptions } from "./live_room.ts";
import { type Person, personOf } from "./person.ts";

/** How the service begins a reason to refuse facets. */
const BAD_UPDATE = "Cannot update presence: ";

/** A room as its client sees it. */
export class JoinedRoom<M extends LiveModel>
  extends JoinedTopic<M, Person<M>, Me<M>>
  implements LiveRoom<M> {
  readonly #typing: TypingDetector;
  #me: Me<M>;
  #isPresent: boolean;
  /** What was changed since the last update was sent. */
  #pending: FacetPatch<M> = {};
  /** Who may see this connection, if the user of the room says so. */
  #visibility: Visibility<M["label"]> | undefined;
  /** The same as the service knows it; `null` if it knows no entry. */
  #shown: Visibility<M["label"]> | null | undefined = null;
  /** The origin of the own entry. */
  #origin: M["origin"] | undefined;
  #state: ActivityState = "active";
  /** How the person was before being away. */
  #former: { readonly availability: Availability | null } | undefined;

  /** Made by a client. */
  constructor(host: RoomHost, context: M["context"], options: RoomOptions<M>) {
    const { facets, visibility, activity, ...others } = options;
    assertNoOtherOptions(others, "join room");
    super(host, context);
    this.#isPresent = facets !== undefined;
    this.#visibility = visibility;
    this.#me = {
      id: host.key,
      resource: host.connection,
      facets: patchFacets<M>({}, facets ?? {}),
      visibility: visibility ?? "public",
    };
    this.#typing = new TypingDetector({ onChange: () => this.#showActivity() });
    const page = activity ? thisPage() : undefined;
    this.watching = page && this.#watchPage(page);
    // Otherwise a tab that was active before would count more than a new one.
    if (this.watching !== undefined) this.#showActivity();
  }

  update(patch: FacetPatch<M>): void {
    if (this.isClosed) return;
    this.#isPresent = true;
    this.#pending = { ...this.#pending, ...patch };
    this.#setMe({ facets: patchFacets<M>(this.#me.facets, patch) });
    this.sendSoon(false);
  }

  setVisibility(visibility: Visibility<M["label"]>): void {
    if (this.isClosed || equalValues(visibility, this.#visibility)) return;
    this.#visibility = visibility;
    this.#setMe({ visibility });
    // A watcher becomes present with its first update.
    if (this.#isPresent) this.sendSoon(true);
  }

  typed(): void {
    if (!this.isClosed) this.#typing.typed();
  }

  stoppedTyping(): void {
    this.#typing.stop();
  }

  override close(): void {
    this.#typing[Symbol.dispose]();
    super.close();
  }

  protected override get own(): Me<M> {
    return this.#me;
  }

  protected override joining(mayWrite: boolean): object {
    const { facets, resource } = this.#me;
    const visibility = this.#visibility;
    const isPresent = this.#isPresent && mayWrite;
    this.#pending = {};
    this.#shown = isPresent ? visibility : null;
    return {
      visibility,
      live: isPresent ? { facets, resource } : { resource },
    };
  }

  protected override entered({ key, origin, resource }: JsonObject): void {
    if (isKeyOf<M["resource"]>(resource)) this.#setMe({ resource });
    if (isKeyOf<M["subject"]>(key)) this.#setMe({ id: key });
    if (isKeyOf<M["origin"]>(origin)) this.#origin = origin;
  }

  protected override get isBehind(): boolean {
    return this.#isPresent && !equalValues(this.#visibility, this.#shown) ||
      Object.keys(this.#pending).length > 0;
  }

  protected override send(): void {
    const visibility = this.#visibility;
    const shown = this.#shown;
    // The first update of a watcher tells all.
    const facets: FacetPatch<M> = shown === null
      ? this.#me.facets
      : this.#pending;
    this.#pending = {};
    this.#shown = visibility;
    this.ask("update", { facets, visibility }, {
      onLater: () => {
        this.#pending = { ...facets, ...this.#pending };
        this.#shown = shown;
      },
      onRefused: () => this.#takeBack(facets),
    });
  }

  protected override takenBack(reason: string): boolean {
    if (!this.#isPresent || !reason.startsWith(BAD_UPDATE)) return false;
    const { facets } = this.#me;
    this.#takeBack(facets);
    // Without any, it only watches.
    this.#isPresent = this.#own.length > 0;
    return !equalValues(facets, this.#me.facets);
  }

  /** Shows again what the service knows, unless that was changed meanwhile. */
  #takeBack(refused: FacetPatch<M>): void {
    const known = new Map(Object.entries(this.#own[0]?.facets ?? {}));
    const shown = new Map(Object.entries(this.#me.facets));
    const names = Object.entries(refused)
      .filter(([name, value]) => equalValues(shown.get(name) ?? null, value));
    const patch = Object.fromEntries(
      names.map(([name]) => [name, known.get(name) ?? null]),
    );
    if (!isPatchOf<M>(patch)) return;
    this.#setMe({ facets: patchFacets<M>(this.#me.facets, patch) });
  }

  protected override personOf(
    entries: readonly PresenceSnapshot<M>[],
    isReturning: boolean,
  ): Person<M> | undefined {
    return personOf(entries, isReturning);
  }

  protected override applied(): void {
    if (!this.#isReplaced) return;
    // A copy of this tab has the same name.
    this.#setMe({ resource: uniqueName() });
    this.connected();
  }

  #watchPage(page: ActivityTarget): Disposable {
    const monitor = new ActivityMonitor({
      onChange: (state) => {
        this.#state = state;
        if (state !== "active") this.#typing.stop();
        this.#showActivity();
      },
    });
    const listening = monitorActivity(page, monitor);
    return {
      [Symbol.dispose]: () => {
        listening[Symbol.dispose]();
        monitor[Symbol.dispose]();
      },
    };
  }

  #showActivity(): void {
    if (!this.#isPresent) return;
    const isAway = this.#state === "away";
    const wasAway = this.#former !== undefined;
    if (isAway && !wasAway) {
      this.#former = { availability: this.#me.facets.availability ?? null };
    }
    const patch = {
      activity: this.#state !== "active"
        ? "idle"
        : this.#typing.isTyping
        ? "editing"
        : this.watching && "observing" || null,
      ...isAway ? { availability: "away" } : this.#former,
    };
    if (!isAway) this.#former = undefined;
    if (isPatchOf<M>(patch)) this.update(patch);
  }

  #setMe(change: Partial<Me<M>>): void {
    this.#me = { ...this.#me, ...change };
    this.changed();
  }

  /** Whether another connection has taken the name of this one. */
  get #isReplaced(): boolean {
    const own = this.#own;
    return this.#isPresent && this.#origin !== undefined && own.length > 0 &&
      own.every(({ origin }) => origin !== this.#origin);
  }

  /** The entries of this connection. */
  get #own(): readonly PresenceSnapshot<M>[] {
    const { id, resource } = this.#me;
    return this.mirror.of(id)
      .filter((snapshot) => snapshot.resource === resource);
  }
}

/** Its facets are built in, or those of another patch. */
function isPatchOf<M extends LiveModel>(
  patch: object,
): patch is FacetPatch<M> {
  return typeof patch === "object";
}
