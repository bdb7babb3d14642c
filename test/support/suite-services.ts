import type { PostgresServer } from '../../services/postgres.ts';
import type { TemporalServer } from '../../services/temporal-server.ts';

export interface SuiteServices {
  readonly postgres: PostgresServer;
  readonly temporal: TemporalServer;
}

/** Jest runs set-up and teardown in one process and hands nothing over; this global does. */
export const suite = globalThis as { synclineSuite?: SuiteServices };
