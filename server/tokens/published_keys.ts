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
  type ProtectedHeaderParameters,
} from "jose";
import { steadyNow, type Timestamp } from "../../core/mod.ts";
import { TokenKeysError, UnusableKeyError } from "./errors.ts";
import { loadKeySet } from "./key_set.ts";

/** For so long keys are used before they are asked for anew. */
const MAX_AGE_MS = 10 * 60_000;

/** Of more unusable keys than this nobody is told. */
const MAX_TOLD = 100;

/** Where published keys are, and how they are asked for. */
export interface PublishedKeysSettings {
  /** Where they are. */
  readonly url: URL;
  /** How long to wait before asking anew because of one that is not there. */
  readonly cooldownMs: number;
  /** Told of what goes wrong where nobody's token is verified in vain by it. */
  readonly onError: (error: unknown) => void;
}

/** The keys that an issuer publishes, asked for when a token needs them. */
export class PublishedKeys {
  readonly #settings: PublishedKeysSettings;
  readonly #keys: ReturnType<typeof createRemoteJWKSet>;
  readonly #told = new Set<string>();
  #loadedAt: Timestamp = -Infinity;
  #failure: TokenKeysError | undefined;
  #failedAt: Timestamp = -Infinity;

  /** Makes it; nothing is asked for yet. */
  constructor(settings: PublishedKeysSettings) {
    this.#settings = settings;
    this.#keys = createRemoteJWKSet(settings.url, {
      cooldownDuration: settings.cooldownMs,
      // That goes by a clock that can be set back; ours can't.
      cacheMaxAge: Infinity,
      [customFetch]: (url, init) => this.#load(url, init),
    });
  }

  /**
   * Verifies a token.
   *
   * @returns What is in it.
   * @throws {TokenKeysError} If the keys can't be had: the same error for as
   * long as they are not asked for anew.
   * @throws {errors.JOSEError} If it is not as it must be.
   */
  async payloadOf(
    token: string,
    options: JWTVerifyOptions,
  ): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.#find, options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) {
        // It does not name its key, and there are several of the kind.
        return await this.#payloadByAny(token, error, options);
      }
      const isKnown = error instanceof errors.JOSEError ||
        error instanceof TokenKeysError;
      if (isKnown) throw error;
      this.#tellUnusable(token, error);
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
        this.#tellUnusable(token, error);
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
      return await this.#keys(header, input);
    } catch (error) {
      // While there are keys, it is the token that is to blame.
      if (error instanceof TokenKeysError) throw new errors.JWKSNoMatchingKey();
      const isNotFound = error instanceof errors.JWKSNoMatchingKey ||
        error instanceof errors.JWKSMultipleMatchingKeys;
      throw isNotFound ? error : unusable(header, error);
    }
  };

  /** Whether there are keys that need not be asked for anew. */
  get #areFresh(): boolean {
    return isWithin(this.#loadedAt, MAX_AGE_MS);
  }

  /** Loads the keys, but not soon after a failure. */
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
      // Where there are none, whoever waits for them tells of it.
      if (this.#areFresh) this.#tell(this.#failure);
      throw this.#failure;
    }
  }

  /** Tells, once, of a key that no token can be verified with. */
  #tellUnusable(token: string, cause: unknown): void {
    const error = cause instanceof UnusableKeyError
      ? cause
      : unusable(decodeProtectedHeader(token), cause);
    if (this.#told.has(error.message) || this.#told.size >= MAX_TOLD) return;
    this.#told.add(error.message);
    this.#tell(error);
  }

  /** What it tells must not let in, nor keep out, because telling fails. */
  #tell(error: unknown): void {
    try {
      this.#settings.onError(error);
    } catch {
      // There is nobody left to tell.
    }
  }
}

function unusable(
  { kid, alg }: ProtectedHeaderParameters,
  cause: unknown,
): UnusableKeyError {
  return new UnusableKeyError({ kid, alg }, cause);
}

/** Whether it was so long ago at most. */
function isWithin(time: Timestamp, ms: number): boolean {
  return steadyNow() - time < ms;
}
