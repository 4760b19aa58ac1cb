/**
 * Tokens for the cluster: how long they are used, and that each is asked for only once.
 *
 * @module
 */
import type { Settings } from "../config.ts";
import type { AccessToken, TokenFunction } from "./credential.ts";
import { type CutOff, cutOff } from "./cut_off.ts";
import { KustoError, KustoSignInError, KustoUnavailableError } from "../errors.ts";
import { isLoopback } from "./hosts.ts";
import type { SignIn } from "./sign_in.ts";

/** Tokens are renewed this long before they end, short-lived ones at half their time. */
const RENEW_EARLY_MS = 2 * 60_000;
const BARE_TOKEN_MS = 5 * 60_000;

/** A token, and when the next one is asked for. */
interface HeldToken extends AccessToken {
  readonly renewAt: number;
}

/** Where a token is kept; savers that sign in as one application may have it together. */
export interface TokenPlace {
  held?: HeldToken | undefined;
}

type Obtain = (cut: CutOff) => Promise<HeldToken>;

/** Gives the tokens of one saver, asking for each only once. */
export class TokenSource {
  readonly #settings: Settings;
  readonly #obtain: Obtain | undefined;
  #place: TokenPlace = {};
  #renewal: Promise<HeldToken> | undefined;
  #signIn: SignIn | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#obtain = this.#chooseSource();
  }

  /**
   * A token that is good for a while yet; `undefined` where none is needed.
   *
   * @throws {KustoSignInError} If none can be had.
   * @throws {KustoUnavailableError} If none can be had now, but perhaps later.
   */
  async token(): Promise<string | undefined> {
    if (!this.#obtain) return undefined;
    const fresh = this.#fresh();
    if (fresh) return fresh.token;
    this.#renewal ??= this.#renew(this.#obtain).finally(() => this.#renewal = undefined);
    try {
      return (await this.#renewal).token;
    } catch (error) {
      // It was early: the old one is good for a while yet.
      const { held } = this.#place;
      if (held && this.#settings.now() < held.expiresOnTimestamp) return held.token;
      throw error;
    }
  }

  /** Sees to it that a token which the cluster did not accept is given to nobody again. */
  refuse(token: string): void {
    if (this.#place.held?.token !== token) return;
    this.#place.held = undefined;
    // The cluster may want tokens of another cloud by now.
    this.#signIn?.forgetCloud();
  }

  #fresh(): HeldToken | undefined {
    const { held } = this.#place;
    return held && this.#settings.now() < held.renewAt ? held : undefined;
  }

  async #renew(obtain: Obtain): Promise<HeldToken> {
    const { queryTimeoutMs } = this.#settings;
    // All callers wait for this one: it must end, whatever the credential does.
    const cut = cutOff(undefined, queryTimeoutMs);
    try {
      return await cut.wait(obtain(cut));
    } catch (cause) {
      if (cut.signal.aborted) {
        throw new KustoUnavailableError(
          `Cannot sign in: no token came within ${queryTimeoutMs} ms`,
          { cause },
        );
      }
      if (cause instanceof KustoError) throw cause;
      throw new KustoSignInError("Cannot sign in: the credential failed to give a token", {
        cause,
      });
    } finally {
      cut.release();
    }
  }

  #hold(obtained: AccessToken, { signal }: CutOff): HeldToken {
    // It was given up, and there may be a newer one.
    signal.throwIfAborted();
    const { token, expiresOnTimestamp } = checkToken(obtained);
    const now = this.#settings.now();
    const life = expiresOnTimestamp - now;
    const renewAt = now + Math.max(life - RENEW_EARLY_MS, life / 2);
    return this.#place.held = { token, expiresOnTimestamp, renewAt };
  }

  #chooseSource(): Obtain | undefined {
    const { credential, origin } = this.#settings;
    if (credential === "none") return undefined;
    if (credential === undefined && isLoopback(new URL(origin).hostname)) return undefined;
    if (typeof credential === "function") {
      return async (cut) => this.#hold(await this.#fromFunction(credential), cut);
    }
    return async (cut) => {
      // Who has no need to sign in, or has a function for it, does without all that.
      const { SignIn } = await import("./sign_in.ts");
      this.#signIn ??= new SignIn(this.#settings, credential);
      this.#place = this.#signIn.place;
      // Another saver may have left one there.
      return this.#fresh() ?? this.#hold(await this.#signIn.obtain(cut), cut);
    };
  }

  async #fromFunction(obtain: TokenFunction): Promise<AccessToken> {
    const token = await obtain();
    if (typeof token !== "string") return token;
    return { token, expiresOnTimestamp: this.#settings.now() + RENEW_EARLY_MS + BARE_TOKEN_MS };
  }
}

/** A token that a header can hold; `fetch` would show any other one in its error. */
function checkToken(obtained: AccessToken): AccessToken {
  const { token, expiresOnTimestamp } = (obtained ?? {}) as Partial<AccessToken>;
  const trimmed = typeof token === "string" ? token.trim() : "";
  if (!/^[\x21-\x7e]+$/.test(trimmed) || !isTime(expiresOnTimestamp)) {
    throw new KustoSignInError(
      "Cannot sign in: what the credential gave is no token, it must be text or { token, expiresOnTimestamp }",
    );
  }
  return { token: trimmed, expiresOnTimestamp };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && !Number.isNaN(value);
}
