/**
 * Measures the time until a thousand readers of a topic have received a change,
 * by the number of kinds of rights. The rooms of topics watch everything and
 * group their readers by rights. The alternative is a room for each kind of
 * rights, for which the server filters: it needs a mirror and a watch for each
 * kind, and could not show readers their own hidden connections.
 */

import { rightsKey } from "../internal.ts";
import { PresenceServer, type PresenceViewEvent, type Watch } from "../mod.ts";
import {
  BoundedListening,
  Reader,
  Room,
  type RoomMember,
  Rooms,
  type Seat,
} from "../rooms/mod.ts";
import { diffFor } from "./differences.ts";
import {
  type TopicDiff,
  type TopicMessage,
  type TopicModel,
  TopicPresence,
  type TopicState,
  type TopicViewer,
} from "./mod.ts";
import { topicState } from "./topic_state.ts";

const READERS = 1_000;
const PEOPLE = 100;

/** A room for readers with the same rights: the server filters for it. */
class RightsRoom extends Room<TopicModel, TopicDiff> {
  readonly #members = new Set<RoomMember<TopicDiff>>();

  join(member: RoomMember<TopicDiff>): Seat<TopicState> {
    this.#members.add(member);
    return {
      read: () => ({
        state: topicState(undefined, this.position),
        revision: this.position.sequence,
      }),
      leave: () => this.#members.delete(member),
    };
  }

  protected override members(): RoomMember<TopicDiff>[] {
    return [...this.#members];
  }

  protected override changed(
    events: readonly PresenceViewEvent<TopicModel>[],
  ): void {
    const { position } = this;
    const differences = events
      .map(({ subject: key, entries }) => ({ key, entries }));
    const diff = diffFor(differences, () => true);
    if (diff === undefined) return;
    const message = { type: "diff", diff, position } as const;
    for (const member of this.#members) {
      member.receive(message, position.sequence);
    }
  }
}

type Watching = (
  server: PresenceServer<TopicModel>,
) => (viewer: TopicViewer) => Watch<TopicMessage>;

const groupsInOneRoom: Watching = (server) => {
  const presence = new TopicPresence(server);
  return (viewer) => presence.watch("room", { viewer });
};

const roomForEachRights: Watching = (server) => {
  const viewers = new Map<string, TopicViewer>();
  const rooms = new Rooms((rights, onClose) =>
    new RightsRoom(server, "room", viewers.get(rights) ?? NOBODY, onClose)
  );
  return (viewer) => {
    viewers.set(rightsKey(viewer), viewer);
    return new Reader<TopicMessage>((listener) =>
      new BoundedListening<TopicState, TopicDiff>(listener, {
        join: (member) => rooms.of(rightsKey(viewer)).join(member),
        maxPending: 64,
      })
    );
  };
};

const NOBODY: TopicViewer = { restricted: [], private: false };

for (const kinds of [1, 10, 1_000]) {
  const group = `a change for 1,000 readers with ${kinds} kinds of rights`;
  for (
    const [name, watching] of [
      ["groups in one room", groupsInOneRoom],
      ["a room for each rights", roomForEachRights],
    ] as const
  ) {
    const server = new PresenceServer<TopicModel>();
    const people = new TopicPresence(server, { ttlMs: Infinity });
    const [ada] = Array.from(
      { length: PEOPLE },
      (_, n) => people.track("room", `person-${n}`, n),
    );
    const watch = watching(server);
    const watches = Array.from(
      { length: READERS },
      (_, n) => watch({ ...NOBODY, restricted: [`team-${n % kinds}`] }),
    );
    for (const reader of watches) await reader.next();
    let count = PEOPLE;
    const baseline = watching === groupsInOneRoom;
    Deno.bench({ name, group, baseline, warmup: 20, n: 200 }, async () => {
      const told = watches.map((reader) => reader.next());
      ada?.update(count++);
      for (const { value } of await Promise.all(told)) {
        if (value?.type !== "diff") throw new Error("There is no diff");
      }
    });
  }
}
