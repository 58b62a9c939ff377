import {
  createRemoteJWKSet,
  customFetch,
  decodeProtectedHeader,
  errors,
  type FlattenedJWSInput,
  type JWTHeaderParameters,
  type JWTPayload,
  jwtVerify,
  type JWTVerifyOptions,
} from "jose";
import { steadyNow, type Timestamp } from "../../core/mod.ts";
import { TokenKeysError, UnusableKeyError } from "./errors.ts";
import { loadKeySet } from "./key_set.ts";

/** The age at which keys are loaded again. */
const MAX_AGE_MS = 10 * 60_000;

/** The largest number of unusable keys that are reported. */
const MAX_REPORTED = 100;

/** The location of published keys, and how to load them. */
export interface PublishedKeysSettings {
  /** The URL of the key set. */
  readonly url: URL;
  /** The milliseconds to wait before loading again for an unknown key. */
  readonly cooldownMs: number;
  /** Called with errors that do not fail a request. */
  readonly onError: (error: unknown) => void;
}

/** The keys that an issuer publishes, loaded when a token needs them. */
export class PublishedKeys {
  readonly #settings: PublishedKeysSettings;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #reported = new Set<string>();
  #loadedAt: Timestamp = -Infinity;
  #failure: TokenKeysError | undefined;
  #failedAt: Timestamp = -Infinity;

  /** Creates it. It loads nothing yet. */
  constructor(settings: PublishedKeysSettings) {
    this.#settings = settings;
    this.#keys = createRemoteJWKSet(settings.url, {
      // Its clock can be set back. The steady clock can't.
      cooldownDuration: Infinity,
      cacheMaxAge: Infinity,
      [customFetch]: (url, init) => this.#load(url, init),
    });
  }

  /**
   * Verifies a token.
   *
   * @returns The payload.
   * @throws {TokenKeysError} If the keys can't be loaded: the same error until
   * they are loaded again.
   * @throws {errors.JOSEError} If the token is not valid.
   */
  async payloadOf(
    token: string,
    options: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.#find, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        // The token does not name its key, and several have its algorithm.
        return await this.#payloadByAny(token, error, options);
      }
      const isKnown = error instanceof errors.JOSEError ||
        error instanceof TokenKeysError;
      if (isKnown) throw error;
      this.#reportUnusable(token, error);
      throw new errors.JWKSNoMatchingKey();
    }
  }

  async #payloadByAny(
    token: string,
    keys: AsyncIterable<CryptoKey>,
    options: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, options)).payload;
      } catch (error) {
        if (error instanceof errors.JWSSignatureVerificationFailed) continue;
        if (error instanceof errors.JOSEError) throw error;
        this.#reportUnusable(token, error);
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }

  readonly #find = async (
    header: JWTHeaderParameters,
    input: FlattenedJWSInput,
  ): Promise<CryptoKey> => {
    if (!this.#areFresh) await this.#keys.reload();
    try {
      return await this.#keyOf(header, input);
    } catch (error) {
      // As long as there are keys, the token is the cause.
      if (error instanceof TokenKeysError) throw new errors.JWKSNoMatchingKey();
      const isNotFound = error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys;
      throw isNotFound ? error : new UnusableKeyError(header, error);
    }
  };

  /** Finds a key, also one that was published since the keys were loaded. */
  async #keyOf(
    header: JWTHeaderParameters,
    input: FlattenedJWSInput,
  ): Promise<CryptoKey> {
    try {
      return await this.#keys(header, input);
    } catch (error) {
      const isUnknown = error instanceof errors.JWKSNoMatchingKey;
      const { cooldownMs } = this.#settings;
      if (!isUnknown || isWithin(this.#loadedAt, cooldownMs)) throw error;
      await this.#keys.reload();
      return await this.#keys(header, input);
    }
  }

  /** Whether the keys are too new to load them again. */
  get #areFresh(): boolean {
    return isWithin(this.#loadedAt, MAX_AGE_MS);
  }

  /** Loads the keys, unless they failed to load recently. */
  async #load(url: string, init: RequestInit): Promise<Response> {
    const { cooldownMs } = this.#settings;
    if (this.#failure !== undefined && isWithin(this.#failedAt, cooldownMs)) {
      throw this.#failure;
    }
    try {
      const keySet = await loadKeySet(url, init);
      this.#loadedAt = steadyNow();
      this.#failure = undefined;
      return Response.json(keySet);
    } catch (error) {
      this.#failure = new TokenKeysError(error);
      this.#failedAt = steadyNow();
      // Without fresh keys, the request that waits for them reports the error.
      if (this.#areFresh) this.#report(this.#failure);
      throw this.#failure;
    }
  }

  /** Reports a key that can verify no token, once. */
  #reportUnusable(token: string, cause: unknown): void {
    const error = cause instanceof UnusableKeyError
      ? cause
      : new UnusableKeyError(decodeProtectedHeader(token), cause);
    if (
      this.#reported.has(error.message) || this.#reported.size >= MAX_REPORTED
    ) return;
    this.#reported.add(error.message);
    this.#report(error);
  }

  /** A failing callback must not affect who is let in. */
  #report(error: unknown): void {
    try {
      this.#settings.onError(error);
    } catch {
      // There is no other place to report it.
    }
  }
}

/** Reports whether a time is at most so many milliseconds ago. */
function isWithin(time: Timestamp, ms: number): boolean {
  return steadyNow() - time < ms;
}
