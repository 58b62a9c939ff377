import { assertEquals, assertThrows } from "@std/assert";
import { InvalidValueError } from "../../core/mod.ts";
import { PUBLIC_VIEWER } from "../mod.ts";
import type {
  TopicListener,
  TopicMessage,
  TopicPresence,
  TopicViewer,
} from "./mod.ts";
import { flush, topics } from "./testing/harness.ts";

/** A listener with room for so many messages. */
class Wire implements TopicListener<TopicMessage> {
  readonly listening;
  /** What has arrived: the keys of a state, those that joined by a diff. */
  readonly told: string[] = [];
  room: number;

  constructor(presence: TopicPresence, room = 100, viewer?: TopicViewer) {
    this.room = room;
    this.listening = presence.listen("room", this, { viewer });
  }

  take(message: TopicMessage): boolean {
    if (this.room === 0) return false;
    this.room--;
    this.told.push(
      message.type === "state"
        ? `state: ${Object.keys(message.state)}`
        : `diff: ${Object.keys(message.diff.joins)}`,
    );
    return true;
  }

  end(): void {
    this.told.push("the end");
  }

  fail(error: unknown): void {
    this.told.push(String(error));
  }

  /** Makes room for so many messages. */
  resume(room = 100): void {
    this.room = room;
    this.listening.resume();
  }
}

Deno.test("TopicPresence.listen() tells nothing before the first resume(), then a state at once", () => {
  using room = topics();
  room.presence.track("room", "ada", {});
  const wire = new Wire(room.presence);
  assertEquals(wire.told, []);
  wire.resume();
  assertEquals(wire.told, ["state: ada"]);
});

Deno.test("TopicPresence.listen() tells a diff of each later change, until it is disposed of", async () => {
  using room = topics();
  const wire = new Wire(room.presence);
  wire.resume();
  room.presence.track("room", "ada", {});
  await flush();
  assertEquals(wire.told, ["state: ", "diff: ada"]);
  wire.listening[Symbol.dispose]();
  room.presence.track("room", "bob", {});
  await flush();
  assertEquals(wire.told.length, 2);
});

Deno.test("TopicPresence.listen() keeps what was refused until resume()", async () => {
  using room = topics();
  const wire = new Wire(room.presence);
  wire.resume(1);
  room.presence.track("room", "ada", {});
  await flush();
  assertEquals(wire.told, ["state: "]);
  wire.resume();
  assertEquals(wire.told, ["state: ", "diff: ada"]);
});

Deno.test("TopicPresence.listen() tells only what its viewer may see", () => {
  using room = topics();
  room.presence.track("room", "ada", {}, { visibility: "private" });
  room.presence.track("room", "bob", {});
  const wire = new Wire(room.presence, 100, PUBLIC_VIEWER);
  wire.resume();
  assertEquals(wire.told, ["state: bob"]);
});

Deno.test("TopicPresence.listen() ends with the server", async () => {
  const room = topics();
  const wires = [new Wire(room.presence), new Wire(room.presence)] as const;
  wires[0].resume();
  room.server[Symbol.dispose]();
  await flush();
  assertEquals(wires[0].told, ["state: ", "the end"]);
  wires[1].resume();
  assertEquals(wires[1].told, ["the end"]);
});

Deno.test("TopicPresence.listen() refuses a malformed topic", () => {
  using room = topics();
  const { presence } = room;
  const listener = new Wire(presence);
  assertThrows(() => presence.listen("", listener), InvalidValueError);
});
