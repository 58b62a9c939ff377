import { assertNoOtherOptions } from "../../../core/assert.ts";
import { decodeKey } from "../mod.ts";
import type { Effect, EffectSink } from "./context_store.ts";
import { isWrongType, RedisUnavailableError } from "./errors.ts";
import type { RedisLink } from "./redis_link.ts";

/** What has happened, as other services may be told of it. */
export interface RedisPresenceEvent {
  /** Whether an entry came, has changed, or is gone. */
  readonly type: "joined" | "updated" | "left";
  /** Who or what. */
  readonly subject: string;
  /** Where. */
  readonly context: string;
  /** By what: a tab, a phone; left out if there is none. */
  readonly resource?: string | undefined;
  /** Who said so. */
  readonly origin: string;
  /**
   * Whether the subject is in the context by another entry as well: of one that
   * came, before, and of one that is gone, after; `false` of a change.
   */
  readonly hasOthers: boolean;
  /** When, in milliseconds since 1970, by the clock of Redis. */
  readonly timestamp: number;
  /**
   * The entry as JSON, with `visibility`, `observedAt` and `facets`; of one that
   * is gone, as it was.
   */
  readonly value: string;
}

/** How other services are told who came, has changed and left. */
export interface RedisEventOptions {
  /**
   * The key of the stream.
   *
   * @default {`${prefix}:events`}
   */
  readonly stream?: string | undefined;
  /**
   * About how many events it holds; older ones are dropped.
   *
   * @default {10_000}
   */
  readonly maxLength?: number | undefined;
  /**
   * Whether entries that have changed are told as well: a person who moves
   * changes twenty times a second.
   *
   * @default {false}
   */
  readonly updates?: boolean | undefined;
  /**
   * More fields for an event, or `undefined` to leave it out. None of `type`,
   * `subject`, `context` and `timestamp` can be replaced. For the events of
   * documents there is `documentEventFields()`.
   */
  readonly fields?:
    | ((
      event: RedisPresenceEvent,
    ) => Readonly<Record<string, string>> | undefined)
    | undefined;
  /**
   * Told of every event that could not be written, or not with its own fields;
   * once, if the key is no stream.
   *
   * @default {console.error}
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}

/**
 * Checks how a stream is to be written, and adds what is left out.
 *
 * @param prefix What keys begin with.
 * @param options How.
 * @throws {InvalidValueError} If an option is not known.
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
 * Writes what writes have done to a stream. An event is lost if the connection
 * or the process ends between the write and it.
 *
 * @param link What leads to Redis.
 * @param settings The stream.
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
