import { assertNoOtherOptions } from "../../../core/assert.ts";
import { decodeKey } from "../mod.ts";
import type { Effect, EffectSink } from "./context_store.ts";
import { isWrongType, RedisUnavailableError } from "./errors.ts";
import type { RedisLink } from "./redis_link.ts";

/** An event about an entry, for other programs. */
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
   * Whether the subject has other entries in the context. Always `false` for an
   * update.
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
   * Whether to write `updated` events as well. A moving cursor makes twenty a
   * second.
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
   * Called with the error of each event that could not be written, and with
   * each error of `fields`; the event is then written without more fields. If
   * the key is not a stream, it is called once, and again only after a write
   * has succeeded in between.
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
 * Returns a sink that writes events to a stream: each after its row, by another
 * command. An event is lost if that command fails, if the process ends between
 * the two, or if the answer to the first is lost.
 */
export function eventSink(
  link: RedisLink,
  { stream, maxLength, updates, fields, onError }: Required<RedisEventOptions>,
): EffectSink {
  let hasReported = false;

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
      hasReported = false;
    } catch (error) {
      if (!isWrongType(error)) return onError(error);
      if (hasReported) return;
      hasReported = true;
      const reason =
        `the key ${stream} is not a stream, so events are not written`;
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
