import type {
  PresenceModel,
  PresenceSnapshot,
  VisibilityPolicy,
} from "../../core/mod.ts";
import type { CursorPosition } from "../../store/mod.ts";
import {
  type PresenceBatch,
  type PresenceReader,
  PresenceView,
  type Viewer,
  type Watch,
} from "../mod.ts";

/**
 * What a mirror and a room need of a server. A `PresenceServer` has it, also
 * one whose model has more facets.
 */
export interface RoomServer<M extends PresenceModel> {
  /** Reads what is present now. */
  readonly store: Pick<PresenceReader<M>, "epoch" | "lastSequence"> & {
    snapshots(query: {
      readonly context?: M["context"] | undefined;
      readonly visible?:
        | VisibilityPolicy<M["label"], M["subject"]>
        | undefined;
    }): PresenceSnapshot<M>[];
  };
  /** Subscribes to changes. */
  watch(options: {
    readonly context?: M["context"] | undefined;
    readonly viewer?: Viewer<M> | undefined;
    readonly since?: CursorPosition | undefined;
    readonly signal?: AbortSignal | undefined;
  }): Watch<PresenceBatch<M>>;
}

/**
 * Mirrors what a server has now, without waiting for a watch to begin: a watch
 * from its position on reports everything later as a change. O(n).
 *
 * @param server The server.
 * @param query Which entries to mirror.
 * @returns The mirror.
 */
export function mirrorOf<M extends PresenceModel>(
  server: RoomServer<M>,
  query: Parameters<RoomServer<M>["store"]["snapshots"]>[0],
): { readonly view: PresenceView<M>; readonly position: CursorPosition } {
  const { store } = server;
  const position = { epoch: store.epoch, sequence: store.lastSequence };
  const snapshots = store.snapshots(query);
  const view = new PresenceView<M>();
  view.apply({ type: "baseline", position, snapshots, part: 0, last: true });
  return { view, position };
}
