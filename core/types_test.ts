/**
 * Code that must compile, and code that must not. Little happens at run time:
 * the type check of the tests is the test.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { assertType, type IsExact } from "@std/testing/types";
import { PresenceStore, type SubjectSummary } from "../store/mod.ts";
import {
  type Activity,
  type EntryKey,
  type Facets,
  type Key,
  type PresenceModel,
  type PresenceSnapshot,
  type PresenceUpdate,
  restricted,
  type Visibility,
} from "./mod.ts";

interface TravelModel extends PresenceModel {
  label: "travel-party";
  facets: { relationship: "owned" | "associated"; location: string };
}

const PLACE = { subject: "traveller", context: "trip", origin: "phone" };
const UPDATE = {
  ...PLACE,
  visibility: "public",
  observedAt: 100,
  expiry: "never",
} as const;

type Travel = PresenceUpdate<TravelModel>;

Deno.test("types: an update patches the facets of its model", () => {
  const update = {
    ...UPDATE,
    visibility: restricted("travel-party"),
    facets: {
      location: "Lisbon",
      relationship: null,
      availability: "busy",
      activity: { custom: "boarding" },
      lastSeen: undefined,
    },
    facetDeadlines: { location: 200, availability: 300 },
  } satisfies Travel;
  assertEquals(new PresenceStore<TravelModel>().publish(update), 1);
});

Deno.test("types: a facet that the model does not have does not compile", () => {
  // @ts-expect-error There is no such facet.
  const unknown: Travel = { ...UPDATE, facets: { colour: "red" } };
  // @ts-expect-error There is no such facet to clear.
  const cleared: Travel = { ...UPDATE, facets: { colour: null } };
  // @ts-expect-error A model without facets of its own has the built-in ones.
  const plain: PresenceUpdate = { ...UPDATE, facets: { location: "Lisbon" } };
  const deadline: Travel = {
    ...UPDATE,
    facets: {},
    // @ts-expect-error There is no such facet to clear.
    facetDeadlines: { colour: 1 },
  };
  assertEquals([unknown, cleared, plain, deadline].length, 4);
});

Deno.test("types: a facet of the wrong type does not compile", () => {
  // @ts-expect-error A location is a string.
  const own: Travel = { ...UPDATE, facets: { location: 1 } };
  // @ts-expect-error There is no such relationship.
  const literal: Travel = { ...UPDATE, facets: { relationship: "lost" } };
  // @ts-expect-error There is no such activity: it must be a custom one.
  const activity: Travel = { ...UPDATE, facets: { activity: "boarding" } };
  // @ts-expect-error A timestamp is a number.
  const lastSeen: Travel = { ...UPDATE, facets: { lastSeen: new Date() } };
  assertEquals([own, literal, activity, lastSeen].length, 4);
});

Deno.test("types: a model can't give its own facet the name of a built-in one", () => {
  // @ts-expect-error The model has an availability already.
  interface Availability extends PresenceModel {
    facets: { availability: "here" | "gone" };
  }
  // @ts-expect-error Not even with the same type.
  interface LastSeen extends PresenceModel {
    facets: { lastSeen: number };
  }
  // @ts-expect-error Nor one that may be absent.
  interface MaybeActivity extends PresenceModel {
    facets: { activity?: Activity };
  }
  const facets: (keyof (Availability & LastSeen & MaybeActivity))[] = [];
  assertEquals(facets, []);
});

Deno.test("types: facets keep their types through snapshots and summaries", () => {
  type Snapshot = PresenceSnapshot<TravelModel>;
  assertType<
    IsExact<
      Snapshot["facets"]["relationship"],
      "owned" | "associated" | undefined
    >
  >(true);
  assertType<IsExact<Snapshot["facets"]["location"], string | undefined>>(true);
  assertType<IsExact<Snapshot["facets"]["activity"], Activity | undefined>>(
    true,
  );
  assertType<IsExact<keyof Facets<PresenceModel>, keyof typeof BUILT_IN>>(true);

  const store = new PresenceStore<TravelModel>();
  store.publish({ ...UPDATE, facets: { location: "Lisbon" } });
  const summary = store.subjectSummary("traveller", "trip");
  assertType<IsExact<typeof summary, SubjectSummary<TravelModel> | undefined>>(
    true,
  );
  const location: string | undefined = summary?.dominant.facets.location;
  assertEquals(location, "Lisbon");
  assertEquals(summary?.snapshots[0]?.facets.location, "Lisbon");
  // @ts-expect-error A snapshot has no facet that the model does not have.
  assertEquals(summary?.dominant.facets.colour, undefined);
});

const BUILT_IN = { availability: 0, activity: 0, lastSeen: 0 };

Deno.test("types: published and read values are immutable", () => {
  const store = new PresenceStore<TravelModel>();
  const sequence = store.publish({ ...UPDATE, facets: {} });
  const snapshot = store.snapshot(PLACE);
  const write = (snapshot: PresenceSnapshot<TravelModel>) => {
    // @ts-expect-error A snapshot is a value.
    snapshot.observedAt = 1;
    // @ts-expect-error So are its facets.
    snapshot.facets.location = "Porto";
  };
  assertEquals([sequence, snapshot?.observedAt, write.length], [1, 100, 1]);
});

Deno.test("types: labels are those of the model", () => {
  type Label = Visibility<TravelModel["label"]>;
  const known: Label = restricted("travel-party");
  // @ts-expect-error There is no such label.
  const unknown: Label = restricted("everyone");
  const store = new PresenceStore<TravelModel>();
  store.snapshots({
    visible: (visibility) =>
      typeof visibility === "object" &&
      // @ts-expect-error A policy can't ask for a label that there is not.
      visibility.restricted === "everyone",
  });
  assertEquals([known, unknown].length, 2);
});

type UserId = string & { readonly brand: "user" };
type RoomId = number & { readonly brand: "room" };

interface BrandedModel extends PresenceModel {
  subject: UserId;
  context: RoomId;
  resource: "desktop" | "mobile";
}

Deno.test("types: branded keys keep their brands", () => {
  const store = new PresenceStore<BrandedModel>();
  const user = "u1" as UserId;
  const room = 7 as RoomId;
  store.publish({
    ...UPDATE,
    subject: user,
    context: room,
    resource: "mobile",
    facets: {},
  });
  // @ts-expect-error A string is not a user.
  store.subjectSummary("u1", room);
  // @ts-expect-error A room is not a user, nor the other way round.
  store.subjectSummary(room, user);
  const key: EntryKey<BrandedModel> = {
    subject: user,
    context: room,
    // @ts-expect-error There is no such resource.
    resource: "fridge",
    origin: "session",
  };
  const snapshot = store.snapshots({ context: room })[0];
  assertType<
    IsExact<
      typeof snapshot,
      PresenceSnapshot<BrandedModel> | undefined
    >
  >(true);
  const found: UserId | undefined = snapshot?.subject;
  const rooms: RoomId[] = store.contexts({ subject: user });
  assertEquals([found, rooms, key.origin], [user, [room], "session"]);
});

Deno.test("types: a key is a string or a number", () => {
  // @ts-expect-error A model's keys are keys.
  interface BigModel extends PresenceModel {
    subject: bigint;
  }
  assertType<IsExact<PresenceModel["subject"], Key>>(true);
  const models: BigModel[] = [];
  assertEquals(models, []);
});
