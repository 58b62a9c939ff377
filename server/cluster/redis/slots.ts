/** How many slots a Redis Cluster has. */
export const SLOTS = 16_384;

/** Returns the slot of a key or a channel: CRC16 (XMODEM) of its hash tag. */
export function slotOf(name: string): number {
  const [, tag] = /^[^{]*\{([^}]+)\}/.exec(name) ?? [];
  let crc = 0;
  for (const byte of new TextEncoder().encode(tag ?? name)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc % SLOTS;
}

/** A range of slots, both ends included. */
export type SlotRange = readonly [first: number, last: number];

/** Returns the slots of the server that has replied to CLUSTER NODES. */
export function ownSlots(nodes: string): readonly SlotRange[] {
  const line = nodes.split("\n").map((line) => line.trim().split(" "))
    .find(([_id, _address, flags]) => flags?.split(",").includes("myself"));
  // Slots that are moving are in brackets.
  return (line?.slice(8) ?? [])
    .filter((range) => /^\d/.test(range))
    .map((range) => {
      const [first = "", last = first] = range.split("-");
      return [Number(first), Number(last)];
    });
}
