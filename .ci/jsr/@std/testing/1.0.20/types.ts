/**
 * A stand-in for the assertions on types that this project uses: the real
 * package carries the same code as the npm package. See `.ci/README.md`.
 *
 * @module
 */

export {
  type Assert,
  assert as assertType,
  type AssertFalse,
  type AssertTrue,
  type Has,
  type IsAny,
  type IsExact,
  type IsNever,
  type IsNullable,
  type IsUnknown,
  type NotHas,
} from "npm:conditional-type-checks@1.0.6";
