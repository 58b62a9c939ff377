import { assertNoOtherOptions } from "../../core/assert.ts";
import {
  equalValues,
  type FacetPatch,
  InvalidValueError,
  type Visibility,
} from "../../core/mod.ts";
import { Throttle } from "../../beacon/mod.ts";
import {
  batchOfLive,
  isJsonObject,
  isLiveBatch,
  type JsonObject,
  patchFacets,
  PresenceView,
} from "../internal.ts";
import { backOffMs } from "./back_off.ts";
import type { Answer, LiveSocket, SocketMessage } from "./live_socket.ts";
import { People, type Person } from "./person.ts";
import {
  Computed,
  type Readable,
  sameItems,
  type Schedule,
  select,
} from "./readable.ts";
import type {
  LiveModel,
  LiveRoom,
  Me,
  RoomEvent,
  RoomOptions,
  RoomState,
  RoomStatus,
} from "./live_room.ts";

/** What a room needs of its client. */
export interface RoomHost {
  readonly socket: LiveSocket;
  /** Who the client is, where no token says so. */
  readonly key: string;
  /** The name of the connection. */
  readonly connection: string;
  readonly throttleMs: number;
  readonly schedule: Schedule;
  onError(error: unknown): void;
  /** Releases the room; returns whether that was its last user. */
  release(): boolean;
}

/** Events that are no broadcasts. */
const OF_THE_PROTOCOL =
  /^(?:update|access_token|heartbeat)$|^(?:phx_|presence)/;

/** A room as its client sees it. */
export class JoinedRoom<M extends LiveModel> implements LiveRoom<M> {
  readonly context: M["context"];
  readonly state: Readable<RoomState<M>>;
  readonly others: Readable<readonly Person<M>[]>;
  readonly me: Readable<Me<M>>;
  readonly status: Readable<RoomStatus>;
  readonly #host: RoomHost;
  readonly #view = new PresenceView<M>();
  readonly #people = new People<M>();
  readonly #computed: Computed<RoomState<M>>;
  readonly #throttle: Throttle<void>;
  readonly #listeners = new Map<string, Set<(event: RoomEvent<M>) => void>>();
  #status: RoomStatus = { type: "connecting" };
  #me: Me<M>;
  #isPresent: boolean;
  /** What was changed since the last update was sent. */
  #pending: FacetPatch<M> = {};
  /** The origin of the own entry. */
  #origin: M["origin"] | undefined;
  /** The ref of the current join, once the service has let the client in. */
  #joined: string | undefined;
  /** The ref of a join that the service has yet to answer. */
  #asked: string | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;

  /** Made by a client. */
  constructor(
    host: RoomHost,
    context: M["context"],
    { facets, visibility = "public", ...others }: RoomOptions<M>,
  ) {
    assertNoOtherOptions(others, "join room");
    this.#host = host;
    this.context = context;
    this.#isPresent = facets !== undefined;
    this.#me = {
      id: host.key,
      resource: host.connection,
      facets: patchFacets<M>({}, facets ?? {}),
      visibility,
    };
    this.#computed = new Computed<RoomState<M>>(
      (former) => this.#stateNow(former),
      host.schedule,
    );
    this.state = this.#computed;
    this.others = select(this.state, ({ others }) => others);
    this.me = select(this.state, ({ me }) => me);
    this.status = select(this.state, ({ status }) => status);
    this.#throttle = new Throttle<void>({
      intervalMs: host.throttleMs,
      send: () => this.#sendUpdate(),
    });
  }

  // What the user of the room does

  update(patch: FacetPatch<M>): void {
    if (this.#isClosed) return;
    this.#isPresent = true;
    this.#pending = { ...this.#pending, ...patch };
    this.#setMe({ facets: patchFacets<M>(this.#me.facets, patch) });
    this.#throttle.push();
  }

  setVisibility(visibility: Visibility<M["label"]>): void {
    if (this.#isClosed) return;
    this.#setMe({ visibility });
    // A watcher becomes present with its first update.
    if (!this.#isPresent) return;
    this.#throttle.push();
    this.#throttle.flush();
  }

  select<T>(
    selector: (state: RoomState<M>) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): Readable<T> {
    return select(this.state, selector, isEqual);
  }

  broadcast(event: string, payload: JsonObject = {}): boolean {
    if (OF_THE_PROTOCOL.test(event)) {
      const rule = "must be no event of the protocol";
      throw new InvalidValueError("broadcast", "event", rule, event);
    }
    if (this.#joined === undefined) return false;
    this.#ask(event, payload);
    return true;
  }

  on(event: string, listener: (event: RoomEvent<M>) => void): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    listeners.add(listener);
    return () => listeners.delete(listener);
  }

  async leave(): Promise<void> {
    if (this.#isClosed || !this.#host.release()) return;
    this.#throttle.flush();
    const joined = this.#asked ?? this.#joined;
    this.close();
    if (joined === undefined) return;
    const { socket } = this.#host;
    // A connection that is lost meanwhile has its grace.
    await new Promise<Answer>((resolve) =>
      socket.push(joined, this.context, "phx_leave", {}, resolve)
    );
  }

  // What the client does

  /** Joins, or joins again, over a connection that has just opened. */
  connected(): void {
    const { socket, key } = this.#host;
    const ref = socket.nextRef();
    const { facets, resource, visibility } = this.#me;
    this.#pending = {};
    const isPresent = this.#isPresent;
    const live = isPresent ? { facets, resource } : { resource };
    this.#joined = undefined;
    this.#asked = ref;
    const payload = { key, visibility, live };
    socket.push(ref, this.context, "phx_join", payload, (answer) => {
      // Without a connection it is called again.
      if (this.#asked !== ref) return;
      this.#asked = undefined;
      if (answer.type === "lost" || this.#isClosed) return;
      if (answer.type === "refused") return this.#refused(answer.reason);
      this.#failures = 0;
      this.#joined = ref;
      const { key, origin, resource: name } = answer.response;
      if (isKeyOf<M["resource"]>(name)) this.#setMe({ resource: name });
      if (isKeyOf<M["subject"]>(key)) this.#setMe({ id: key });
      if (isKeyOf<M["origin"]>(origin)) this.#origin = origin;
      // Something has changed while the service let the client in.
      const isBehind = this.#isPresent !== isPresent ||
        Object.keys(this.#pending).length > 0 ||
        !equalValues(this.#me.visibility, visibility);
      if (!isBehind) return;
      this.#throttle.push();
      this.#throttle.flush();
    }, ref);
  }

  /** Keeps what it shows while there is no connection. */
  disconnected(): void {
    this.#joined = undefined;
    this.#asked = undefined;
    clearTimeout(this.#retry);
    if (this.#status.type === "live") this.#setStatus({ type: "reconnecting" });
  }

  /** Shows that the service refuses the client. */
  refuse(reason: string): void {
    this.#joined = undefined;
    this.#setStatus({ type: "refused", reason });
  }

  /**
   * Shows a fresh token to the service.
   *
   * @returns Whether there is a connection to send it over.
   */
  authorize(token: string): boolean {
    if (this.#joined === undefined) return false;
    this.#ask("access_token", { access_token: token });
    return true;
  }

  /** Ends it without a goodbye. */
  close(): void {
    this.#joined = undefined;
    clearTimeout(this.#retry);
    this.#throttle[Symbol.dispose]();
    this.#setStatus({ type: "closed" });
  }

  /** Takes a message about the room. */
  receive({ joinRef, event, payload }: SocketMessage): void {
    if (this.#joined === undefined) return;
    if (joinRef !== null && joinRef !== this.#joined) return;
    switch (event) {
      case "presence_entries":
        return this.#apply(payload);
      case "phx_error":
        return this.#rejoinLater();
      case "phx_close": {
        const { reason } = payload;
        if (typeof reason === "string") this.refuse(reason);
        return;
      }
    }
    const { sender, ...rest } = payload;
    const from = isJsonObject(sender) ? sender.key : undefined;
    const told = {
      payload: rest,
      from: isKeyOf<M["subject"]>(from) ? from : undefined,
    };
    for (const listener of this.#listeners.get(event) ?? []) listener(told);
  }

  #refused(reason: string): void {
    this.refuse(reason);
    if (reason !== "unauthorized") this.#rejoinLater();
  }

  /** Joins again after a pause that grows. */
  #rejoinLater(): void {
    this.#joined = undefined;
    const pauseMs = backOffMs(this.#failures++, 1_000);
    this.#retry = setTimeout(() => this.connected(), pauseMs);
  }

  #sendUpdate(): void {
    if (this.#joined === undefined) return;
    const facets = this.#pending;
    this.#pending = {};
    this.#ask("update", { facets, visibility: this.#me.visibility });
  }

  #ask(event: string, payload: object): void {
    if (this.#joined === undefined) return;
    const { socket, onError } = this.#host;
    socket.push(this.#joined, this.context, event, payload, (answer) => {
      if (answer.type !== "refused") return;
      onError(new Error(`Cannot send ${event}: ${answer.reason}`));
    });
  }

  #apply(payload: JsonObject): void {
    if (!isLiveBatch<M>(payload)) return;
    try {
      this.#view.apply(batchOfLive(payload, this.context, this.#view));
    } catch (error) {
      // A batch is missing. A new state makes up for it.
      this.#host.onError(error);
      return this.#rejoinLater();
    }
    this.#computed.invalidate();
    // Until the last part is there, it shows what was there before.
    if (payload.type === "state" && !payload.last) return;
    this.#setStatus({ type: "live" });
    if (this.#isReplaced) {
      // A copy of this tab has the same name.
      this.#setMe({ resource: crypto.randomUUID() });
      this.connected();
    }
  }

  #setMe(change: Partial<Me<M>>): void {
    this.#me = { ...this.#me, ...change };
    this.#computed.invalidate();
  }

  #setStatus(status: RoomStatus): void {
    if (equalValues(this.#status, status) || this.#isClosed) return;
    this.#status = status;
    this.#computed.invalidate();
  }

  /** Whether another connection has taken the name of this one. */
  get #isReplaced(): boolean {
    const { id: subject, resource } = this.#me;
    if (!this.#isPresent || subject === undefined) return false;
    const own = this.#view.snapshots({ context: this.context, subject })
      .filter((snapshot) => snapshot.resource === resource);
    return own.length > 0 &&
      own.every(({ origin }) => origin !== this.#origin);
  }

  get #isClosed(): boolean {
    return this.#status.type === "closed";
  }

  #stateNow(former: RoomState<M> | undefined): RoomState<M> {
    const others: Person<M>[] = [];
    for (const subject of this.#view.subjects(this.context)) {
      if (subject === this.#me.id) continue;
      const summary = this.#view.subjectSummary(subject, this.context);
      if (summary !== undefined) others.push(this.#people.of(summary));
    }
    const isSame = former !== undefined && sameItems(former.others, others);
    const status = this.#status;
    const me = this.#me;
    return { status, me, others: isSame ? former.others : others };
  }
}

/** The service is trusted to name keys of the model. */
function isKeyOf<K extends string>(key: unknown): key is K {
  return typeof key === "string";
}
