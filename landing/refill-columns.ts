import type { ClientBase } from 'pg';
import { quoted } from '../core/sql-text.ts';
import { wholeLog } from '../store/log/read-log.ts';
import type { Rebuild, Rebuilt } from './rebuild-from-log.ts';
import { rowKeyOf } from '../targets/postgres/target-table.ts';
import { createStaging } from './create-target.ts';
import { throughLog } from './stage-log.ts';
import { writeRows } from '../targets/postgres/write-rows.ts';

/**
 * Fills columns (`into`, with what the definition calls `name`) of rows that are there from the events that the rows stand for: what somebody dropped is nowhere else. A
 * row whose event fits no longer keeps them empty and is counted.
 */
export async function refillColumns(
  client: ClientBase,
  {
    stream,
    streamId,
    table,
    columns,
  }: Rebuild & { readonly columns: readonly { readonly name: string; readonly into: string }[] },
): Promise<Rebuilt> {
  let unfit = 0;
  const staging = `refill_${streamId}`;
  const set = [...columns, { name: '_extra', into: '_extra' }].map(
    ({ name, into }) => `${quoted(into)} = s.${quoted(name)}`,
  );
  const same = [...new Set([...rowKeyOf(stream), '_event'])].map((name) => `t.${quoted(name)} = s.${quoted(name)}`);
  await client.query(createStaging(stream, staging));
  const events = await throughLog(
    client,
    { stream, range: { streamId, ...wholeLog } },
    {
      write: async ({ written, pages }) => {
        const folded = { events: [], inserts: written, updates: [], lastEvent: 0, counts: [] };
        await writeRows(client, { stream, run: { streamId, runNo: 0 }, table: staging, folded, pages });
        await client.query(`update ${table} t set ${set.join(', ')} from ${staging} s where ${same.join(' and ')}`);
        await client.query(`truncate ${staging}`);
      },
      unfit: async (held) => {
        const { rows } = await client.query<{ count: number }>(
          `select count(*)::integer as count from ${table} where _event = any ($1)`,
          [held.map(({ event }) => event)],
        );
        unfit += rows[0]?.count ?? 0;
      },
    },
  );
  await client.query(`drop table ${staging}`);
  return { events, unfit };
}
