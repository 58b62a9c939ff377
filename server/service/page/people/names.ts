import { hashOf } from "../../../documents/people/internal.ts";

// deno-fmt-ignore
const MANNERS = [
  "Brisk", "Calm", "Candid", "Clever", "Curious", "Eager", "Gentle", "Keen",
  "Lucid", "Merry", "Nimble", "Patient", "Quiet", "Sunny", "Witty", "Zesty",
];

// deno-fmt-ignore
const ANIMALS = [
  "Badger", "Crane", "Dolphin", "Falcon", "Finch", "Fox", "Hare", "Heron",
  "Ibex", "Lynx", "Marten", "Newt", "Otter", "Puffin", "Robin", "Wren",
];

/** Makes up a name for somebody who has not given one. */
export function nameOf(key: string): string {
  const bits = hashOf(`name of ${key}`);
  const manner = MANNERS[bits % MANNERS.length];
  const animal = ANIMALS[(bits >>> 8) % ANIMALS.length];
  return `${manner} ${animal}`;
}
