/** A backbone breaks the contract. */
export class BackboneContractError extends Error {
  /** The name of the class. */
  override readonly name = "BackboneContractError";
}

/** How long to wait for what must happen, in milliseconds. */
const PATIENCE = 20_000;

/** The longest pause between two checks, in milliseconds. */
const PAUSE = 100;

/** Fails unless something holds. */
export function ensure(holds: boolean, what: string): asserts holds {
  if (!holds) throw new BackboneContractError(`Not so: ${what}`);
}

/** Fails unless two values are the same as JSON, whatever the order of keys. */
export function ensureSame(actual: unknown, expected: unknown, what: string) {
  const [is, should] = [textOf(actual), textOf(expected)];
  if (is === should) return;
  throw new BackboneContractError(
    `Not so: ${what}. Expected ${brief(should)}, but got ${brief(is)}`,
  );
}

/** Waits until something holds; fails if it never does. */
export async function until(
  holds: () => boolean | Promise<boolean>,
  what: string,
): Promise<void> {
  // A check may take long itself, and pauses may be in fake time.
  const end = Date.now() + PATIENCE;
  for (let waited = 0; !await holds();) {
    if (waited > PATIENCE || Date.now() > end) {
      throw new BackboneContractError(`Waited in vain until ${what}`);
    }
    const pause = Math.min(1 + waited, PAUSE);
    await new Promise((resolve) => setTimeout(resolve, pause));
    waited += pause;
  }
}

/** Fails unless a call fails. */
export async function ensureFails(
  call: () => Promise<unknown>,
  what: string,
): Promise<void> {
  try {
    await call();
  } catch {
    return;
  }
  throw new BackboneContractError(`Not so: ${what} fails`);
}

function brief(text: string): string {
  return text.length > 500 ? `${text.slice(0, 500)}…` : text;
}

function textOf(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) => {
    if (typeof inner !== "object" || inner === null) return inner;
    if (Array.isArray(inner)) return inner;
    return Object.entries(inner).sort(([a], [b]) => a < b ? -1 : 1);
  }) ?? "undefined";
}
