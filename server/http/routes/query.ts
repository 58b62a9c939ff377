import { isKey } from "../../../core/mod.ts";
import { invalid, type ProblemField } from "../wire/problem.ts";

/** Reads the parameters of a URL; complains of what is wrong, naming it. */
export class Query {
  readonly #parameters: URLSearchParams;
  readonly #action: string;
  readonly #keyLength: number;

  /** Makes a reader; the action, a verb first, is for the messages. */
  constructor(url: URL, action: string, keyLength: number) {
    this.#parameters = url.searchParams;
    this.#action = action;
    this.#keyLength = keyLength;
  }

  /** A parameter as it is; `undefined` if it is not there. */
  text(name: string): string | undefined {
    const values = this.#parameters.getAll(name);
    if (values.length > 1) throw this.invalid(name, "may be given once only");
    return values[0];
  }

  /** A parameter that is a key. */
  key(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const fault = keyFault(value, this.#keyLength);
    if (fault !== undefined) throw this.invalid(name, fault);
    return value;
  }

  /** A parameter that is a key and has to be there. */
  requiredKey(name: string): string {
    const value = this.key(name);
    if (value === undefined) throw this.invalid(name, "is missing");
    return value;
  }

  /** A parameter that is `true` or `false`; left out, it is `false`. */
  flag(name: string): boolean {
    const value = this.text(name) ?? "false";
    if (value !== "true" && value !== "false") {
      throw this.invalid(name, "must be true or false");
    }
    return value === "true";
  }

  /** A parameter that is a whole number from 1 on. */
  count(name: string): number | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    if (!/^[1-9][0-9]{0,8}$/.test(value)) {
      throw this.invalid(name, "must be a whole number of 1 or more");
    }
    return Number(value);
  }

  /** The problem that a parameter is. */
  invalid(field: string, message: string): Error {
    const error: ProblemField = { field, message };
    return invalid(this.#action, [error]);
  }
}

/** What is wrong with a key that came over the wire, if anything is. */
export function keyFault(key: string, maxLength: number): string | undefined {
  if (key.length > maxLength) {
    return `must have at most ${maxLength} characters: received ${key.length}`;
  }
  return isKey(key) ? undefined : "must be a well-formed string";
}
