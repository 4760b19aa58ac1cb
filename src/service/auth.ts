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

interface HeldToken extends AccessToken {
  readonly renewAt: number;
}

type Obtain = (cut: CutOff) => Promise<AccessToken>;

/** Gives the tokens of one saver, asking for each only once. */
export class TokenSource {
  readonly #settings: Settings;
  readonly #obtain: Obtain | undefined;
  #current: HeldToken | undefined;
  #renewal: Promise<HeldToken> | undefined;
  #signIn: SignIn | undefined;

  constructor(settings: Settings) {
    this.#settings = settings;
    this.#obtain = this.#chooseSource();
  }

  /**
   * A token that is good for a while yet; `undefined` where none is needed.
   *
   * @param refused The token that the cluster did not accept, so that it is not given again.
   * @throws {KustoSignInError} If none can be had.
   * @throws {KustoUnavailableError} If none can be had now, but perhaps later.
   */
  async token(refused?: string): Promise<string | undefined> {
    if (!this.#obtain) return undefined;
    const now = this.#settings.now();
    const current = this.#current?.token === refused ? undefined : this.#current;
    if (current && now < current.renewAt) return current.token;
    this.#renewal ??= this.#renew(this.#obtain).finally(() => this.#renewal = undefined);
    try {
      return (await this.#renewal).token;
    } catch (error) {
      // It was early: the old one is good for a while yet.
      if (current && now < current.expiresOnTimestamp) return current.token;
      throw error;
    }
  }

  async #renew(obtain: Obtain): Promise<HeldToken> {
    const { queryTimeoutMs } = this.#settings;
    // All callers wait for this one: it must end, whatever the credential does.
    const cut = cutOff(undefined, queryTimeoutMs);
    let obtained: AccessToken;
    try {
      obtained = await cut.wait(obtain(cut));
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
    const { token, expiresOnTimestamp } = checkToken(obtained);
    const now = this.#settings.now();
    const life = expiresOnTimestamp - now;
    const renewAt = now + Math.max(life - RENEW_EARLY_MS, life / 2);
    return this.#current = { token, expiresOnTimestamp, renewAt };
  }

  #chooseSource(): Obtain | undefined {
    const { credential, origin } = this.#settings;
    if (credential === "none") return undefined;
    if (credential === undefined && isLoopback(new URL(origin).hostname)) return undefined;
    if (typeof credential === "function") return () => this.#fromFunction(credential);
    return async (cut) => {
      // Who has no need to sign in, or has a function for it, does without all that.
      const { SignIn } = await import("./sign_in.ts");
      this.#signIn ??= new SignIn(this.#settings, credential);
      return await this.#signIn.obtain(cut);
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
