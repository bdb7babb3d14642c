import type { Pool } from 'pg';
import type { CircuitState } from '../../core/circuit.ts';
import { SECOND } from '../../core/duration.ts';
import { whenAvailable } from '../../store/session/unavailable.ts';
import type { Circuit, CircuitFor, FailedCall, Standing } from './circuit.ts';
import { readCircuits } from './read-circuits.ts';
import { successBatch, type Successes } from './success-batch.ts';

/** Successes wait that long for company. */
const TELL_EVERY_MS = SECOND;

interface ReportRow {
  readonly state: CircuitState;
  readonly wait_ms: number;
  readonly since: Date | null;
}

/**
 * The circuit of one credential in PostgreSQL, on the database's clock. A failure or a probe costs one round trip; a healthy
 * partner one a second and process, that writes nothing.
 */
export function postgresCircuit(pool: Pool, { partner, credential, settings }: CircuitFor): Circuit {
  const parameters = JSON.stringify(settings);
  const tell = async (ok: Successes, { error, afterMs, probe }: Partial<FailedCall>): Promise<ReportRow> => {
    const { rows } = await whenAvailable(() =>
      pool.query<ReportRow>({
        name: 'report to circuit',
        text: 'select * from circuit_report($1, $2, $3, $4, $5, $6, $7, $8)',
        values: [credential, partner, parameters, ok.count, ok.agoMs, error ?? null, afterMs ?? 0, probe ?? null],
      }),
    );
    return rows[0] as ReportRow;
  };
  const successes = successBatch(async (ok) => void (await tell(ok, {})), TELL_EVERY_MS);
  return {
    async failed(call): Promise<Standing> {
      const { state, wait_ms: waitMs, since } = await tell(successes.take(), call);
      return { state, waitMs, since: (since ?? new Date()).toISOString() };
    },
    async succeeded(probe) {
      if (probe === undefined || probe === null) successes.add();
      else await tell({ count: 1, agoMs: 0 }, { probe });
    },
    async abandoned(probe) {
      await whenAvailable(() => pool.query('select circuit_abandon($1, $2)', [credential, probe]));
    },
    async state() {
      return (await readCircuits(pool, credential))[0];
    },
    close: () => successes.flush(),
  };
}
