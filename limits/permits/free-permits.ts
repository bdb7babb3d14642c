import type { Pool } from 'pg';
import { PermitLapsed } from '../../core/departure.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import type { Feedback } from './feedback.ts';
import type { GrantedPermit, Permit } from './limiter.ts';
import type { LocalBlock } from './local-block.ts';

/** A permit that was asked for ahead of its request is good for so long. */
const AHEAD_MS = 15;

interface Ahead {
  readonly askedAtMs: number;
  readonly permit: Promise<Permit | undefined>;
}

export interface FreePermitsDeps {
  readonly pool: Pool;
  readonly credential: string;
  readonly block: LocalBlock;
  readonly feedback: Feedback;
}

/**
 * Permits of a credential without limits of its own: only a block counts, and whether the partner answers. When the head of
 * an answer is there the next permit is asked for: it comes while the body does.
 */
export class FreePermits {
  readonly #deps: FreePermitsDeps;
  #ahead: Ahead | undefined;

  constructor(deps: FreePermitsDeps) {
    this.#deps = deps;
  }

  /** Undefined: the partner told of a limit, or does not answer, so permits are counted, or given to probes. */
  async ask(): Promise<Permit | undefined> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    if (ahead !== undefined && performance.now() - ahead.askedAtMs < AHEAD_MS) {
      const permit = await ahead.permit.catch(() => undefined);
      if (permit?.granted === true) return permit;
    }
    return this.#askNow();
  }

  async #askNow(): Promise<Permit | undefined> {
    const { pool, credential, block } = this.#deps;
    const askedAtMs = performance.now();
    // Takes no lock and writes nothing.
    const { rows } = await whenAvailable(() =>
      pool.query<{ wait_ms: number | null; cause: string | null }>({
        name: 'ask free',
        text: `select extract(epoch from c.blocked_until - clock_timestamp())::double precision * 1000 as wait_ms,
            coalesce(c.blocked_reason, 'blocked') as cause
          from (select $1::text as credential) as asked
          left join credentials c on c.credential = asked.credential
            and greatest(c.blocked_until, c.told_until) > clock_timestamp()
          left join circuits k on k.credential = asked.credential and k.state <> 'closed'
          where c.credential is not null or k.credential is not null`,
        values: [credential],
      }),
    );
    const row = rows[0];
    if (row === undefined) {
      block.granted(askedAtMs);
      return this.#permit();
    }
    const { wait_ms: waitMs, cause } = row;
    return waitMs !== null && waitMs > 0 ? { granted: false, waitMs, cause: cause ?? 'blocked' } : undefined;
  }

  #permit(): GrantedPermit {
    const { block, feedback } = this.#deps;
    return {
      granted: true,
      departure: {
        ready: (write, turnBack) => {
          if (block.holds(performance.now())) turnBack(new PermitLapsed('the partner asked to wait'));
          else write();
        },
        onWire: () => {},
        onAnswer: (status) => {
          if (status < 300) this.#askAhead();
        },
      },
      answered: (told) => {
        // It was asked for before the database knew of this.
        if (told.quotas.length > 0) this.#ahead = undefined;
        return feedback.answered(told, { kind: '', charged: 1 });
      },
      release: async () => {},
    };
  }

  #askAhead(): void {
    const permit = this.#askNow();
    permit.catch(() => {});
    this.#ahead = { askedAtMs: performance.now(), permit };
  }
}
