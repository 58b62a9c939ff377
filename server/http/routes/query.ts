import { invalid } from "../wire/problem.ts";
import { keyFault } from "../wire/update_schema.ts";
import type { Ask } from "./exchange.ts";

/** Reads the parameters of a URL; complains of what is wrong, naming it. */
export class Query {
  readonly #ask: Ask;
  readonly #action: string;

  /** Makes a reader; the action, a verb first, is for the messages. */
  constructor(ask: Ask, action: string) {
    this.#ask = ask;
    this.#action = action;
  }

  /** A parameter as it is; `undefined` if it is not there. */
  text(name: string): string | undefined {
    const values = this.#ask.url.searchParams.getAll(name);
    if (values.length > 1) throw this.invalid(name, "may be given once only");
    return values[0];
  }

  /** A parameter that is a key. */
  key(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    const fault = keyFault(value, this.#ask.service.limits.keyLength);
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

  /** Which page is asked for, by `limit` and `after`. */
  page(): { readonly limit: number; readonly after: string | undefined } {
    const { page } = this.#ask.service.limits;
    const limit = this.text("limit");
    if (limit !== undefined && !/^[1-9][0-9]{0,8}$/.test(limit)) {
      throw this.invalid("limit", "must be a whole number of 1 or more");
    }
    return {
      limit: Math.min(Number(limit ?? Infinity), page),
      after: this.key("after"),
    };
  }

  /** The problem that a parameter is. */
  invalid(field: string, message: string): Error {
    return invalid(this.#action, { field, message });
  }
}
