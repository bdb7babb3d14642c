import type { OidcSettings } from '../../config/ui-settings.ts';
import { NeedsAttention } from '../../core/errors.ts';
import type { Configuration } from 'openid-client';

/** What has to be known when the provider sends a browser back. */
export interface Asked {
  readonly verifier: string;
  readonly state: string;
  readonly nonce: string;
}

/** Signs people in at an OpenID provider: authorization code with PKCE, state and nonce (OpenID Connect Core 1.0, 3.1; RFC 7636). */
export class Oidc {
  readonly #settings: OidcSettings;
  readonly #back: string;
  #found: Promise<Configuration> | undefined;

  /** `back`: where the provider sends browsers to; it has to be registered there. */
  constructor(settings: OidcSettings, back: string) {
    this.#settings = settings;
    this.#back = back;
  }

  async begin(): Promise<{ readonly to: string; readonly asked: Asked }> {
    const client = await import('openid-client');
    const asked = {
      verifier: client.randomPKCECodeVerifier(),
      state: client.randomState(),
      nonce: client.randomNonce(),
    };
    const to = client.buildAuthorizationUrl(await this.#provider(), {
      redirect_uri: this.#back,
      scope: 'openid email profile',
      state: asked.state,
      nonce: asked.nonce,
      code_challenge: await client.calculatePKCECodeChallenge(asked.verifier),
      code_challenge_method: 'S256',
    });
    return { to: to.href, asked };
  }

  /** The e-mail address of whoever has signed in. `query`: of the address that the provider sent the browser to. */
  async end(query: string, { verifier, state, nonce }: Asked): Promise<string> {
    const client = await import('openid-client');
    const tokens = await client.authorizationCodeGrant(await this.#provider(), new URL(`${this.#back}?${query}`), {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
    const claims: Readonly<Record<string, unknown>> = tokens.claims() ?? {};
    const { email, email_verified: verified } = claims;
    if (typeof email !== 'string' || verified === false)
      throw new NeedsAttention('the provider does not tell a verified e-mail address of this person');
    if (!isAllowed(email, this.#settings.allowed))
      throw new NeedsAttention(`${email} is not among SYNCLINE_UI_OIDC_ALLOWED`);
    return email;
  }

  /** Asked for when it is needed, so that a page starts without its provider. */
  #provider(): Promise<Configuration> {
    this.#found ??= this.#discover().catch((error: unknown) => {
      this.#found = undefined;
      throw error;
    });
    return this.#found;
  }

  async #discover(): Promise<Configuration> {
    const { issuer, client: id, secret } = this.#settings;
    const client = await import('openid-client');
    // Without TLS only what is on this machine, for trying it out.
    const isHere = ['127.0.0.1', 'localhost'].includes(new URL(issuer).hostname);
    const options = isHere ? { execute: [client.allowInsecureRequests] } : {};
    return client.discovery(new URL(issuer), id, secret, undefined, options);
  }
}

export const isAllowed = (email: string, allowed: readonly string[]): boolean =>
  allowed.some((each) =>
    each.startsWith('@')
      ? email.toLowerCase().slice(email.lastIndexOf('@')) === each.toLowerCase()
      : email.toLowerCase() === each.toLowerCase(),
  );
