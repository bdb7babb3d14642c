import { timingSafeEqual } from 'node:crypto';
import type { Pool } from 'pg';
import type { Caller } from '../../core/caller.ts';
import { hashOfSecret, parseCallerKey } from '../../core/caller-key.ts';
import { SECOND } from '../../core/duration.ts';
import { isListed, plainAddress, sourceOf } from '../address-list.ts';
import { blockForMisuse } from '../../store/callers/blocks.ts';
import { UNKNOWN_KEYS } from '../../store/callers/misuse-causes.ts';
import { noCallerMetrics, type CallerMetrics } from './caller-metrics.ts';
import { KnownCallers, type HeldCallers, type KnownBlock, type KnownKey } from './known-callers.ts';
import { Misuse, type FoundMisuse, type MisuseSettings } from './misuse.ts';
import type { Refusing } from './refusals.ts';

export interface Credentials {
  /** The header. */
  readonly authorization: string | undefined;
  /** Of the client, as ingest/client-address.ts says it. */
  readonly address: string;
  /** That the client has shown; SHA-256 in hex, with or without colons, as `tls` has it. */
  readonly certificate?: { readonly fingerprint256: string } | undefined;
}

export interface Refused {
  readonly refused: Refusing;
  /** Of `blocked`; without it, until a person ends it. */
  readonly retryAfterS?: number;
}

export type Authenticated = { readonly caller: Caller; readonly keyId: string } | Refused;

export interface Door {
  readonly metrics?: CallerMetrics;
  readonly misuse?: MisuseSettings;
  readonly log?: { readonly warn: (fields: object, message: string) => void };
  /** Milliseconds that never go back. */
  readonly now?: () => number;
}

/** No key has it. An unknown key takes the comparison that a known one takes. */
const nobody = Buffer.alloc(32);

/** Who sends a request. Keys are compared in constant time, by their hashes. */
export class Authenticator {
  readonly #pool: Pool;
  readonly #known: KnownCallers;
  readonly #misuse: Misuse;
  readonly #metrics: CallerMetrics;
  readonly #log: NonNullable<Door['log']>;
  readonly #now: () => number;

  constructor(
    pool: Pool,
    { metrics = noCallerMetrics, misuse, log = { warn: () => {} }, now = () => performance.now() }: Door = {},
  ) {
    this.#pool = pool;
    this.#known = new KnownCallers(pool, now);
    this.#misuse = new Misuse(misuse);
    this.#metrics = metrics;
    this.#log = log;
    this.#now = now;
  }

  /** @throws {WarehouseUnavailable} the database is away for longer than its callers are remembered. */
  async authenticate(credentials: Credentials): Promise<Authenticated> {
    const held = await this.#known.current();
    const source = sourceOf(credentials.address);
    const block = this.#known.blockOf(held, { kind: 'address', subject: source });
    const answer = block?.sparesCallers === false ? this.#blocked(block) : this.#admit(held, credentials);
    if ('caller' in answer) {
      this.#found(this.#misuse.served(source, answer.caller.id, this.#now()));
      return answer;
    }
    const refused = answer.refused !== 'blocked' && block !== undefined ? this.#blocked(block) : answer;
    this.#metrics.refused(refused.refused);
    if (isWrongKey(refused.refused)) this.#found(this.#misuse.wrongKey(source, this.#now()));
    return refused;
  }

  /** To be told of every answer to a caller: of too many errors, or refusals by its limits, it is blocked for a time. */
  answered(caller: string, status: number): void {
    this.#found(this.#misuse.answered(caller, status, this.#now()));
  }

  #admit(held: HeldCallers, { authorization, address, certificate }: Credentials): Authenticated {
    const [, text] = /^bearer +(\S+) *$/i.exec(authorization ?? '') ?? [];
    if (text === undefined) return { refused: 'missing' };
    const given = parseCallerKey(text);
    const key = given === undefined ? undefined : held.keys.get(given.keyId);
    const isRight = timingSafeEqual(key?.hash ?? nobody, hashOfSecret(given?.secret ?? ''));
    if (given === undefined || key === undefined || !isRight) return { refused: 'unknown' };
    if (key.endsAtMs <= this.#now()) return { refused: 'revoked' };
    if (key.addresses !== undefined && !isListed(key.addresses, plainAddress(address))) return { refused: 'address' };
    if (!hasShown(key, certificate?.fingerprint256)) return { refused: 'certificate' };
    this.#known.used(given.keyId);
    const block = this.#known.blockOf(held, { kind: 'caller', subject: key.caller.id });
    return block === undefined ? { caller: key.caller, keyId: given.keyId } : this.#blocked(block);
  }

  #blocked({ endsAtMs }: KnownBlock): Refused {
    return endsAtMs === Infinity
      ? { refused: 'blocked' }
      : { refused: 'blocked', retryAfterS: Math.max(1, Math.ceil((endsAtMs - this.#now()) / SECOND)) };
  }

  #found(misuse: FoundMisuse | undefined): void {
    if (misuse === undefined) return;
    const { kind, subject, cause, forMs } = misuse;
    this.#known.addBlock({ kind, subject, sparesCallers: cause === UNKNOWN_KEYS, endsInMs: forMs });
    this.#metrics.blocked(cause, kind === 'caller' ? subject : undefined);
    this.#log.warn({ kind, subject, cause, forMs }, 'blocked for a time');
    // It holds here all the same.
    blockForMisuse(this.#pool, misuse).catch((error: unknown) => {
      this.#log.warn({ kind, subject, cause, err: error }, 'the other processes could not be told of a block');
    });
  }
}

/** Whoever tries keys. None at all is mostly a person with a browser. */
const isWrongKey = (why: Refusing): boolean => why !== 'missing' && why !== 'blocked';

const hasShown = ({ certificate }: KnownKey, fingerprint: string | undefined): boolean =>
  certificate === undefined || fingerprint?.replaceAll(':', '').toLowerCase() === certificate;
