import type { Pool } from 'pg';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { createTarget } from '../../landing/create-target.ts';
import { fillFromLog } from '../../landing/fill-from-log.ts';

/** The table as it was at an event, by what the log says. */
export async function foldUpTo(pool: Pool, stream: CompiledStream, streamId: number, to: number): Promise<unknown> {
  const client = await pool.connect();
  const table = `"${stream.partner.name}"."as_of"`;
  try {
    await client.query('begin');
    await client.query(createTarget(stream, table));
    await fillFromLog(client, { stream, streamId, table, after: 0, to, unfit: async () => {} });
    const { rows } = await client.query(
      `select to_jsonb(t) - '_loaded_at' - '_deleted_at' as row from ${table} t order by id`,
    );
    return rows;
  } finally {
    await client.query('rollback');
    client.release();
  }
}
