import type { Duration } from "../../core/mod.ts";
import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../cluster/mod.ts";

/** How long a call may take. */
const LIMIT_MS = 15_000;

/** Waits for an answer, but no longer than a limit. */
export function inTime<T>(
  call: string,
  answer: Promise<T>,
  limitMs: Duration = LIMIT_MS,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const reason = "the backbone does not answer";
    const giveUp = () =>
      reject(new Error(`Cannot wait for ${call}() any longer: ${reason}`));
    const timer = setTimeout(giveUp, limitMs);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * Connects to a backbone so that every call ends: one that never did would stop
 * the heartbeat for good. A call that was given up may still be done, like any
 * failed call.
 */
export async function connectTimely(
  backbone: PresenceBackbone,
  node: string,
  listener: BackboneListener,
): Promise<BackboneConnection> {
  const connecting = backbone.connect(node, listener);
  try {
    return timely(await inTime("connect", connecting));
  } catch (error) {
    // A connection that is late has no other owner.
    connecting.then((late) => late.close()).catch(() => {});
    throw error;
  }
}

function timely(connection: BackboneConnection): BackboneConnection {
  return new Proxy(connection, {
    get(target, name) {
      const method: unknown = Reflect.get(target, name);
      if (typeof method !== "function") return method;
      return (...args: unknown[]) => {
        const answer: unknown = Reflect.apply(method, target, args);
        return answer instanceof Promise
          ? inTime(String(name), answer)
          : answer;
      };
    },
  });
}
