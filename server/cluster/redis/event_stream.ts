import { assertNoOtherOptions } from "../../../core/assert.ts";
import { decodeKey } from "../mod.ts";
import type { Effect, EffectSink } from "./context_store.ts";
import { isWrongType, RedisUnavailableError } from "./errors.ts";
import type { RedisLink } from "./redis_link.ts";

/** A change of an entry, for other services. */
export interface RedisPresenceEvent {
  /** Whether the entry is new, has changed, or is gone. */
  readonly type: "joined" | "updated" | "left";
  /** The subject of the entry. */
  readonly subject: string;
  /** The context of the entry. */
  readonly context: string;
  /** The resource of the entry, like a tab or a phone, if it has one. */
  readonly resource?: string | undefined;
  /** The origin of the entry. */
  readonly origin: string;
  /**
   * Whether the subject has other entries in the context: before an entry that
   * joined, and after one that left. `false` for a change.
   */
  readonly hasOthers: boolean;
  /** Milliseconds since 1970, by the clock of Redis. */
  readonly timestamp: number;
  /**
   * The entry as JSON, with `visibility`, `observedAt` and `facets`; the last
   * state of an entry that left.
   */
  readonly value: string;
}

/** Options of the stream of events. */
export interface RedisEventOptions {
  /**
   * The key of the stream.
   *
   * @default {`${prefix}:events`}
   */
  readonly stream?: string | undefined;
  /**
   * About how many events the stream holds; older ones are dropped.
   *
   * @default {10_000}
   */
  readonly maxLength?: number | undefined;
  /**
   * Whether changes of entries are events as well: a person who moves changes
   * twenty times a second.
   *
   * @default {false}
   */
  readonly updates?: boolean | undefined;
  /**
   * Returns more fields for an event, or `undefined` to leave the event out. It
   * can't replace `type`, `subject`, `context` and `timestamp`. Use
   * `documentEventFields()` for the events of documents.
   */
  readonly fields?:
    | ((
      event: RedisPresenceEvent,
    ) => Readonly<Record<string, string>> | undefined)
    | undefined;
  /**
   * Called with every event that could not be written, or not with its own
   * fields; once, if the key is no stream.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Checks the options of a stream, and adds the defaults.
 *
 * @throws {InvalidValueError} If an option is unknown.
 */
export function eventSettings(
  prefix: string,
  options: RedisEventOptions,
): Required<RedisEventOptions> {
  const { stream = `${prefix}:events`, maxLength = 10_000, ...rest } = options;
  const { updates = false, fields = () => ({}), ...more } = rest;
  const { onError = console.error, ...others } = more;
  assertNoOtherOptions(others, "make backbone", "events");
  return { stream, maxLength, updates, fields, onError };
}

/**
 * Returns a sink that writes events to a stream. An event is lost if the
 * connection or the process ends between the write and the event.
 */
export function eventSink(
  link: RedisLink,
  { stream, maxLength, updates, fields, onError }: Required<RedisEventOptions>,
): EffectSink {
  let isRefused = false;

  async function add(effect: Effect): Promise<void> {
    try {
      const event = eventOf(effect);
      if (event === undefined) return;
      if (event.type === "updated" && !updates) return;
      const more = fieldsOf(event);
      if (more === undefined) return;
      const { type, subject, context, timestamp } = event;
      const all = {
        ...more,
        ...{ type, subject, context, timestamp: String(timestamp) },
      };
      await link.command(stream, [
        ...["XADD", stream, "MAXLEN", "~", String(maxLength), "*"],
        ...Object.entries(all).flat(),
      ]);
      isRefused = false;
    } catch (error) {
      if (!isWrongType(error)) return onError(error);
      if (isRefused) return;
      isRefused = true;
      const reason = `the key ${stream} is no stream, and gets no events`;
      onError(new RedisUnavailableError(reason, { cause: error }));
    }
  }

  function fieldsOf(event: RedisPresenceEvent): ReturnType<typeof fields> {
    try {
      return fields(event);
    } catch (error) {
      onError(error);
      return {};
    }
  }

  return async (effects) => {
    await Promise.all(effects.map(add));
  };
}

function eventOf(
  { type, context, id, value, hasOthers, timestamp }: Effect,
): RedisPresenceEvent | undefined {
  const key = decodeKey(context, id);
  if (type === "same" || key === undefined) return undefined;
  return {
    type,
    subject: String(key.subject),
    context: String(key.context),
    resource: key.resource === undefined ? undefined : String(key.resource),
    origin: String(key.origin),
    hasOthers,
    timestamp,
    value,
  };
}
