// @ts-check

import { colorOf, readColor } from "../../../client/views/color.ts";
import { LENGTHS, readText } from "../people/text.js";

/**
 * What the connections of a room publish.
 *
 * @typedef {import("../../../client/mod.ts").LiveModel & { facets: {
 *   name: string, color: string, device: string, status: string,
 *   pointer: { x: number, y: number } } }} RoomModel
 */

/**
 * Somebody in a room.
 *
 * @typedef {import("../people/people_list.js").Person & {
 *   activity: string, availability: string, status: string, tabs: number,
 *   devices: number, connections: readonly Connection[] }} RoomPerson `tabs`: pages
 * like this one; `devices`: different ones, with or without tabs
 */

/** @typedef {{ resource?: string | undefined, facets: object }} Published */
/** @typedef {ReturnType<typeof readConnection>} Connection */

/**
 * Reads somebody. Any program may publish any facets, so each is checked.
 *
 * @param {Pick<import("../../../client/mod.ts").Person<RoomModel>, "activity" |
 *   "availability" | "id"> & Published & { connections: readonly Published[] }} person
 * @param {{ you: boolean, invisible: boolean }} own
 * @returns {RoomPerson}
 */
export function readPerson({ id, facets, connections: all, ...person }, own) {
  const connections = all.map(readConnection);
  const foremost = readConnection({ facets });
  /** @param {"color" | "name" | "status"} field */
  const said = (field) =>
    foremost[field] ?? connections.find((one) => one[field])?.[field];
  const tabs = connections.flatMap(({ device }) => device ?? []);
  return {
    id,
    ...own,
    name: said("name") ?? readText(id, LENGTHS.name) ?? "nameless",
    color: readColor(said("color")) ?? colorOf(id),
    activity: activityIn(person),
    availability: person.availability ?? "",
    status: said("status") ?? "",
    tabs: tabs.length,
    devices: new Set(tabs).size + all.length - tabs.length,
    connections,
  };
}

/** @param {Published} connection */
function readConnection({ resource, facets }) {
  /** @type {Readonly<Record<string, unknown>>} */
  const { name, color, device, status, pointer, ...rest } = { ...facets };
  return {
    resource,
    name: readText(name, LENGTHS.name),
    color: readText(color, LENGTHS.word),
    device: readText(device, LENGTHS.device),
    status: readText(status, LENGTHS.status),
    activity: activityIn(rest),
    pointer: readPointer(pointer),
  };
}

/** @param {{ activity?: unknown }} facets */
function activityIn({ activity }) {
  const { custom = activity } = Object(activity);
  return readText(custom, LENGTHS.word) ?? "";
}

/** @param {unknown} value */
function readPointer(value) {
  const { x, y } = Object(value);
  return Number.isFinite(x) && Number.isFinite(y) ? { x, y } : undefined;
}
