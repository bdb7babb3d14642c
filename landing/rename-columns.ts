import type { Pool, PoolClient } from 'pg';
import { NeedsAttention } from '../core/errors.ts';
import { type Rename, pendingRenames, saidClash } from '../core/reshape.ts';
import { quoted } from '../core/sql-text.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { transaction } from '../store/session/transaction.ts';
import { lockBriefly } from '../targets/postgres/lock-briefly.ts';
import { shadowsOf } from '../targets/postgres/shadow.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { ensureChildren } from './children.ts';
import { beforeOf } from './apply-differences.ts';

/**
 * Gives columns of a stream's table the names that the definition has for them (`was`), in one transaction; no row is written, so it takes a
 * moment. What a run or a rebuild keeps beside the table has the same columns. Returns what was renamed.
 */
export async function renameColumns(pool: Pool, stream: CompiledStream): Promise<readonly Rename[]> {
  if (stream.columns.every(({ was }) => was === undefined)) return [];
  return transaction(pool, async (client) => {
    const streamId = await lockStream(client, stream);
    if (streamId === undefined) return [];
    const live = targetOf(stream);
    const { renames } = await namesIn(client, stream, live);
    if (renames.length === 0) return [];
    // Before readers have to wait.
    const late = await heldOtherwise(client, { stream, table: live, renames });
    for (const table of [live, beforeOf(stream, streamId), ...(await shadowsOf(client, stream, streamId))])
      await renameIn(client, table, (await namesIn(client, stream, table)).renames);
    // What keeps them calls columns by their names.
    if (stream.children !== undefined) await ensureChildren(client, { stream, streamId, known: null });
    if (late.length > 0)
      await client.query(
        `update streams set unfilled = array(select distinct unnest(unfilled || $2::text[])) where stream_id = $1`,
        [streamId, late],
      );
    return renames;
  });
}

async function renameIn(client: PoolClient, table: string, renames: readonly Rename[]): Promise<void> {
  if (renames.length === 0) return;
  await lockBriefly(client, table);
  for (const { from, to } of renames)
    await client.query(`alter table ${table} rename column ${quoted(from)} to ${quoted(to)}`);
}

async function namesIn(
  client: PoolClient,
  stream: CompiledStream,
  table: string,
): Promise<{ readonly renames: readonly Rename[] }> {
  const facts = await readTable(client, table);
  if (facts === undefined) return { renames: [] };
  const { renames, clash } = pendingRenames(
    stream.columns,
    facts.columns.map(({ name }) => name),
  );
  if (clash !== undefined)
    throw new NeedsAttention(saidClash(table.replaceAll('"', ''), clash), {
      at: { partner: stream.partner.name, stream: stream.name },
    });
  return { renames };
}

/**
 * Columns of fields that some rows have in `_extra`, by the new name or an old one: they came before the definition knew of them. The next run
 * fills these from the log.
 */
async function heldOtherwise(
  client: PoolClient,
  {
    stream,
    table,
    renames,
  }: { readonly stream: CompiledStream; readonly table: string; readonly renames: readonly Rename[] },
): Promise<readonly string[]> {
  const columns = stream.columns.filter(({ name }) => renames.some(({ to }) => to === name));
  const names = new Set(columns.map(({ path }) => path[0] as string));
  for (const { path, was } of stream.aliases ?? []) if (path.length === 1) for (const name of was) names.add(name);
  const { rows } = await client.query<{ any: boolean }>(
    `select exists (select from ${table} where _extra ?| $1::text[]) as any`,
    [[...names]],
  );
  return rows[0]?.any === true ? columns.map(({ name }) => name) : [];
}

/** undefined: nothing was written yet. */
async function lockStream(
  client: PoolClient,
  { partner, name, schema, table }: CompiledStream,
): Promise<number | undefined> {
  const { rows } = await client.query<{ stream_id: number }>(
    'select stream_id from streams where partner = $1 and name = $2 and target_schema = $3 and target_table = $4 for update',
    [partner.name, name, schema, table],
  );
  return rows[0]?.stream_id;
}
