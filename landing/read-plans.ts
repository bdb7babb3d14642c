import type { Pool } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { targetsOf } from '../definitions/named-targets.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { tablePlan, type TablePlan } from './table-plan.ts';

export interface StreamPlan extends TablePlan {
  readonly stream: string;
  /** The definition is another one than that of the last run. */
  readonly isChanged: boolean;
  /** Other warehouses that the stream is written to. */
  readonly targets: readonly string[];
}

/** What the definitions of streams change of their tables in the store's database. Nothing is written. */
export async function readPlans(pool: Pool, streams: readonly CompiledStream[]): Promise<readonly StreamPlan[]> {
  const plans: StreamPlan[] = [];
  for (const stream of streams) {
    const { rows } = await pool.query<{ definition_version: string }>(
      'select definition_version from streams where partner = $1 and name = $2',
      [stream.partner.name, stream.name],
    );
    const last = rows[0]?.definition_version;
    plans.push({
      stream: stream.name,
      isChanged: last !== undefined && last !== stream.definitionVersion,
      targets: targetsOf(stream.partner, stream.name),
      ...tablePlan(stream, await readTable(pool, targetOf(stream))),
    });
  }
  return plans;
}
