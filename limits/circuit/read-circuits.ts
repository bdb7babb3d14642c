import type { Pool } from 'pg';
import type { CircuitState } from '../../core/circuit.ts';
import { adviseOn } from '../../core/outage.ts';
import type { CircuitStatus } from './circuit.ts';

interface CircuitRow {
  readonly partner: string;
  readonly state: CircuitState;
  readonly since: Date;
  readonly open_until: Date | null;
  readonly calls: number;
  readonly failures: number;
  readonly last_error: string;
  readonly last_failure_at: Date;
}

/** How the circuits stand, those with trouble first: of one credential, or of all that have ever had a failure. */
export async function readCircuits(pool: Pool, credential?: string): Promise<readonly CircuitStatus[]> {
  const { rows } = await pool.query<CircuitRow>(
    `select partner, state, since, case when until > clock_timestamp() then until end as open_until,
        calls::float8 as calls, failures::float8 as failures, last_error, last_failure_at
      from circuits where $1::text is null or credential = $1 order by state = 'closed', partner, credential`,
    [credential ?? null],
  );
  return rows.map((row) => ({
    partner: row.partner,
    state: row.state,
    since: row.since.toISOString(),
    openUntil: row.open_until?.toISOString() ?? null,
    calls: row.calls,
    failures: row.failures,
    lastError: row.last_error,
    lastFailureAt: row.last_failure_at.toISOString(),
    advice: row.state === 'closed' ? 'Nothing to do: the partner answers.' : adviseOn(row.partner, row.last_error),
  }));
}
