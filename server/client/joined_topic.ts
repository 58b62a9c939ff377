import {
  equalValues,
  InvalidValueError,
  type PresenceSnapshot,
} from "../../core/mod.ts";
import { type ActivityTarget, Throttle } from "../../beacon/mod.ts";
import {
  isJsonObject,
  isLiveBatch,
  type JsonObject,
  LiveMirror,
} from "../internal.ts";
import { backOffMs } from "./back_off.ts";
import type { LiveModel } from "./live_room.ts";
import type { Answer, LiveSocket, SocketMessage } from "./live_socket.ts";
import {
  Computed,
  type Readable,
  sameItems,
  type Schedule,
  select,
  tellAll,
} from "./readable.ts";
import type { Room, RoomEvent, RoomState, RoomStatus, Sent } from "./room.ts";

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
  /^(?:update|access_token|heartbeat|system)$|^(?:phx_|presence)/;

/** The service has lost the entry, of which an update is only a part. */
const NOT_PRESENT = "no longer present: join again";

/** The client has sent more than the service takes at once. */
const TOO_MANY = "too many messages";
const LATER_MS = 1_000;

/** How long people may take to return: the longest pause, and a connection. */
const RETURN_MS = 35_000;

/** What follows the answer to a message. */
interface Reactions {
  /** It was done. */
  readonly onDone?: () => void;
  /** There were too many: take it back, to be sent again soon. */
  readonly onLater?: () => void;
  /** It was refused. */
  readonly onRefused?: () => void;
}

/** The client may watch, and not be present. */
const ONLY_READER = "unauthorized to publish here";

/**
 * A topic that a client has joined: it joins again after each loss, and mirrors
 * the entries in it.
 *
 * @typeParam M The model of the entries.
 * @typeParam P What it shows of a person.
 * @typeParam Me What it shows of the own person.
 */
export abstract class JoinedTopic<
  M extends LiveModel,
  P,
  Me extends { readonly id: M["subject"] },
> implements Room<P, Me, M["subject"], M["events"]> {
  readonly context: M["context"];
  readonly state: Readable<RoomState<P, Me>>;
  readonly others: Readable<readonly P[]>;
  readonly me: Readable<Me>;
  readonly status: Readable<RoomStatus>;
  protected readonly host: RoomHost;
  protected readonly mirror: LiveMirror<M>;
  readonly #people = new WeakMap<
    readonly PresenceSnapshot<M>[],
    P | undefined
  >();
  readonly #computed: Computed<RoomState<P, Me>>;
  readonly #throttle: Throttle<void>;
  /** Listens to what the person does in the page. */
  protected watching: Disposable | undefined;
  readonly #listeners = new Map<
    string,
    Set<(event: RoomEvent<M["subject"]>) => void>
  >();
  #status: RoomStatus = { type: "connecting" };
  #isCutOff = false;
  #mayWrite = true;
  /** The ref of the current join, once the service has let the client in. */
  #joined: string | undefined;
  /** The ref of a join that the service has yet to answer. */
  #asked: string | undefined;
  /** The ref of the latest join over this connection, even if it has failed. */
  #ref: string | undefined;
  #failures = 0;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #patience: ReturnType<typeof setTimeout> | undefined;

  /** Made by a client. */
  constructor(host: RoomHost, context: M["context"]) {
    this.host = host;
    this.context = context;
    this.mirror = new LiveMirror(context);
    this.#computed = new Computed<RoomState<P, Me>>(
      (former) => this.#stateNow(former),
      host.schedule,
    );
    this.state = this.#computed;
    this.others = select(this.state, ({ others }) => others);
    this.me = select(this.state, ({ me }) => me);
    this.status = select(this.state, ({ status }) => status);
    this.#throttle = new Throttle<void>({
      intervalMs: host.throttleMs,
      send: () => {
        if (this.#joined !== undefined && this.#mayWrite) this.send();
      },
    });
  }

  // What a kind of room says

  /** The own person. */
  protected abstract get own(): Me;
  /**
   * Returns what the join tells, which is all that `send()` would.
   *
   * @param mayWrite Whether the client may be present.
   */
  protected abstract joining(mayWrite: boolean): object;
  /** Takes the reply to the join. */
  protected abstract entered(response: JsonObject): void;
  /** Whether something has changed that was not sent. */
  protected abstract get isBehind(): boolean;
  /** Sends what has changed. */
  protected abstract send(): void;
  /** Makes a person of all their entries. */
  protected abstract personOf(
    entries: readonly PresenceSnapshot<M>[],
    isReturning: boolean,
  ): P | undefined;
  abstract typed(): void;
  abstract stoppedTyping(): void;
  /** The events that are no broadcasts. */
  protected get reserved(): RegExp {
    return OF_THE_PROTOCOL;
  }
  /** Looks at what it shows after a change. */
  protected applied(): void {}
  /** Takes back what the service refuses with the join, if that is it. */
  protected takenBack(_reason: string): boolean {
    return false;
  }

  // What the user of the room does

  person(id: M["subject"]): Readable<P | undefined> {
    return select(this.state, () => this.find(id));
  }

  select<T>(
    selector: (state: RoomState<P, Me>) => T,
    isEqual?: (former: T, now: T) => boolean,
  ): Readable<T> {
    return select(this.state, selector, isEqual);
  }

  broadcast<Name extends string & keyof M["events"]>(
    event: Name,
    ...payload: Sent<M["events"][Name]>
  ): boolean;
  broadcast(event: string, payload: JsonObject = {}): boolean {
    if (this.reserved.test(event)) {
      const rule = "must be no event of the protocol";
      throw new InvalidValueError("broadcast", "event", rule, event);
    }
    if (this.#joined === undefined || !this.#mayWrite) return false;
    this.ask(event, payload);
    return true;
  }

  on<Name extends string & keyof M["events"]>(
    event: Name,
    listener: (event: RoomEvent<M["subject"], M["events"][Name]>) => void,
  ): () => void {
    const listeners = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, listeners);
    const hear = (event: RoomEvent<M["subject"]>) => {
      if (isOfModel<M, Name>(event)) listener(event);
    };
    listeners.add(hear);
    return () => listeners.delete(hear);
  }

  async leave(): Promise<void> {
    if (this.isClosed || !this.host.release()) return;
    this.#throttle.flush();
    const ref = this.#ref;
    this.close();
    if (ref === undefined) return;
    const { socket } = this.host;
    // A connection that is lost meanwhile has its grace.
    await new Promise<Answer>((resolve) =>
      socket.push(ref, this.context, "phx_leave", {}, resolve)
    );
  }

  // What the client does

  /** Joins, or joins again, over a connection that has just opened. */
  connected(): void {
    const { socket, key } = this.host;
    const ref = socket.nextRef();
    clearTimeout(this.#retry);
    this.#joined = undefined;
    this.#ref = this.#asked = ref;
    const payload = { key, ...this.joining(this.#mayWrite) };
    socket.push(ref, this.context, "phx_join", payload, (answer) => {
      // Without a connection it is called again.
      if (this.#asked !== ref) return;
      this.#asked = undefined;
      if (answer.type === "lost" || this.isClosed) return;
      if (answer.type === "refused") return this.#refused(answer.reason);
      this.#failures = 0;
      this.#joined = ref;
      this.setCutOff(answer.response.incomplete === true);
      this.entered(answer.response);
      this.changed();
      if (this.isBehind) this.sendSoon(true);
    }, ref);
  }

  /** Keeps what it shows while there is no connection. */
  disconnected(): void {
    this.#joined = this.#asked = this.#ref = undefined;
    this.#mayWrite = true;
    clearTimeout(this.#retry);
    this.#reconnecting();
  }

  /** Shows that the service refuses the client. */
  refuse(reason: string, isFinal = true): void {
    this.#joined = undefined;
    this.#setStatus({ type: "refused", reason, isFinal });
  }

  /** Shows whether the service can't tell of everyone. */
  setCutOff(isCutOff: boolean): void {
    if (this.#isCutOff === isCutOff) return;
    this.#isCutOff = isCutOff;
    this.changed();
  }

  /**
   * Shows a fresh token to the service.
   *
   * @param onDone Called when the service has accepted it.
   * @returns Whether there is a connection to send it over.
   */
  authorize(token: string, onDone: () => void): boolean {
    if (this.#joined === undefined) return false;
    this.ask("access_token", { access_token: token }, { onDone });
    return true;
  }

  /** Tries to be present again: another token may let it. */
  authorized(): void {
    if (this.#mayWrite) return;
    this.#mayWrite = true;
    this.rejoin();
  }

  /** Ends it without a goodbye. */
  close(): void {
    this.#joined = undefined;
    clearTimeout(this.#retry);
    clearTimeout(this.#again);
    clearTimeout(this.#patience);
    this.#throttle[Symbol.dispose]();
    this.watching?.[Symbol.dispose]();
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
    const listeners = this.#listeners.get(event);
    if (listeners === undefined) return;
    tellAll(listeners, {
      payload: rest,
      from: isKeyOf<M["subject"]>(from) ? from : undefined,
    });
  }

  // What a kind of room uses

  /** Whether it was left. */
  protected get isClosed(): boolean {
    return this.#status.type === "closed";
  }

  /** Computes what it shows again, when somebody asks. */
  protected changed(): void {
    this.#computed.invalidate();
  }

  /** Joins again, for another person to be shown, unless there is no join. */
  protected rejoin(): void {
    if ((this.#asked ?? this.#joined) !== undefined) this.connected();
  }

  /** Sends what has changed: as soon as the throttle allows, or at once. */
  protected sendSoon(now: boolean): void {
    this.#throttle.push();
    if (now) this.#throttle.flush();
  }

  /** Sends a message, and reports when it is refused. */
  protected ask(event: string, payload: object, then: Reactions = {}): void {
    const joined = this.#joined;
    if (joined === undefined) return;
    this.host.socket.push(joined, this.context, event, payload, (answer) => {
      // A later join tells all.
      if (this.#joined !== joined || answer.type === "lost") return;
      if (answer.type === "ok") return then.onDone?.();
      const { reason } = answer;
      const isReader = reason.startsWith(ONLY_READER);
      if (isReader) this.#mayWrite = false;
      if (isReader || reason === NOT_PRESENT) return this.connected();
      const isLater = reason === TOO_MANY && then.onLater !== undefined;
      if (isLater) {
        then.onLater?.();
        clearTimeout(this.#again);
        this.#again = setTimeout(() => this.sendSoon(true), LATER_MS);
        return;
      }
      then.onRefused?.();
      this.host.onError(new Error(`Cannot send ${event}: ${reason}`));
    });
  }

  /** Finds a person: the same object until something of them changes. O(1). */
  protected find(id: M["subject"]): P | undefined {
    const entries = this.mirror.of(id);
    const known = this.#people.get(entries);
    if (known !== undefined) return known;
    const person = this.personOf(entries, this.mirror.isHeld(id));
    this.#people.set(entries, person);
    return person;
  }

  #refused(reason: string): void {
    if (reason.startsWith(ONLY_READER) && this.#mayWrite) {
      this.#mayWrite = false;
      return this.connected();
    }
    if (this.takenBack(reason)) {
      this.host.onError(new Error(`Cannot join: ${reason}`));
      return this.connected();
    }
    const isFinal = reason === "unauthorized";
    this.refuse(reason, isFinal);
    if (!isFinal) this.#rejoinLater();
  }

  /** Joins again after a pause that grows. */
  #rejoinLater(): void {
    this.#joined = undefined;
    this.#reconnecting();
    const pauseMs = backOffMs(this.#failures++, 1_000);
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.connected(), pauseMs);
  }

  #apply(payload: JsonObject): void {
    if (!isLiveBatch<M>(payload)) return;
    let isCurrent: boolean;
    try {
      isCurrent = this.mirror.apply(payload);
    } catch (error) {
      // A batch is missing. A new state makes up for it.
      this.host.onError(error);
      return this.#rejoinLater();
    }
    this.changed();
    // Until the last part is there, it shows what was there before.
    if (!isCurrent) return;
    if (payload.type === "state") this.#awaitReturns();
    this.#setStatus({ type: "live" });
    this.applied();
  }

  /** Gives people up who have not returned long after a restart. */
  #awaitReturns(): void {
    clearTimeout(this.#patience);
    if (!this.mirror.isHolding) return;
    this.#patience = setTimeout(() => {
      this.mirror.release();
      this.changed();
    }, RETURN_MS);
  }

  #reconnecting(): void {
    if (this.#status.type === "live") this.#setStatus({ type: "reconnecting" });
  }

  #setStatus(status: RoomStatus): void {
    if (equalValues(this.#status, status) || this.isClosed) return;
    this.#status = status;
    this.changed();
  }

  #stateNow(former: RoomState<P, Me> | undefined): RoomState<P, Me> {
    const me = this.own;
    const others: P[] = [];
    for (const subject of this.mirror.subjects) {
      if (subject === me.id) continue;
      const person = this.find(subject);
      if (person !== undefined) others.push(person);
    }
    const isSame = former !== undefined && sameItems(former.others, others);
    const status = this.#status;
    const isComplete = status.type === "live" && !this.#isCutOff &&
      !this.mirror.isHolding;
    return {
      status,
      isComplete,
      mayWrite: this.#mayWrite,
      me,
      others: isSame ? former.others : others,
    };
  }
}

/** Returns a new name. `crypto.randomUUID()` exists in secure contexts only. */
export function uniqueName(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}

/** The service is trusted to name keys of the model. */
export function isKeyOf<K extends string>(key: unknown): key is K {
  return typeof key === "string";
}

/** The others are trusted to send payloads of the model. */
function isOfModel<M extends LiveModel, Name extends keyof M["events"]>(
  event: RoomEvent<M["subject"]>,
): event is RoomEvent<M["subject"], M["events"][Name]> {
  return isJsonObject(event.payload);
}

/** Returns the window, where there is one. */
export function thisPage(): ActivityTarget | undefined {
  const page: unknown = globalThis;
  return isPage(page) ? page : undefined;
}

function isPage(value: unknown): value is ActivityTarget {
  return value instanceof EventTarget && "document" in value;
}
