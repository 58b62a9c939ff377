import type { Lease, NodeLife } from "./backbone.ts";

/** Reports whether a value is a life: others may write to a backbone, too. */
export function isLife(value: unknown): value is NodeLife {
  return isObject(value) && typeof value.node === "string" &&
    typeof value.epoch === "string";
}

/** Reports whether a value is a lease. */
export function isLease(value: unknown): value is Lease {
  return isObject(value) && isLife(value) &&
    Number.isSafeInteger(value.count) && typeof value.announced === "string" &&
    Array.isArray(value.written) && value.written.every(isNaming);
}

/** Reports whether a value names a written context with its revision. */
export function isNaming(value: unknown): boolean {
  return Array.isArray(value) && typeof value[0] === "string" &&
    Number.isSafeInteger(value[1]);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
