import { assertNoOtherOptions } from "../../core/assert.ts";
import {
  type Availability,
  equalValues,
  type FacetPatch,
  type Visibility,
} from "../../core/mod.ts";
import {
  ActivityMonitor,
  type ActivityState,
  type ActivityTarget,
  monitorActivity,
  TypingDetector,
} from "../../beacon/mod.ts";
import type { SubjectSummary } from "../../store/mod.ts";
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

/** A room as its client sees it. */
export class JoinedRoom<M extends LiveModel>
  extends JoinedTopic<M, Person<M>, Me<M>>
  implements LiveRoom<M> {
  readonly #typing: TypingDetector;
  #me: Me<M>;
  #isPresent: boolean;
  /** What was changed since the last update was sent. */
  #pending: FacetPatch<M> = {};
  /** The visibility that the service knows; `undefined` if it knows of none. */
  #shown: Visibility<M["label"]> | undefined;
  /** The origin of the own entry. */
  #origin: M["origin"] | undefined;
  #state: ActivityState = "active";
  /** How the person was before being away. */
  #former: { readonly availability: Availability | null } | undefined;

  /** Made by a client. */
  constructor(host: RoomHost, context: M["context"], options: RoomOptions<M>) {
    const { facets, visibility = "public", activity, ...others } = options;
    assertNoOtherOptions(others, "join room");
    super(host, context);
    this.#isPresent = facets !== undefined;
    this.#me = {
      id: host.key,
      resource: host.connection,
      facets: patchFacets<M>({}, facets ?? {}),
      visibility,
    };
    this.#typing = new TypingDetector({ onChange: () => this.#showActivity() });
    const page = activity ? thisPage() : undefined;
    this.watching = page && this.#watchPage(page);
  }

  update(patch: FacetPatch<M>): void {
    if (this.isClosed) return;
    this.#isPresent = true;
    this.#pending = { ...this.#pending, ...patch };
    this.#setMe({ facets: patchFacets<M>(this.#me.facets, patch) });
    this.sendSoon(false);
  }

  setVisibility(visibility: Visibility<M["label"]>): void {
    if (this.isClosed || equalValues(visibility, this.#me.visibility)) return;
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
    const { facets, resource, visibility } = this.#me;
    const isPresent = this.#isPresent && mayWrite;
    this.#pending = {};
    this.#shown = isPresent ? visibility : undefined;
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
    return this.#isPresent && !equalValues(this.#me.visibility, this.#shown) ||
      Object.keys(this.#pending).length > 0;
  }

  protected override send(): void {
    const { facets, visibility } = this.#me;
    // The first update of a watcher tells all.
    const patch = this.#shown === undefined ? facets : this.#pending;
    this.#pending = {};
    this.#shown = visibility;
    this.ask("update", { facets: patch, visibility });
  }

  protected override personOf(summary: SubjectSummary<M>): Person<M> {
    return personOf(summary);
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
        : "observing",
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
    const { id: subject, resource } = this.#me;
    if (!this.#isPresent) return false;
    const own = this.mirror.snapshots(subject)
      .filter((snapshot) => snapshot.resource === resource);
    return own.length > 0 &&
      own.every(({ origin }) => origin !== this.#origin);
  }
}

/** Every model has the facets that are built in. */
function isPatchOf<M extends LiveModel>(
  patch: object,
): patch is FacetPatch<M> {
  return "activity" in patch;
}
