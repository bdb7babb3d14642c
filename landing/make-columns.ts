import type { Pool, PoolClient } from 'pg';
import { madeType, type MadeColumn } from '../core/made-column.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { contractOf, makesColumns } from '../definitions/contract.ts';
import { unmakable } from '../definitions/made-columns.ts';
import { noteMade, noteNewFields, readMadeColumns, readNewFields } from '../store/new-fields.ts';
import { transaction } from '../store/session/transaction.ts';
import { withMade } from './made-columns.ts';
import { addColumns } from './add-columns.ts';
import { registerStream } from './open-stream.ts';
import { readTable } from '../targets/postgres/table-facts.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** Events that are looked at under one lock. */
const CHUNK = 20_000;

/**
 * Decides which fields that no schema names get columns: those of which the log has a value, in the order in which they came. What is decided is kept in
 * the store, once: of two workers the second one finds nothing left to decide. Returns what a person should know.
 */
export async function decideColumns(pool: Pool, stream: CompiledStream): Promise<string | undefined> {
  if (!makesColumns(stream)) return undefined;
  while (await lookOn(pool, stream));
  return transaction(pool, (client) => decide(client, stream));
}

interface Standing {
  readonly stream_id: number;
  readonly last_event: string;
  readonly fields_seen: string;
}

async function lockStream(client: PoolClient, { partner, name }: CompiledStream): Promise<Standing | undefined> {
  const { rows } = await client.query<Standing>(
    'select stream_id, last_event, fields_seen from streams where partner = $1 and name = $2 for update',
    [partner.name, name],
  );
  return rows[0];
}

/** Whether there is more to look at. */
const lookOn = (pool: Pool, stream: CompiledStream): Promise<boolean> =>
  transaction(pool, async (client) => {
    const row = await lockStream(client, stream);
    if (row === undefined) return false;
    const { stream_id: streamId, last_event: last, fields_seen: seen } = row;
    const to = Math.min(Number(last), Number(seen) + CHUNK);
    if (to <= Number(seen)) return false;
    await noteNewFields(client, { streamId, after: Number(seen), to, known: namesOf(stream) });
    await client.query('update streams set fields_seen = $2 where stream_id = $1', [streamId, to]);
    return to < Number(last);
  });

/** Fields that the definition knows, also by their old names. */
function namesOf({ known, aliases = [], madeColumns = [] }: CompiledStream): readonly string[] {
  const made = new Set(madeColumns.map(({ field }) => field));
  return [
    ...[...known].filter((name) => !made.has(name)),
    ...aliases.flatMap(({ path, was }) => (path.length === 1 ? was : [])),
  ];
}

async function decide(client: PoolClient, stream: CompiledStream): Promise<string | undefined> {
  const streamId = (await lockStream(client, stream))?.stream_id;
  if (streamId === undefined) return undefined;
  const most = contractOf(stream.definition.onMismatch).columns ?? 0;
  const fields = await readNewFields(client, streamId);
  let made = fields.filter(({ isMade }) => isMade).length;
  // Columns that somebody made, or that the definition had once, keep what they have.
  const facts = await readTable(client, targetOf(stream));
  const there = facts?.columns.map(({ name, type }) => ({ name, path: [name], type: 'json' as const, of: type })) ?? [];
  const taken = { ...stream, columns: [...stream.columns, ...there] };
  const left: string[] = [];
  const fresh: MadeColumn[] = [];
  for (const { field, types, isMade } of fields) {
    const type = madeType(types);
    if (isMade || type === undefined || stream.known.has(field) || unmakable(taken, field) !== undefined) continue;
    if (fresh.some((other) => other.field.toLowerCase() === field.toLowerCase())) continue;
    if (made >= most) {
      left.push(field);
      continue;
    }
    fresh.push({ field, type, no: (made += 1) });
  }
  for (const column of fresh) await noteMade(client, { streamId, ...column });
  return left.length === 0
    ? undefined
    : `${left.length} more fields that no schema names stay in _extra: onMismatch.newFields makes ${most} columns at most (\`syncline drift ${stream.partner.name} ${stream.name}\` names them)`;
}

/** Makes the columns that were decided, and fills them from the log. Killed in between, the next run does it. */
export async function makeColumns(pool: Pool, stream: CompiledStream): Promise<void> {
  if (!makesColumns(stream)) return;
  const made = (await readMadeColumns(pool, stream.partner.name)).get(stream.name) ?? [];
  if (made.length === (stream.made ?? 0)) return;
  const now = await withMade(pool, stream);
  await addColumns(pool, now);
  await transaction(pool, (client) => registerStream(client, now));
}
