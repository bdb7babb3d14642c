import type { Pool } from 'pg';
import { compilePartner } from '../../definitions/compile.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import type { Counts } from '../../core/counts.ts';
import { plainNames } from '../../messages/names.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import { runOf, type Run } from '../landing/run-of.ts';

const text = { type: ['string', 'null'] };
const fields = { id: { type: 'string' }, v: { type: 'integer' }, ref: text, of: text, amount: { type: 'integer' } };
const schema = { type: 'object', required: ['id'], properties: fields };

type Streams = Readonly<Record<string, CompiledStream>>;

let banks = 0;
/** A partner of its own with these streams. */
export function aBank(streams: Readonly<Record<string, Partial<StreamInput>>>, name = `bank${++banks}`): Streams {
  const parsed = partner.parse({
    name,
    baseUrl: 'http://127.0.0.1:1',
    streams: Object.fromEntries(
      Object.entries(streams).map(([stream, definition]) => [
        stream,
        { path: `/${stream}`, primaryKey: ['id'], version: ['v'], schema, ...definition },
      ]),
    ),
  });
  return Object.fromEntries(compilePartner(parsed, plainNames));
}

/** Payments, and refunds that need theirs. */
export const payAndRefund = (change: Partial<StreamInput> = {}): Streams =>
  aBank({ payments: change, refunds: { ...change, requires: { original: { stream: 'payments', by: 'of' } } } });

let days = 0;
export const begin = (warehouse: Warehouse, stream: CompiledStream): Promise<Run> =>
  runOf(warehouse, stream, { window: new Date(Date.UTC(2026, 0, ++days)).toISOString().slice(0, 10) });

/** A page in a run of its own. */
export async function arrive(
  warehouse: Warehouse,
  stream: CompiledStream | undefined,
  ...records: readonly unknown[]
): Promise<Counts> {
  const run = await begin(warehouse, stream as CompiledStream);
  return run.commit(run.page(records));
}

/** `id v` of each row, in order. */
export async function rows(pool: Pool, stream: CompiledStream | undefined): Promise<readonly string[]> {
  const { partner: of, table } = stream as CompiledStream;
  const { rows: found } = await pool.query<{ row: string }>(
    `select concat_ws(' ', id, v) as row from "${of.name}"."${table}" order by id, v`,
  );
  return found.map(({ row }) => row);
}

/** `operation key` of each event, in order. */
export async function log(pool: Pool, stream: CompiledStream | undefined): Promise<readonly string[]> {
  const { partner: of, name } = stream as CompiledStream;
  const { rows: found } = await pool.query<{ event: string }>(
    `select operation::text || ' ' || key as event from events e join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 order by e.event`,
    [of.name, name],
  );
  return found.map(({ event }) => event);
}

/** `status key fate` of what waits or waited, in the order of its events. */
export async function waits(pool: Pool, stream: CompiledStream | undefined): Promise<readonly string[]> {
  const { partner: of, name } = stream as CompiledStream;
  const { rows: found } = await pool.query<{ row: string }>(
    `select concat_ws(' ', w.status, w.key, w.fate) as row from waiting w join streams s using (stream_id)
      where s.partner = $1 and s.name = $2 order by w.event`,
    [of.name, name],
  );
  return found.map(({ row }) => row);
}
