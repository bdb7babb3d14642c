import { expect } from '@jest/globals';
import type { Pool } from 'pg';
import type { StreamName } from '../../simulator/records.ts';
import type { BenchPartner } from './pull-bench.ts';
import { digestOf, tablePayloads, tableRows } from './table-rows.ts';

/** The target, by its columns and by the payloads it stands for, holds exactly what the partner holds. */
export async function expectTruth(
  pool: Pool,
  partner: BenchPartner,
  stream: StreamName,
  table: string = stream,
): Promise<void> {
  const truth = digestOf(partner.simulator.truth(stream));
  expect(truth.count).toBeGreaterThan(0);
  expect(digestOf(await tableRows(pool, partner.name, table))).toEqual(truth);
  expect(digestOf(await tablePayloads(pool, partner.name, table))).toEqual(truth);
}
