import type { Pool } from 'pg';
import { RetryLater } from '../core/errors.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { makesColumns } from '../definitions/contract.ts';
import { withMadeColumns } from '../definitions/made-columns.ts';
import { readMadeColumns } from '../store/new-fields.ts';

/** Streams as the definition has them, with the columns that were made by themselves. Nothing is asked for partners whose contracts make none. */
export async function withAllMade(
  pool: Pool,
  streams: ReadonlyMap<string, CompiledStream>,
): Promise<ReadonlyMap<string, CompiledStream>> {
  const [first] = [...streams.values()].filter(makesColumns);
  if (first === undefined) return streams;
  const made = await readMadeColumns(pool, first.partner.name);
  return new Map(
    [...streams].map(([name, stream]) => [
      name,
      makesColumns(stream) ? withMadeColumns(stream, made.get(name) ?? []) : stream,
    ]),
  );
}

export async function withMade(pool: Pool, stream: CompiledStream): Promise<CompiledStream> {
  return (await withAllMade(pool, new Map([[stream.name, stream]]))).get(stream.name) as CompiledStream;
}

/**
 * What was read before the table gained a column by itself is not written to it, and is read again. `stands`: how many such columns the rows of
 * the table have, read under the stream's lock.
 */
export function expectSameColumns(stream: LandedStream, stands: number): void {
  if (stands === (stream.made ?? 0)) return;
  throw new RetryLater(
    `${stream.schema}.${stream.table} has gained columns since this was read: it is read again with them`,
    { afterMs: 0 },
  );
}
