/**
 * The page of a room: who is here, and where they point.
 *
 * @module
 */

import { monitorActivity } from "../../../../beacon/mod.ts";
import { type FacetPatch, steadyNow } from "../../../../core/mod.ts";
import { colorOf } from "../../../client/views/color.ts";
import { PointerRenderer, trackPointer } from "../../../client/views/mod.ts";
import { Visit } from "../link/visit.ts";
import { find, show } from "../people/dom.ts";
import { keepActivity } from "../people/profile.ts";
import { LENGTHS, readText } from "../people/text.ts";
import { deviceOf } from "./device.ts";
import { OwnForm } from "./own_form.ts";
import { readPerson, type RoomModel, type RoomPerson } from "./person.ts";
import { showDepartures, showRoster } from "./roster.ts";

/** How to point, with a mouse or with fingers. */
const POINT_HERE = matchMedia("(hover: none)").matches
  ? "Touch this area. The others see where."
  : "Move your pointer in here. The others see it.";

const visit = new Visit<RoomModel, RoomPerson>("room", "Who is here?");
const { attendance, nameless, tabStore } = visit;
const area = find("#area", HTMLElement);
const marker = find("#own-pointer", HTMLElement);
const pointers = new PointerRenderer(area);
let activity = keepActivity(tabStore);

const room = visit.client.room(visit.topic, {
  facets: own(),
  visibility: visibility(),
});
visit.follow(room, readPerson, showRoom);

const form = new OwnForm(nameless, (choices) => {
  activity = keepActivity(tabStore, choices.activity);
  visit.saveProfile({
    name: readText(choices.name, LENGTHS.name) ?? nameless,
    availability: choices.availability,
    status: readText(choices.status, LENGTHS.status) ?? "",
    invisible: choices.invisible,
  });
  publish();
});
visit.onProfile(() => {
  form.show({ ...visit.profile, activity });
  publish();
});
monitorActivity(window, { active() {}, setHidden: publish });
form.show({ ...visit.profile, activity });

trackPointer(area, (pointer) => {
  marker.hidden = pointer === null;
  marker.style.left = `${(pointer?.x ?? 0) * 100}%`;
  marker.style.top = `${(pointer?.y ?? 0) * 100}%`;
  room.update({ pointer });
});

/** Returns what this tab publishes of its person. */
function own(): FacetPatch<RoomModel> {
  const { key, name, availability, status } = visit.profile;
  return {
    name,
    color: colorOf(key),
    device: deviceOf(navigator.userAgent),
    // Nobody looks at a hidden tab.
    activity: document.hidden ? "idle" : activity,
    availability: availability === "busy" || availability === "away"
      ? availability
      : "available",
    status: status === "" ? null : status,
  };
}

function visibility() {
  return visit.profile.invisible ? "private" : "public";
}

function publish() {
  room.setVisibility(visibility());
  room.update(own());
}

function showRoom(people: readonly RoomPerson[], isLive: boolean) {
  const { resource: tab } = room.me.get();
  showRoster(find("#people", HTMLElement), people);
  pointers.update(
    people.filter(({ isReturning }) => isLive && !isReturning).flatMap(
      ({ id, name, color, you, connections }) =>
        connections.flatMap(({ resource, pointer }) =>
          pointer === undefined || you && resource === tab ? [] : [{
            userId: JSON.stringify([id, resource]),
            name: you ? "you, in another tab" : name,
            color,
            ...pointer,
          }]
        ),
    ),
  );
  const hint = visit.profile.invisible
    ? "You are invisible: nobody else sees your pointer."
    : POINT_HERE;
  show(find("#hint", HTMLElement), hint);
  const { departed } = attendance;
  showDepartures(find("#departures", HTMLElement), departed, steadyNow());
  find("#nobody-left", HTMLElement).hidden = departed.length > 0;
}
