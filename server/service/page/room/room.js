// @ts-check
/// <reference lib="dom" />

/**
 * The page of a room: who is here, and where they point.
 *
 * @module
 */

import { steadyNow } from "../../../../core/mod.ts";
import { Visit } from "../link/visit.js";
import { ONLY_READING } from "../link/token_refusal.js";
import { colorOf } from "../../../client/views/color.ts";
import { find, show } from "../people/dom.js";
import { loadActivity, saveActivity } from "../people/profile.js";
import { LENGTHS, readText } from "../people/wire.js";
import { deviceOf } from "./device.js";
import { OwnForm } from "./own_form.js";
import { followPointer, Pointers, readSighting } from "./pointers.js";
import { showDepartures, showRoster } from "./roster.js";

/** How often to update how long ago people left. */
const TIMES_MS = 5_000;

/** How to point, with a mouse or with fingers. */
const POINT_HERE = matchMedia("(hover: none)").matches
  ? "Touch this area. The others see where."
  : "Move your pointer in here. The others see it.";

const visit = new Visit("room", () => "Who is here?", showRoom);
const { attendance, nameless, notices, self, tabStore } = visit;
const area = find("#area", HTMLElement);
const pointers = new Pointers(area);

let activity = loadActivity(tabStore);
/** What this tab has published last. */
let published = "";

const connection = visit.connect({
  params(mayPublish) {
    const own = publication();
    published = JSON.stringify(own);
    return mayPublish ? own : {};
  },
  messages: { pointer: showPointer },
  onJoined(mayPublish) {
    notices.connected(mayPublish ? undefined : ONLY_READING);
    // What has changed during the join.
    publish();
  },
  onLost: () => pointers.keepOnly(new Set()),
});

const form = new OwnForm(nameless, (choices) => {
  activity = choices.activity;
  saveActivity(tabStore, activity);
  visit.saveProfile({
    name: readText(choices.name, LENGTHS.name) ?? nameless,
    availability: choices.availability,
    status: readText(choices.status, LENGTHS.status) ?? "",
    invisible: choices.invisible,
  });
  publish();
  showRoom();
});
visit.onProfile(() => {
  form.show({ ...visit.profile, activity });
  publish();
  showRoom();
});
document.addEventListener("visibilitychange", publish);
setInterval(showTimes, TIMES_MS);

form.show({ ...visit.profile, activity });
followPointer(area, find("#own-pointer", HTMLElement), (place) => {
  connection.push("pointer", place);
});

/** What this tab publishes of its person. */
function publication() {
  const { name, availability, status, invisible } = visit.profile;
  return {
    key: self,
    meta: {
      name,
      color: colorOf(self),
      device: deviceOf(navigator.userAgent),
      // Nobody looks at a hidden tab.
      activity: document.hidden ? "idle" : activity,
      availability,
      ...status === "" ? {} : { status },
    },
    visibility: invisible ? "private" : "public",
  };
}

/** Publishes what has changed. Before the join, that is left to the join. */
function publish() {
  const own = publication();
  const text = JSON.stringify(own);
  if (text === published) return;
  const track = {
    type: "presence",
    event: "track",
    payload: own.meta,
    visibility: own.visibility,
  };
  const isSent = connection.push("presence", track, (reason) => {
    // The next change tries again.
    published = "";
    notices.declined(reason);
  });
  if (isSent) published = text;
}

/** @param {unknown} message */
function showPointer(message) {
  const sighting = readSighting(message);
  const person = attendance.here?.find(({ key }) => key === sighting?.key);
  if (sighting === undefined || person === undefined) return;
  const name = person.key === self ? "you, in another tab" : person.name;
  pointers.show(sighting, name, person.color);
}

function showRoom() {
  const { people, profile: { invisible } } = visit;
  const here = people.filter(({ held }) => !held);
  pointers.keepOnly(new Set(here.map(({ key }) => key)));
  showRoster(find("#people", HTMLElement), people);
  visit.showHeadline(people);
  show(
    find("#hint", HTMLElement),
    invisible
      ? "You are invisible: nobody else sees your pointer."
      : POINT_HERE,
  );
  showTimes();
}

function showTimes() {
  const { departed } = attendance;
  showDepartures(find("#departures", HTMLElement), departed, steadyNow());
  find("#nobody-left", HTMLElement).hidden = departed.length > 0;
}
