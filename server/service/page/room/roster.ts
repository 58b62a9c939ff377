import { paintAs } from "../../../client/views/color.ts";
import type { Departure } from "../people/attendance.ts";
import { copyOf, find, made, show, showOrHide } from "../people/dom.ts";
import { showList, showWho } from "../people/people_list.ts";
import {
  ACTIVITIES,
  AVAILABILITIES,
  counted,
  wordOf,
} from "../people/words.ts";
import type { Connection, RoomPerson } from "./person.ts";

/** Shows a chip for each person who is here, in order. */
export function showRoster(list: HTMLElement, people: readonly RoomPerson[]) {
  showList(list, people, () => copyOf("#chip"), (chip, person) => {
    const { activity, availability, status, connections } = person;
    const part = (selector: string) => find(selector, HTMLElement, chip);
    showWho(chip, person);
    chip.dataset.availability = availability;
    showActivity(part(".activity"), activity);
    showOrHide(part(".status"), status);
    showOrHide(part(".availability"), wordOf(availability));
    part(".availability").title = AVAILABILITIES.get(availability) ?? "";
    show(part(".count"), countsOf(person));
    const lines = connections.length > 1 ? linesOf(connections) : [];
    const list = part(".connections");
    list.hidden = lines.length === 0;
    showList(
      list,
      lines.map((id) => ({ id })),
      () => made("li", ""),
      (item, { id }) => show(item, id),
    );
  });
}

function showActivity(element: HTMLElement, code: string) {
  const meaning = ACTIVITIES.get(code);
  const rest = meaning === undefined ? "" : `, ${meaning}`;
  element.hidden = code === "";
  if (element.textContent === wordOf(code) + rest) return;
  element.replaceChildren(made("strong", wordOf(code)), rest);
}

function countsOf({ tabs, devices }: RoomPerson) {
  const parts = [counted(devices, "device")];
  if (tabs > 0) parts.unshift(counted(tabs, "tab"));
  return parts.join(" · ");
}

/** Describes for each device what its tabs do. */
function linesOf(connections: readonly Connection[]) {
  const devices = Map.groupBy(
    connections,
    ({ device }) => device ?? "Other device",
  );
  return [...devices].map(([device, own]) => {
    const codes = new Set(own.map(({ activity }) => activity));
    codes.delete("");
    const tabs = own.length > 1 ? `, ${counted(own.length, "tab")}` : "";
    return device + tabs +
      (codes.size > 0 ? `: ${[...codes].sort().join(", ")}` : "");
  });
}

const FORMAT = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** Shows who left, and how long ago that was. */
export function showDepartures(
  list: HTMLElement,
  departed: readonly Departure<RoomPerson>[],
  now: number,
) {
  const items = departed.map(({ person, at }) => ({ ...person, at }));
  const make = () => copyOf("#departure");
  showList(list, items, make, (item, { id, name, color, at }) => {
    paintAs(find(".dot", HTMLElement, item), { userId: id, color });
    show(find("bdi", HTMLElement, item), name);
    const time = find("time", HTMLTimeElement, item);
    time.dateTime = new Date(at).toISOString();
    show(time, ago(now - at));
  });
}

/** Returns how many milliseconds ago something was: `2 minutes ago`. */
export function ago(ms: number): string {
  const [unit, length] = UNITS.find(([, length]) => ms >= length) ?? [];
  // A count of seconds would change all the time.
  if (!unit || !length) return ms < 10_000 ? "just now" : "moments ago";
  return FORMAT.format(-Math.floor(ms / length), unit);
}
