import { BlockList, isIPv6 } from 'node:net';
import type { FastifyRequest } from 'fastify';
import type { UiSettings } from '../../config/ui-settings.ts';
import { InvalidInput } from '../../core/errors.ts';
import { visible } from '../../core/visible.ts';
import type { Sessions } from './sessions.ts';
import type { Viewer } from './viewer.ts';

/** Somebody, as the audit trail names them. */
export interface Person {
  readonly by: string;
  readonly how: 'token' | 'proxy' | 'oidc';
  /** What their forms are signed for. */
  readonly formOf: string;
}

const MOST_NAME = 100;

/** Who asks: by a header of a trusted proxy, or by a session. */
export class Who {
  readonly #settings: UiSettings;
  readonly #sessions: Sessions;
  readonly #proxies: BlockList;

  constructor(settings: UiSettings, sessions: Sessions) {
    this.#settings = settings;
    this.#sessions = sessions;
    this.#proxies = networks(settings.proxies);
  }

  /** Undefined: nobody has signed in. */
  person(request: FastifyRequest): Person | undefined {
    const named = this.#byProxy(request);
    if (named !== undefined) return { by: named, how: 'proxy', formOf: `proxy ${named}` };
    const session = this.#sessions.read(request);
    return session === undefined ? undefined : { by: session.by, how: session.how, formOf: session.id };
  }

  viewer(request: FastifyRequest): Viewer {
    const { token, oidc } = this.#settings;
    const person = this.person(request);
    return {
      by: person?.by ?? null,
      form: person === undefined ? '' : this.#sessions.form(person.formOf),
      maySignIn: token !== undefined || oidc !== undefined,
      maySignOut: person !== undefined && person.how !== 'proxy',
    };
  }

  /** A form of a page that we have given to this person, and not one of another site. */
  isOwnForm(request: FastifyRequest, { formOf }: Person, given: string): boolean {
    return this.#sessions.isForm(formOf, given) && this.isOwnSite(request);
  }

  /** By what browsers say of where a request comes from (Fetch Metadata; RFC 6454). */
  isOwnSite({ headers }: FastifyRequest): boolean {
    const site = headers['sec-fetch-site'];
    if (site !== undefined && site !== 'same-origin') return false;
    if (headers.origin === undefined) return true;
    if (!URL.canParse(headers.origin)) return false;
    const { url } = this.#settings;
    return new URL(headers.origin).host === (url === undefined ? headers.host : new URL(url).host);
  }

  #byProxy({ headers, socket }: FastifyRequest): string | undefined {
    const { userHeader } = this.#settings;
    if (userHeader === undefined) return undefined;
    const address = (socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (!this.#proxies.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')) return undefined;
    const value = headers[userHeader];
    return typeof value === 'string' && value.trim() !== '' ? visible(value.trim()).slice(0, MOST_NAME) : undefined;
  }
}

function networks(texts: readonly string[]): BlockList {
  const list = new BlockList();
  for (const text of texts) {
    const [address = '', bits] = text.split('/');
    const type = isIPv6(address) ? 'ipv6' : 'ipv4';
    try {
      if (bits === undefined) list.addAddress(address, type);
      else list.addSubnet(address, Number(bits), type);
    } catch {
      throw new InvalidInput(
        `SYNCLINE_UI_PROXIES: expected addresses or networks such as 10.0.0.0/8, found ${JSON.stringify(text)}; correct it in the environment`,
      );
    }
  }
  return list;
}
