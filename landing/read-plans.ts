import type { Pool } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { targetsOf } from '../definitions/named-targets.ts';
import { isOutdated } from '../targets/postgres/outdated.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { fitting, stampedOf } from './remake-outdated.ts';
import { tablePlan, type TablePlan } from './table-plan.ts';

export interface StreamPlan extends TablePlan {
  readonly stream: string;
  /** The definition is another one than that of the last run. */
  readonly isChanged: boolean;
  /** Transforms have changed: the next run makes the table anew from so many events of the log. undefined: they have not. */
  readonly remadeFrom: number | undefined;
  /** Other warehouses that the stream is written to. */
  readonly targets: readonly string[];
}

/** What the definitions of streams change of their tables in the store's database. Nothing is written. */
export async function readPlans(pool: Pool, streams: readonly CompiledStream[]): Promise<readonly StreamPlan[]> {
  const plans: StreamPlan[] = [];
  for (const stream of streams) {
    const { rows } = await pool.query<{ definition_version: string; last_event: string }>(
      'select definition_version, last_event from streams where partner = $1 and name = $2',
      [stream.partner.name, stream.name],
    );
    const last = rows[0]?.definition_version;
    const name = targetOf(stream);
    const facts = await readTable(pool, name);
    const outdated =
      facts !== undefined && (await isOutdated(pool, { name, facts, wanted: stampedOf(stream) })) ? facts : undefined;
    plans.push({
      stream: stream.name,
      isChanged: last !== undefined && last !== stream.definitionVersion,
      targets: targetsOf(stream.partner, stream.name),
      remadeFrom: outdated === undefined ? undefined : Number(rows[0]?.last_event ?? 0),
      ...tablePlan(stream, outdated === undefined ? facts : fitting(stream, outdated)),
      // All columns come with the table that is made.
      ...(outdated === undefined ? {} : { added: [] }),
    });
  }
  return plans;
}
