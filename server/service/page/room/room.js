// @ts-check
/// <reference lib="dom" />

/**
 * The page: one room, and all that is shown of it.
 *
 * @module
 */

import { steadyNow } from "../../../../core/mod.ts";
import { Attendance, PATIENCE_MS } from "../people/attendance.js";
import { Connection } from "./connection.js";
import { showDepartures } from "./departures.js";
import { deviceOf } from "./device.js";
import { find, show } from "../people/dom.js";
import { Headline } from "../people/headline.js";
import { LENGTHS, readText } from "../people/meta.js";
import { Notices } from "../link/notices.js";
import { OwnForm } from "./own_form.js";
import { followPointer } from "./own_pointer.js";
import { inOrder, personOf } from "../people/person.js";
import { Pointers, readSighting } from "./pointers.js";
import {
  isProfile,
  loadActivity,
  loadProfile,
  namelessName,
  saveActivity,
  saveProfile,
  storeOf,
} from "../people/profile.js";
import { roomOf, topicOf } from "../link/rooms.js";
import { Roster } from "./roster.js";
import { tokenOfTab } from "../link/token.js";
import { ONLY_READING } from "../link/token_refusal.js";
import { offerCommand, offerRooms } from "../link/try_it.js";

/** @typedef {import("../people/person.js").Person} Person */

/** How often the times of those who left are told anew. */
const TIMES_MS = 5_000;

const parameters = new URLSearchParams(location.search);
const here = roomOf("room", parameters);
const topic = topicOf(here);

/** A tab of its own person, for those who have only one browser. */
const isGuest = parameters.has("guest");

/** What to do in the area, by whatever one has for pointing. */
const POINT_HERE = matchMedia("(hover: none)").matches
  ? "Touch this area. The others see where."
  : "Move your pointer in here. The others see it.";

const tabStore = storeOf(() => sessionStorage);
const personStore = isGuest ? tabStore : storeOf(() => localStorage);

const token = tokenOfTab(tabStore);
let profile = loadProfile(personStore, token);
let activity = loadActivity(tabStore);
let hasJoined = false;

const self = profile.key;
const nameless = namelessName(self, token);
const attendance = new Attendance(self);
const notices = new Notices();
const roster = new Roster(find("#people", HTMLElement));
const headline = new Headline(find("#headline", HTMLElement));
const area = find("#area", HTMLElement);
const pointers = new Pointers(area);
const departures = find("#departures", HTMLElement);
const nobodyLeft = find("#nobody-left", HTMLElement);
const hint = find("#hint", HTMLElement);

const connection = new Connection(topic, token, {
  publication: () => ({
    key: self,
    meta: ownMeta(),
    visibility: profile.invisible ? "private" : "public",
  }),
  onPeople(people) {
    const now = steadyNow();
    const persons = people.map(([key, metas]) => personOf(key, metas));
    const { joined, left } = attendance.update(persons, now);
    for (const { name } of joined) notices.announce(`${name} has joined.`);
    tellDepartures(left);
    pointers.keepOnly(new Set(persons.map(({ key }) => key)));
    showRoom();
  },
  onPointer(message) {
    const sighting = readSighting(message);
    if (sighting === undefined) return;
    const person = attendance.here.find(({ key }) => key === sighting.key);
    if (person === undefined) return;
    const name = person.key === self ? "you, in another tab" : person.name;
    pointers.show(sighting, name, person.color);
  },
  onJoined(mayPublish) {
    notices.connected(mayPublish ? undefined : ONLY_READING);
    if (!hasJoined) {
      hasJoined = true;
      return;
    }
    attendance.comeBack(steadyNow());
    setTimeout(() => {
      tellDepartures(attendance.settle(steadyNow()));
      showRoom();
    }, PATIENCE_MS + 10);
  },
  onLost() {
    notices.lost();
    pointers.keepOnly(new Set());
  },
  onShut(sentence) {
    notices.shut(sentence);
    headline.close();
  },
  onRefused: (reason) => notices.refused(reason),
  onDeclined: (reason) => notices.declined(reason),
});

const form = new OwnForm(nameless, (choices) => {
  activity = choices.activity;
  profile = {
    key: self,
    name: readText(choices.name, LENGTHS.name) ?? nameless,
    availability: choices.availability,
    status: readText(choices.status, LENGTHS.status) ?? "",
    invisible: choices.invisible,
  };
  saveActivity(tabStore, activity);
  saveProfile(personStore, profile, token);
  changed();
});

// Another tab of this person has changed what they all say.
globalThis.addEventListener("storage", (event) => {
  if (!(event instanceof StorageEvent)) return;
  if (!isProfile(event.key, token) || isGuest) return;
  profile = { ...loadProfile(personStore, token), key: self };
  form.show({ ...profile, activity });
  changed();
});
document.addEventListener("visibilitychange", () => connection.publish());
setInterval(showTimes, TIMES_MS);

form.show({ ...profile, activity });
offerCommand(topic, token);
offerRooms(here, token);
followPointer(area, find("#own-pointer", HTMLElement), (place) => {
  connection.point(place);
});
connection.open();

/** @returns {Record<string, string>} */
function ownMeta() {
  const { name, availability, status } = profile;
  const own = personOf(self, []);
  return {
    name,
    color: own.color,
    device: deviceOf(navigator.userAgent),
    // Nobody watches a tab that can't be seen.
    activity: document.hidden ? "idle" : activity,
    availability,
    ...status === "" ? {} : { status },
  };
}

function changed() {
  connection.publish();
  showRoom();
}

/** @param {readonly Person[]} left */
function tellDepartures(left) {
  for (const { name } of left) notices.announce(`${name} has left.`);
}

function showRoom() {
  const { here, held } = attendance;
  const people = [...here, ...held].sort(inOrder(self));
  const waitedFor = new Set(held);
  roster.show(people.map((person) => {
    const you = person.key === self;
    const invisible = you && profile.invisible;
    return [person, { you, invisible, held: waitedFor.has(person) }];
  }));
  if (attendance.isKnown) {
    headline.show(people, self);
    document.title = `(${people.length}) Who is here? · ruthere`;
  }
  document.body.toggleAttribute("data-invisible", profile.invisible);
  show(
    hint,
    profile.invisible
      ? "You are invisible: nobody else sees your pointer."
      : POINT_HERE,
  );
  showTimes();
}

function showTimes() {
  const { departed } = attendance;
  showDepartures(departures, departed, steadyNow());
  nobodyLeft.hidden = departed.length > 0;
}
