/**
 * A stand-in for the assertions that this project uses, for machines that
 * can't reach JSR. See `.ci/README.md`.
 *
 * @module
 */

import nodeAssert from "node:assert/strict";
import { stripVTControlCharacters } from "node:util";
import { equal } from "./equal.ts";
import { partOf } from "./part_of.ts";

export { equal };

// deno-lint-ignore no-explicit-any
type AnyClass<T = any> = abstract new (...args: any[]) => T;
export type ArrayLikeArg<T> = ArrayLike<T> & object;
export type Falsy = false | 0 | 0n | "" | null | undefined;

export class AssertionError extends Error {
  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "AssertionError";
  }
}

function refuse(message: string, note?: string): never {
  throw new AssertionError(note ? `${message}: ${note}` : `${message}.`);
}

function inspect(value: unknown): string {
  return Deno.inspect(value, {
    depth: Infinity,
    sorted: true,
    trailingComma: true,
    compact: false,
    iterableLimit: Infinity,
    getters: true,
    strAbbreviateSize: Infinity,
  });
}

/** Returns the message of `node:assert` for two values, with differences marked. */
function difference(
  actual: unknown,
  expected: unknown,
  operator: string,
): string {
  return new nodeAssert.AssertionError({ actual, expected, operator }).message;
}

export function assert(expr: unknown, msg = ""): asserts expr {
  if (!expr) throw new AssertionError(msg);
}

export function assertFalse(expr: unknown, msg = ""): asserts expr is Falsy {
  if (expr) throw new AssertionError(msg);
}

export function fail(msg?: string): never {
  refuse("Failed assertion", msg);
}

export function unreachable(msg?: string): never {
  refuse("Unreachable", msg);
}

export function assertExists<T>(
  actual: T,
  msg?: string,
): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) {
    refuse(`Expected actual: "${actual}" to not be null or undefined`, msg);
  }
}

export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) return;
  const text = difference(actual, expected, "deepStrictEqual");
  throw new AssertionError(
    `Values are not equal${msg ? `: ${msg}` : "."}\n${text}`,
  );
}

export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) return;
  refuse(
    `Expected actual: ${inspect(actual)} not to be: ${inspect(expected)}`,
    msg,
  );
}

export function assertStrictEquals<T>(
  actual: unknown,
  expected: T,
  msg?: string,
): asserts actual is T {
  if (Object.is(actual, expected)) return;
  const note = msg ? `: ${msg}` : ".";
  const shown = inspect(actual);
  throw new AssertionError(
    shown === inspect(expected)
      ? `Values have the same structure but are not reference-equal${note}\n\n${shown}\n`
      : `Values are not strictly equal${note}\n${
        difference(actual, expected, "strictEqual")
      }`,
  );
}

export function assertNotStrictEquals<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  if (!Object.is(actual, expected)) return;
  throw new AssertionError(
    `Expected "actual" to not be strictly equal to: ${inspect(actual)}${
      msg ? `: ${msg}` : "."
    }\n`,
  );
}

export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  assertEquals(partOf(actual, expected), partOf(expected, expected), msg);
}

export function assertArrayIncludes<T>(
  actual: ArrayLikeArg<T>,
  expected: ArrayLikeArg<T>,
  msg?: string,
): void {
  const all = Array.from(actual);
  const missing = Array.from(expected)
    .filter((wanted) => !all.some((element) => equal(wanted, element)));
  if (missing.length === 0) return;
  throw new AssertionError(
    `Expected actual: "${inspect(actual)}" to include: "${inspect(expected)}"${
      msg ? `: ${msg}` : "."
    }\nmissing: ${inspect(missing)}`,
  );
}

export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (actual.includes(expected)) return;
  refuse(`Expected actual: "${actual}" to contain: "${expected}"`, msg);
}

export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (expected.test(actual)) return;
  refuse(`Expected actual: "${actual}" to match: "${expected}"`, msg);
}

export function assertNotMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  if (!expected.test(actual)) return;
  refuse(`Expected actual: "${actual}" to not match: "${expected}"`, msg);
}

function compared(
  holds: boolean,
  actual: unknown,
  sign: string,
  expected: unknown,
  msg?: string,
): void {
  if (holds) return;
  throw new AssertionError(
    msg ?? `Expect ${inspect(actual)} ${sign} ${inspect(expected)}`,
  );
}

export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  compared(actual > expected, actual, ">", expected, msg);
}

export function assertGreaterOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  compared(actual >= expected, actual, ">=", expected, msg);
}

export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  compared(actual < expected, actual, "<", expected, msg);
}

export function assertLessOrEqual<T>(
  actual: T,
  expected: T,
  msg?: string,
): void {
  compared(actual <= expected, actual, "<=", expected, msg);
}

export function assertAlmostEquals(
  actual: number,
  expected: number,
  tolerance?: number,
  msg?: string,
): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ??
    (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (Math.abs(expected - actual) <= allowed) return;
  const [a, e, delta, most] = [
    actual,
    expected,
    Math.abs(expected - actual),
    allowed,
  ]
    .map((n) => Number.isInteger(n) ? n : n.toExponential());
  refuse(
    `Expected actual: "${a}" to be close to "${e}": delta "${delta}" is greater than "${most}"`,
    msg,
  );
}

export function assertInstanceOf<T extends AnyClass>(
  actual: unknown,
  expectedType: T,
  msg = "",
): asserts actual is InstanceType<T> {
  if (actual instanceof expectedType) return;
  const kind = kindOf(actual);
  const was = kind === expectedType.name
    ? ""
    : kind === "function"
    ? " but was not an instanced object"
    : ` but was "${kind}"`;
  refuse(
    `Expected object to be an instance of "${expectedType.name}"${was}`,
    msg,
  );
}

function kindOf(value: unknown): string {
  if (value === null) return "null";
  if (typeof value !== "object") return typeof value;
  return value.constructor?.name ?? "Object";
}

export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: AnyClass<T>,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (!(actual instanceof unexpectedType)) return;
  refuse(
    `Expected object to not be an instance of "${typeof unexpectedType}"`,
    msg,
  );
}

export function assertIsError<E extends Error = Error>(
  error: unknown,
  ErrorClass?: AnyClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) {
    refuse(`Expected "error" to be an Error object`, msg);
  }
  if (ErrorClass && !(error instanceof ErrorClass)) {
    refuse(
      `Expected error to be instance of "${ErrorClass.name}", but was "${error.constructor?.name}"`,
      msg,
    );
  }
  if (!msgMatches) return;
  const said = stripVTControlCharacters(error.message);
  const found = typeof msgMatches === "string"
    ? said.includes(stripVTControlCharacters(msgMatches))
    : msgMatches.test(said);
  if (found) return;
  refuse(
    `Expected error message to include ${
      typeof msgMatches === "string" ? JSON.stringify(msgMatches) : msgMatches
    }, but got ${JSON.stringify(error.message)}`,
    msg,
  );
}

/** Resolves the overloads of `assertThrows` and `assertRejects`. */
interface Wanted<E extends Error> {
  ErrorClass: AnyClass<E> | undefined;
  includes: string | undefined;
  msg: string | undefined;
}

function wanted<E extends Error>(
  classOrMsg: AnyClass<E> | string | undefined,
  includes: string | undefined,
  msg: string | undefined,
): Wanted<E> {
  return typeof classOrMsg === "string"
    ? { ErrorClass: undefined, includes: undefined, msg: classOrMsg }
    : { ErrorClass: classOrMsg, includes, msg };
}

function checkThrown<E extends Error>(
  error: unknown,
  how: "thrown" | "rejected",
  { ErrorClass, includes, msg }: Wanted<E>,
): void {
  if (!ErrorClass) return;
  if (!(error instanceof Error)) {
    refuse(`A non-Error object was ${how}`, msg);
  }
  assertIsError(error, ErrorClass, includes, msg);
}

export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClassOrMsg?: AnyClass<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): unknown {
  const what = wanted(errorClassOrMsg, msgIncludesOrMsg, msg);
  try {
    fn();
  } catch (error) {
    checkThrown(error, "thrown", what);
    return error;
  }
  return refuse("Expected function to throw", what.msg);
}

export function assertRejects(
  fn: () => PromiseLike<unknown>,
  msg?: string,
): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  ErrorClass: AnyClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClassOrMsg?: AnyClass<E> | string,
  msgIncludesOrMsg?: string,
  msg?: string,
): Promise<unknown> {
  const what = wanted(errorClassOrMsg, msgIncludesOrMsg, msg);
  let promise: PromiseLike<unknown> | undefined;
  try {
    promise = fn();
  } catch {
    // Reported below: a synchronous throw is not a rejection.
  }
  if (typeof promise?.then !== "function") {
    return refuse("Function throws when expected to reject", what.msg);
  }
  try {
    await promise;
  } catch (error) {
    checkThrown(error, "rejected", what);
    return error;
  }
  return refuse("Expected function to reject", what.msg);
}
