import type { Pool } from 'pg';
import type { CompiledStream } from '../definitions/compiled.ts';
import { isOutdated } from '../targets/postgres/outdated.ts';
import { tableFault } from '../targets/postgres/table-fault.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { stampedOf } from './remake-outdated.ts';

/**
 * What the next run does to a stream's table before it reads: `make` it, `remake` it of the log since transforms have changed, `add`
 * columns, `refuse` since a person has to decide, or nothing.
 */
export type TablePlan =
  | { readonly does: 'make' | 'remake' | 'nothing' }
  | { readonly does: 'add'; readonly columns: readonly string[] }
  | { readonly does: 'refuse'; readonly reason: string };

export interface PlannedTable {
  readonly table: string;
  /** In the log of the stream. */
  readonly events: number;
  /** Other targets that have a table of it. */
  readonly targets: readonly string[];
  readonly plan: TablePlan;
}

/** Looks only. */
export async function planTable(pool: Pool, stream: CompiledStream): Promise<PlannedTable> {
  const { rows } = await pool.query<{ events: string; targets: string[] }>(
    `select coalesce(max(s.last_event), 0) as events, coalesce(array_agg(t.target order by t.target) filter (where t.target is not null), '{}') as targets
      from streams s left join target_states t on t.partner = s.partner and t.stream = s.name where s.partner = $1 and s.name = $2`,
    [stream.partner.name, stream.name],
  );
  const { events, targets } = rows[0] as (typeof rows)[number];
  return {
    table: `${stream.schema}.${stream.table}`,
    events: Number(events),
    targets: targets.filter((target) => stream.targets.includes(target)),
    plan: await planOf(pool, stream),
  };
}

async function planOf(pool: Pool, stream: CompiledStream): Promise<TablePlan> {
  const name = targetOf(stream);
  const facts = await readTable(pool, name);
  if (facts === undefined) return { does: 'make' };
  if (await isOutdated(pool, { name, facts, wanted: stampedOf(stream) })) return { does: 'remake' };
  const reason = tableFault(stream, `${stream.schema}.${stream.table}`, facts);
  if (reason !== undefined) return { does: 'refuse', reason };
  const there = new Set(facts.columns.map((column) => column.name));
  const columns = stream.columns.map((column) => column.name).filter((column) => !there.has(column));
  return columns.length === 0 ? { does: 'nothing' } : { does: 'add', columns };
}
