import { steadyNow } from "../../../../core/mod.ts";
import type { DocumentPerson } from "../../../client/mod.ts";
import {
  movedBy,
  type Place,
  type TextEdit,
} from "../../../client/views/text_edit.ts";
import { readCount } from "../people/text.ts";

type Placed = Pick<
  DocumentPerson,
  "cursor" | "id" | "lastCursorUpdate" | "selection" | "sessions"
>;

/** Where somebody is, and when they have moved there, by `steadyNow()`. */
interface Known {
  readonly person: Placed;
  readonly place: Place;
  readonly movedAt: number;
}

/**
 * Where everybody's cursor is in the present text. The service knows where it was in
 * the text of their page.
 */
export class Places {
  readonly #people: () => readonly Placed[];
  #known = new Map<string, Known>();

  /** Makes it, with a function that returns all, as the service knows them. */
  constructor(people: () => readonly Placed[]) {
    this.#people = people;
  }

  /** Returns all places. */
  all(): ReadonlyMap<string, Known> {
    const former = this.#known;
    this.#known = new Map();
    for (const person of this.#people()) {
      const known = former.get(person.id);
      const place = placeOf(person);
      if (place === undefined) continue;
      const isSame = known !== undefined && !hasMoved(known.person, person);
      this.#known.set(
        person.id,
        isSame ? { ...known, person } : { person, place, movedAt: steadyNow() },
      );
    }
    return this.#known;
  }

  /**
   * Moves cursors with the letters that they stand at. The cursor of the writer
   * stays: its new position follows each edit.
   */
  edited(edits: readonly TextEdit[], writer: string | undefined) {
    for (const [id, { place }] of this.all()) {
      if (id !== writer) this.#put(id, edits.reduce(movedBy, place));
    }
  }

  /** Moves cursors and selections to where they are in the present text. */
  correct(places: ReadonlyMap<string, Place>) {
    this.all();
    for (const [id, place] of places) this.#put(id, place);
  }

  #put(id: string, place: Place) {
    const known = this.#known.get(id);
    if (known !== undefined) this.#known.set(id, { ...known, place });
  }
}

function placeOf({ cursor, selection }: Placed) {
  if (cursor === null) return undefined;
  const { offset } = cursor;
  return { anchor: selection?.anchor.offset ?? offset, head: offset };
}

/**
 * Reports whether somebody has moved, or has said again where they are. Somebody
 * who opens another tab has not.
 */
function hasMoved(former: Placed, now: Placed) {
  const [before, after] = [placeOf(former), placeOf(now)];
  return before?.anchor !== after?.anchor || before?.head !== after?.head ||
    former.lastCursorUpdate !== now.lastCursorUpdate &&
      former.sessions === now.sessions;
}

/** Reads places from the wire, and skips malformed ones. */
export function readPlaces(value: unknown): Map<string, Place> {
  const entries: unknown[] = Array.isArray(value) ? value : [];
  return new Map(entries.flatMap((entry): [string, Place][] => {
    const [id, ...offsets] = Array.isArray(entry) ? entry : [];
    const [anchor, head] = offsets.map(readCount);
    if (typeof id !== "string") return [];
    if (anchor === undefined || head === undefined) return [];
    return [[id, { anchor, head }]];
  }));
}
