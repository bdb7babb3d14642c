import { timingSafeEqual } from 'node:crypto';
import type { Pool } from 'pg';
import type { Caller } from '../../core/caller.ts';
import { hashOfSecret, parseCallerKey } from '../../core/caller-key.ts';
import { SECOND } from '../../core/duration.ts';
import { isListed, plainAddress } from '../address-list.ts';
import { KnownCallers, type KnownBlock, type KnownKey } from './known-callers.ts';

export interface Credentials {
  /** The header. */
  readonly authorization: string | undefined;
  /** Of the client, as ingest/client-address.ts says it. */
  readonly address: string;
  /** That the client has shown; SHA-256 in hex, with or without colons, as `tls` has it. */
  readonly certificate?: { readonly fingerprint256: string } | undefined;
}

/**
 * `missing`: no key at all. `unknown`: nobody has that key. `revoked`: the key has ended, or its caller was revoked. `address` and
 * `certificate`: the key is good and may not be used from here, or without its certificate. `blocked`: for a time.
 */
export const refusals = ['missing', 'unknown', 'revoked', 'address', 'certificate', 'blocked'] as const;

export type Authenticated =
  | { readonly caller: Caller; readonly keyId: string }
  | { readonly refused: (typeof refusals)[number]; readonly retryAfterS?: number };

/** No key has it. An unknown key takes the comparison that a known one takes. */
const nobody = Buffer.alloc(32);

/** Who sends a request. Keys are compared in constant time, by their hashes. */
export class Authenticator {
  readonly #known: KnownCallers;
  readonly #now: () => number;

  constructor(pool: Pool, now: () => number = () => performance.now()) {
    this.#known = new KnownCallers(pool, now);
    this.#now = now;
  }

  /** @throws {WarehouseUnavailable} the database is away for longer than its callers are remembered. */
  async authenticate({ authorization, address, certificate }: Credentials): Promise<Authenticated> {
    const held = await this.#known.current();
    const [, text] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    const given = text === undefined ? undefined : parseCallerKey(text);
    const key = given === undefined ? undefined : held.keys.get(given.keyId);
    const isRight = timingSafeEqual(key?.hash ?? nobody, hashOfSecret(given?.secret ?? '')) && key !== undefined;
    if (given === undefined || key === undefined || !isRight)
      return { refused: text === undefined ? 'missing' : 'unknown' };
    if (key.endsAtMs <= this.#now()) return { refused: 'revoked' };
    if (key.addresses !== undefined && !isListed(key.addresses, plainAddress(address))) return { refused: 'address' };
    if (!hasShown(key, certificate?.fingerprint256)) return { refused: 'certificate' };
    this.#known.used(given.keyId);
    const block = this.#known.blockOf(held, { kind: 'caller', subject: key.caller.id });
    return block === undefined ? { caller: key.caller, keyId: given.keyId } : this.#blocked(block);
  }

  #blocked({ endsAtMs }: KnownBlock): Authenticated {
    return endsAtMs === Infinity
      ? { refused: 'blocked' }
      : { refused: 'blocked', retryAfterS: Math.max(1, Math.ceil((endsAtMs - this.#now()) / SECOND)) };
  }
}

const hasShown = ({ certificate }: KnownKey, fingerprint: string | undefined): boolean =>
  certificate === undefined || fingerprint?.replaceAll(':', '').toLowerCase() === certificate;
