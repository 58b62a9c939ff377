import type { LiveModel, Person as Published } from "../../../client/mod.ts";
import { colorOf, readColor } from "../../../client/views/color.ts";
import type { Person } from "../people/people_list.ts";
import { LENGTHS, readText } from "../people/text.ts";

/** What the connections of a room publish. */
export interface RoomModel extends LiveModel {
  facets: {
    name: string;
    color: string;
    device: string;
    status: string;
    pointer: { x: number; y: number };
  };
}

/** Somebody in a room. */
export interface RoomPerson extends Person {
  readonly activity: string;
  readonly availability: string;
  readonly status: string;
  /** How many pages like this one. */
  readonly tabs: number;
  /** How many different devices, with or without tabs. */
  readonly devices: number;
  readonly connections: readonly Connection[];
}

interface Facets {
  readonly resource?: string | undefined;
  readonly facets: object;
}

/** What one tab or device says. */
export type Connection = ReturnType<typeof readConnection>;

/** Reads somebody. Any program may publish any facets, so each is checked. */
export function readPerson(
  { id, facets, connections: all, ...person }:
    & Omit<Published<RoomModel>, "connections" | "facets" | "lastSeen">
    & Facets
    & { readonly connections: readonly Facets[] },
): RoomPerson {
  const connections = all.map(readConnection);
  const foremost = readConnection({ facets });
  const said = (field: "color" | "name" | "status") =>
    foremost[field] ?? connections.find((one) => one[field])?.[field];
  const tabs = connections.flatMap(({ device }) => device ?? []);
  return {
    id,
    you: false,
    isReturning: person.isReturning,
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

function readConnection({ resource, facets }: Facets) {
  const fields: Readonly<Record<string, unknown>> = { ...facets };
  const { x, y } = Object(fields.pointer);
  return {
    resource,
    name: readText(fields.name, LENGTHS.name),
    color: readText(fields.color, LENGTHS.word),
    device: readText(fields.device, LENGTHS.device),
    status: readText(fields.status, LENGTHS.status),
    activity: activityIn(fields),
    pointer: Number.isFinite(x) && Number.isFinite(y) ? { x, y } : undefined,
  };
}

function activityIn({ activity }: { readonly activity?: unknown }) {
  const { custom = activity } = Object(activity);
  return readText(custom, LENGTHS.word) ?? "";
}
