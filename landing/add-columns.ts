import type { Pool } from 'pg';
import { quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { transaction } from '../store/session/transaction.ts';
import { postgresTypes } from '../targets/postgres/column-types.ts';
import { tableFault } from '../targets/postgres/table-fault.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { lockBriefly } from '../targets/postgres/lock-briefly.ts';

/**
 * Adds the columns that a table lacks, empty, in a transaction of its own: nobody can read the table until it ends. Filling them takes longer, and
 * stops no reader. The stream's row says that they are still to be filled.
 */
export async function addColumns(pool: Pool, stream: CompiledStream): Promise<void> {
  const table = targetOf(stream);
  await transaction(pool, async (client) => {
    const { rows } = await client.query<{ stream_id: number }>(
      'select stream_id from streams where partner = $1 and name = $2 and target_schema = $3 and target_table = $4 for update',
      [stream.partner.name, stream.name, stream.schema, stream.table],
    );
    const [known] = rows;
    const facts = known === undefined ? undefined : await readTable(client, table);
    if (known === undefined || facts === undefined || tableFault(stream, table, facts) !== undefined) return;
    const found = new Set(facts.columns.map(({ name }) => name));
    const added = stream.columns.filter(({ name }) => !found.has(name));
    if (added.length === 0) return;
    await lockBriefly(client, table);
    for (const { name, type } of added)
      await client.query(`alter table ${table} add column ${quoted(name)} ${postgresTypes[type]}`);
    await client.query('update streams set unfilled = unfilled || $2::text[] where stream_id = $1', [
      known.stream_id,
      added.map(({ name }) => name),
    ]);
  });
}
