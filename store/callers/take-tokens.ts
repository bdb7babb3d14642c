import type { Pool } from 'pg';
import type { CallerTier } from '../../core/caller.ts';

export interface AskedTokens {
  readonly caller: string;
  /** Whose limits count where the caller is no row of `callers`. */
  readonly tier: CallerTier;
  /** Whole units, above 0. */
  readonly cost: number;
}

/** How a request stands, as store/functions/take_tokens.sql has it. */
export interface TakenTokens {
  readonly cause: 'rate' | 'quota' | null;
  readonly waitUs: number;
  readonly rate: number;
  readonly burst: number;
  readonly daily: number | null;
  /** Of the burst; below 0 after a request of more units than it holds. */
  readonly tokens: number;
  readonly used: number;
  readonly nextUs: number;
  readonly dayUs: number;
  /** With this request the day's units have come to 80 %. */
  readonly crosses: boolean;
}

interface Row {
  readonly item: number;
  readonly cause: 'rate' | 'quota' | null;
  readonly wait_us: number;
  readonly rate: number;
  readonly burst: number;
  readonly daily: string | null;
  readonly tokens: number;
  readonly used: string;
  readonly next_us: number;
  readonly day_us: number;
  readonly crosses: boolean;
}

/** One statement for all that is asked at once, answered in the same order. */
export async function takeTokens(
  pool: Pick<Pool, 'query'>,
  asked: readonly AskedTokens[],
): Promise<readonly TakenTokens[]> {
  const { rows } = await pool.query<Row>('select * from take_tokens($1, $2, $3) order by item', [
    asked.map(({ caller }) => caller),
    asked.map(({ tier }) => tier),
    asked.map(({ cost }) => cost),
  ]);
  return rows.map((row) => ({
    cause: row.cause,
    waitUs: row.wait_us,
    rate: row.rate,
    burst: row.burst,
    daily: row.daily === null ? null : Number(row.daily),
    tokens: row.tokens,
    used: Number(row.used),
    nextUs: row.next_us,
    dayUs: row.day_us,
    crosses: row.crosses,
  }));
}
