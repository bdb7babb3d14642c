import { createHmac, hkdfSync, randomUUID, timingSafeEqual } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { HOUR } from '../../core/duration.ts';

/** Somebody who has signed in. */
export interface Session {
  readonly by: string;
  readonly how: 'token' | 'oidc';
  readonly id: string;
}

const LASTS_MS = 12 * HOUR;
const MOST_COOKIE = 4000;

/**
 * Sessions are kept by the browser, signed: all processes that know the secret know them, and a new secret ends them all. A form holds a
 * signature over its session, which no other site can know (OWASP, Cross-Site Request Forgery Prevention: signed tokens).
 */
export class Sessions {
  readonly #key: Buffer;
  readonly #isSecure: boolean;

  constructor(of: { readonly secret: string; readonly isSecure: boolean }) {
    this.#key = Buffer.from(hkdfSync('sha256', of.secret, '', 'syncline ui', 32));
    this.#isSecure = of.isSecure;
  }

  begin(reply: FastifyReply, of: Omit<Session, 'id'>): void {
    this.keep(reply, 'session', { ...of, id: randomUUID() }, LASTS_MS);
  }

  end(reply: FastifyReply): void {
    void reply.header('set-cookie', `${this.#named('session')}=; ${this.#rules()}; Max-Age=0`);
  }

  read(request: FastifyRequest): Session | undefined {
    const { by, how, id } = this.kept(request, 'session') ?? {};
    if (typeof by !== 'string' || typeof id !== 'string' || (how !== 'token' && how !== 'oidc')) return undefined;
    return { by, how, id };
  }

  /** What the forms of a session, or of somebody whom a proxy names, hold. */
  form(of: string): string {
    return this.#sign(`form ${of}`);
  }

  isForm(of: string, given: string): boolean {
    return isSame(given, this.form(of));
  }

  /** Leaves something with the browser, which it can read and not change. */
  keep(reply: FastifyReply, name: string, value: Readonly<Record<string, unknown>>, forMs: number): void {
    const text = Buffer.from(JSON.stringify({ ...value, untilMs: Date.now() + forMs })).toString('base64url');
    const signed = `${text}.${this.#sign(`${name} ${text}`)}`;
    void reply.header('set-cookie', `${this.#named(name)}=${signed}; ${this.#rules()}; Max-Age=${forMs / 1000}`);
  }

  /** What was left under a name, if it is unchanged and not too old. */
  kept(request: FastifyRequest, name: string): Readonly<Record<string, unknown>> | undefined {
    const found = cookieOf(request.headers.cookie ?? '', this.#named(name));
    const [text = '', signature = ''] = found.split('.');
    if (text === '' || !isSame(signature, this.#sign(`${name} ${text}`))) return undefined;
    const value = JSON.parse(Buffer.from(text, 'base64url').toString()) as Readonly<Record<string, unknown>>;
    return Number(value['untilMs']) > Date.now() ? value : undefined;
  }

  /** A browser takes a cookie of this name only from this host itself (RFC 6265bis, 4.1.3.2). */
  #named(name: string): string {
    return `${this.#isSecure ? '__Host-' : ''}syncline_${name}`;
  }

  /** `Lax`: a link in a message leads to a page that knows who one is; a form of another site brings no cookie. */
  #rules(): string {
    return `Path=/; HttpOnly; SameSite=Lax${this.#isSecure ? '; Secure' : ''}`;
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

function cookieOf(header: string, name: string): string {
  if (header.length > MOST_COOKIE * 4) return '';
  const pair = header.split(';').find((each) => each.trim().startsWith(`${name}=`));
  return pair === undefined ? '' : pair.trim().slice(name.length + 1);
}

/** Takes as long for any difference. */
export function isSame(given: string, expected: string): boolean {
  return timingSafeEqual(hash(given), hash(expected));
}

const hash = (text: string): Buffer => createHmac('sha256', 'same').update(text).digest();
