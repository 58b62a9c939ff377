import { assert, assertEquals } from "@std/assert";
import { FakeTime } from "@std/testing/time";
import fc from "fast-check";
import type { DocumentMessage, DocumentSession, DocumentUser } from "./mod.ts";
import {
  at,
  documents,
  flush,
  from,
  join,
  Reader,
  RUNS,
  userOf,
} from "./testing/harness.ts";

/** An action of a person, and the time until their next one. */
const act = fc.record({
  what: fc.constantFrom(
    "move",
    "select",
    "type",
    "scroll",
    "focus",
    "hide",
    "refresh",
  ),
  ms: fc.oneof(
    { weight: 6, arbitrary: fc.integer({ min: 0, max: 60 }) },
    { weight: 2, arbitrary: fc.constantFrom(49, 50, 51, 499, 500, 501) },
    { weight: 1, arbitrary: fc.integer({ min: 0, max: 400_000 }) },
  ),
});

const config = fc.record({
  cursorThrottleMs: fc.integer({ min: 1, max: 120 }),
  typingDebounceMs: fc.integer({ min: 1, max: 600 }),
});

Deno.test("a cursor is published never too often, and always at its last position (property)", async () => {
  await fc.assert(
    fc.asyncProperty(
      config,
      fc.array(act, { maxLength: 40 }),
      async (options, acts) => {
        using time = new FakeTime(0);
        const times: number[] = [];
        using all = documents({
          ...options,
          onCursorUpdate: () => times.push(Date.now()),
        });
        const ada = await join(all.presence);
        const reader = new Reader(all.presence.watch("42"));
        let line = 0;
        for (const { what, ms } of acts) {
          if (what === "move" || what === "select") line++;
          perform(ada, what, line);
          await pass(time, ms, reader);
        }
        for (const [index, ms] of times.slice(1).entries()) {
          assert(ms - (times[index] ?? 0) >= options.cursorThrottleMs);
        }
        await pass(time, options.cursorThrottleMs, reader);
        const user = await userOf(all.presence);
        assertEquals(user?.cursor, line === 0 ? null : at(line));
        assertEquals(mirrorOf(reader.values).get("ada")?.cursor, user?.cursor);
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("typing begins with a key and ends when it should, whatever else happens (property)", async () => {
  await fc.assert(
    fc.asyncProperty(
      config,
      fc.array(act, { maxLength: 40 }),
      fc.constantFrom("stays", "releases", "leaves"),
      async (options, acts, end) => {
        using time = new FakeTime(0);
        using all = documents(options);
        const ada = await join(all.presence);
        let typesUntil = -Infinity;
        const check = async () => {
          const user = await userOf(all.presence);
          assertEquals(user?.typing, Date.now() < typesUntil);
          if (user?.typing) {
            assert(["editing", "selecting"].includes(user.activity));
          } else assert(user?.activity !== "editing");
        };
        for (const { what, ms } of acts) {
          perform(ada, what, 1);
          if (what === "type") {
            typesUntil = Date.now() + options.typingDebounceMs;
          }
          if (what === "hide") typesUntil = -Infinity;
          await check();
          await time.tickAsync(ms);
          await check();
        }
        if (end === "releases") ada.release();
        if (end === "leaves") ada[Symbol.dispose]();
        await time.tickAsync(options.typingDebounceMs);
        const user = await userOf(all.presence);
        assertEquals(user === undefined, end === "leaves");
        assert(user?.typing !== true && user?.activity !== "editing");
      },
    ),
    { numRuns: RUNS },
  );
});

Deno.test("the events lead to the current state, however seldom they are read (property)", async () => {
  const step = fc.record({
    who: fc.constantFrom("ada", "bob", "cy"),
    tab: fc.constantFrom("1", "2"),
    what: fc.constantFrom(
      "join",
      "leave",
      "release",
      "move",
      "select",
      "type",
      "scroll",
      "hide",
    ),
    ms: fc.constantFrom(0, 0, 10, 50, 600, 31_000),
    reads: fc.integer({ min: 0, max: 4 }),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { maxLength: 40 }),
      fc.constantFrom(1, 2, 5, 1_000),
      async (steps, maxPendingEvents) => {
        using time = new FakeTime(0);
        using all = documents({ maxPendingEvents });
        const sessions = new Map<string, DocumentSession>();
        const reader = new Reader(all.presence.watch("42"));
        for (const [line, { who, tab, what, ms, reads }] of steps.entries()) {
          const key = `${who} ${tab}`;
          const session = sessions.get(key);
          if (what === "join") {
            session?.[Symbol.dispose]();
            sessions.set(key, await join(all.presence, who, { origin: key }));
          } else if (what === "leave") session?.[Symbol.dispose]();
          else if (what === "release") {
            session?.release();
            all.server.disconnect(key);
          } else if (session?.isPresent) perform(session, what, line);
          await flush();
          await reader.read(reads);
          await time.tickAsync(ms);
        }
        await flush();
        await reader.read();
        const mirror = mirrorOf(reader.values);
        const { users } = await all.presence.activeUsers("42");
        assertEquals([...mirror.keys()].sort(), users.map(toId));
        for (const user of users) {
          assertEquals(told(mirror.get(user.userId)), told(user));
        }
      },
    ),
    { numRuns: RUNS },
  );
});

function perform(session: DocumentSession, what: string, line: number): void {
  switch (what) {
    case "move":
      return session.updateCursor(at(line));
    case "select":
      return session.updateCursor(at(line), from(0, line));
    case "type":
      return session.typed();
    case "scroll":
      return session.updateViewport({
        topLine: line,
        bottomLine: line,
        scrollPercentage: 0,
      });
    case "focus":
      return session.setFocused(true);
    case "hide":
      return session.setFocused(false, { hidden: true });
    case "refresh":
      session.refresh();
  }
}

/** Advances the time, and reads messages as they arrive. */
async function pass(
  time: FakeTime,
  ms: number,
  reader: Reader<DocumentMessage>,
): Promise<void> {
  await reader.read();
  await time.tickAsync(ms);
  await reader.read();
}

/** The state that a client derives from the messages. */
function mirrorOf(
  messages: readonly DocumentMessage[],
): Map<string, DocumentUser> {
  const mirror = new Map<string, DocumentUser>();
  const patch = (userId: string, fields: Partial<DocumentUser>) => {
    const user = mirror.get(userId);
    assert(user !== undefined, `${userId} is in an event, but not there`);
    mirror.set(userId, { ...user, ...fields });
  };
  for (const message of messages) {
    switch (message.type) {
      case "state":
        mirror.clear();
        for (const user of message.users) mirror.set(user.userId, user);
        break;
      case "userJoined":
        mirror.set(message.user.userId, message.user);
        break;
      case "userLeft":
        assert(mirror.delete(message.userId));
        break;
      case "cursorMoved": {
        const { cursor, selection } = message;
        patch(message.userId, { cursor, selection });
        break;
      }
      case "typingChanged":
        patch(message.userId, { typing: message.isTyping });
        break;
      case "viewportChanged":
        patch(message.userId, { viewport: message.viewport });
        break;
      case "activityChanged":
        patch(message.userId, { activity: message.activity });
        break;
      case "userIdle":
        patch(message.userId, { activity: "idle" });
    }
  }
  return mirror;
}

/** The part of a person that events report. */
function told(user: DocumentUser | undefined): Partial<DocumentUser> {
  const { userId, name, color, activity, typing, viewport, cursor, selection } =
    user ?? {};
  return {
    userId,
    name,
    color,
    activity,
    typing,
    viewport,
    cursor,
    selection,
  };
}

function toId({ userId }: DocumentUser): string {
  return userId;
}
