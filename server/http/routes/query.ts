import { invalid } from "../wire/problem.ts";
import { checked } from "../wire/update_schema.ts";
import type { Ask } from "./exchange.ts";

/** Reads and checks the parameters of a URL. */
export class Query {
  readonly #ask: Ask;
  readonly #action: string;

  /** Creates a reader for an action, which error messages name. */
  constructor(ask: Ask, action: string) {
    this.#ask = ask;
    this.#action = action;
  }

  /** Returns a parameter as it is; `undefined` if it is absent. */
  text(name: string): string | undefined {
    const values = this.#ask.url.searchParams.getAll(name);
    if (values.length > 1) throw this.invalid(name, "must be given only once");
    return values[0];
  }

  /** Returns a parameter that is a key. */
  key(name: string): string | undefined {
    const value = this.text(name);
    if (value === undefined) return undefined;
    return checked(this.#action, this.#ask.service.keySchema, value, name);
  }

  /** Returns a parameter that is a key and must be present. */
  requiredKey(name: string): string {
    const value = this.key(name);
    if (value === undefined) throw this.invalid(name, "is missing");
    return value;
  }

  /** Returns a parameter that is `true` or `false`; by default `false`. */
  flag(name: string): boolean {
    const value = this.text(name) ?? "false";
    if (value !== "true" && value !== "false") {
      throw this.invalid(name, "must be true or false");
    }
    return value === "true";
  }

  /** Returns the page that `limit` and `after` select. */
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

  /** Creates the problem of a faulty parameter. */
  invalid(field: string, message: string): Error {
    return invalid(this.#action, { field, message });
  }
}
