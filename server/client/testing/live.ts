import type { Service } from "../../phoenix/testing/service.ts";
import { within } from "../../testing/waiting.ts";
import {
  LiveClient,
  type LiveClientOptions,
  type LiveModel,
  type Readable,
} from "../mod.ts";

/** The model of tests. */
export interface Model extends LiveModel {
  facets: { name: string; cursor: { x: number; y: number } };
}

/** Waits until a value is as it shall be. */
export function until<T>(
  value: Readable<T>,
  isThere: (value: T) => boolean,
): Promise<T> {
  const isSo = new Promise<T>((resolve) => {
    const stop = value.subscribe(look);
    look(value.get());

    function look(now: T): void {
      if (!isThere(now)) return;
      stop?.();
      resolve(now);
    }
  });
  return within(isSo, () => `It stays ${Deno.inspect(value.get())}`);
}

/** A client of a service. Any error that it reports fails the test. */
export function clientOf<M extends LiveModel = Model>(
  { port }: { readonly port: number },
  options: Partial<LiveClientOptions> = {},
): LiveClient<M> {
  return new LiveClient<M>({
    url: `http://127.0.0.1:${port}`,
    throttleMs: 1,
    onError(error) {
      throw error;
    },
    ...options,
  });
}

/** Whether a status is that of a room that shows who is there. */
export const isLive = ({ type }: { readonly type: string }) => type === "live";

/** Closes the sockets as a service does that restarts. */
export function restart({ endpoint }: Service): void {
  for (const socket of [...endpoint.sockets]) {
    socket.close(1012, "service restart");
  }
}
