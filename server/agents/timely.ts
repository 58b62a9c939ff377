import type {
  BackboneConnection,
  BackboneListener,
  PresenceBackbone,
} from "../cluster/mod.ts";

/** After how many milliseconds a call is given up. */
const LIMIT_MS = 15_000;

/** A backbone has not answered, though it must within some seconds. */
class NoAnswerError extends Error {
  override readonly name = "NoAnswerError";

  constructor(call: string) {
    super(`Cannot wait for ${call}() any longer: the backbone does not answer`);
  }
}

/**
 * Connects to a backbone by calls that all end: one that never did would stop
 * the heartbeat for good. What is given up may be done all the same, as may be
 * any call that fails.
 */
export async function connectTimely(
  backbone: PresenceBackbone,
  node: string,
  listener: BackboneListener,
): Promise<BackboneConnection> {
  const connecting = call(() => backbone.connect(node, listener));
  try {
    return timely(await inTime("connect", connecting));
  } catch (error) {
    // Nobody would close one that comes late.
    connecting.then((late) => late.close()).catch(() => {});
    throw error;
  }
}

function timely(inner: BackboneConnection): BackboneConnection {
  const ask = <T>(name: string, answer: () => Promise<T>): Promise<T> =>
    inTime(name, call(answer));
  return {
    acquire: (lease) => ask("acquire", () => inner.acquire(lease)),
    renew: (lease) => ask("renew", () => inner.renew(lease)),
    leases: (node) => ask("leases", () => inner.leases(node)),
    end: (life, count) => ask("end", () => inner.end(life, count)),
    purge: (life, context) => ask("purge", () => inner.purge(life, context)),
    write: (life, writes) => ask("write", () => inner.write(life, writes)),
    follow: (context) => ask("follow", () => inner.follow(context)),
    unfollow: (context) => inner.unfollow(context),
    read: (context) => ask("read", () => inner.read(context)),
    send: (context, text) => inner.send(context, text),
    close: () => ask("close", () => inner.close()),
  };
}

/** What a call throws, its promise fails with. */
async function call<T>(answer: () => Promise<T>): Promise<T> {
  return await answer();
}

function inTime<T>(name: string, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new NoAnswerError(name));
    const timer = setTimeout(giveUp, LIMIT_MS);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
