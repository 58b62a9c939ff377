/**
 * A stand-in for the assertions on types that this project uses. See
 * `.ci/README.md`.
 *
 * @module
 */

export type AssertTrue<_T extends true> = never;

/** Whether two types are identical, also in read-only members. */
export type IsExact<T, U> = IsIdentical<Flat<T>, Flat<U>>;

/** The compiler identifies these two only if it identifies `T` and `U`. */
type IsIdentical<T, U> = (<X>() => X extends T ? 1 : 2) extends
  (<X>() => X extends U ? 1 : 2) ? true : false;

/** An intersection of plain objects as one object, at every depth. */
type Flat<T> = 0 extends 1 & T ? T
  : T extends Record<PropertyKey, unknown> ? { [K in keyof T]: Flat<T[K]> }
  : T;

export function assertType<T extends boolean>(_expectTrue: T): void {}
