import { z } from 'zod';

/** Who may look and who may do something on the status page (docs/status-page.md). */

const list = z
  .string()
  .default('')
  .transform((text) =>
    text
      .split(',')
      .map((each) => each.trim())
      .filter((each) => each !== ''),
  );

export const uiVariables = {
  SYNCLINE_UI_TOKEN: z.string().min(16, 'a secret of 16 characters or more (openssl rand -hex 32)').optional(),
  SYNCLINE_UI_READERS: z.enum(['anyone', 'signed-in'], 'anyone or signed-in').optional(),
  SYNCLINE_UI_URL: z.url({ protocol: /^https?$/, error: 'a URL such as https://syncline.example.com' }).optional(),
  SYNCLINE_UI_USER_HEADER: z
    .string()
    .regex(/^[A-Za-z0-9-]{1,100}$/, 'the name of a header, such as X-Forwarded-User')
    .optional(),
  SYNCLINE_UI_PROXIES: list,
  SYNCLINE_UI_OIDC_ISSUER: z.url({ protocol: /^https?$/, error: 'the URL of an OpenID provider' }).optional(),
  SYNCLINE_UI_OIDC_CLIENT: z.string().min(1).optional(),
  SYNCLINE_UI_OIDC_SECRET: z.string().min(1).optional(),
  SYNCLINE_UI_OIDC_ALLOWED: list,
};

export interface UiSettings {
  /** Signs in whoever knows it. */
  readonly token: string | undefined;
  /** Who may look; undefined: anyone where only this machine reaches the page. */
  readonly readers: 'anyone' | 'signed-in' | undefined;
  /** How browsers reach it, where that is another address. */
  readonly url: string | undefined;
  /** A proxy in front says in this header who asks; believed of `proxies` only (addresses and networks). */
  readonly userHeader: string | undefined;
  readonly proxies: readonly string[];
  readonly oidc: OidcSettings | undefined;
}

export interface OidcSettings {
  readonly issuer: string;
  readonly client: string;
  readonly secret: string;
  /** E-mail addresses, or `@example.com` for all of a domain. */
  readonly allowed: readonly string[];
}

const variables = z.object(uiVariables);

export function uiSettings(value: z.output<typeof variables>): UiSettings {
  const { SYNCLINE_UI_OIDC_ISSUER: issuer, SYNCLINE_UI_OIDC_CLIENT: client, SYNCLINE_UI_OIDC_SECRET: secret } = value;
  return {
    token: value.SYNCLINE_UI_TOKEN,
    readers: value.SYNCLINE_UI_READERS,
    url: value.SYNCLINE_UI_URL,
    userHeader: value.SYNCLINE_UI_USER_HEADER?.toLowerCase(),
    proxies: value.SYNCLINE_UI_PROXIES,
    oidc:
      issuer === undefined || client === undefined || secret === undefined
        ? undefined
        : { issuer, client, secret, allowed: value.SYNCLINE_UI_OIDC_ALLOWED },
  };
}

/** What is half said; undefined: nothing. */
export function uiProblem(value: z.output<typeof variables>): string | undefined {
  const oidc = [value.SYNCLINE_UI_OIDC_ISSUER, value.SYNCLINE_UI_OIDC_CLIENT, value.SYNCLINE_UI_OIDC_SECRET];
  const given = oidc.filter((each) => each !== undefined).length;
  if (given > 0 && given < oidc.length)
    return 'SYNCLINE_UI_OIDC_ISSUER, SYNCLINE_UI_OIDC_CLIENT and SYNCLINE_UI_OIDC_SECRET: expected all three or none';
  if (given > 0 && value.SYNCLINE_UI_OIDC_ALLOWED.length === 0)
    return 'SYNCLINE_UI_OIDC_ALLOWED: expected e-mail addresses or @example.com: a provider may let in more people than should pause partners';
  if (given > 0 && value.SYNCLINE_UI_URL === undefined)
    return 'SYNCLINE_UI_URL: expected how browsers reach the page: the OpenID provider sends them back there';
  if (value.SYNCLINE_UI_USER_HEADER !== undefined && value.SYNCLINE_UI_PROXIES.length === 0)
    return 'SYNCLINE_UI_PROXIES: expected the addresses of the proxy that writes SYNCLINE_UI_USER_HEADER: anybody else could write it too';
  return undefined;
}
