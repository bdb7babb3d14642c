import type { Target, TargetTable } from '../../targets/target.ts';
import { changesOf, orders, rowOf } from './target-rows.ts';

export const LOADS = 12;
const PER_LOAD = 50;

/** The load that begins at this event: rows that come, come again with another content, and leave. */
function load(from: number): ReturnType<typeof changesOf> {
  const upserts = Array.from({ length: PER_LOAD }, (_, i) => {
    const event = from + i + 1;
    return rowOf(event, [String((event * 7) % 211), `event ${event}`, `${event}.5`]);
  }).filter((row, at, all) => !all.slice(at + 1).some((later) => later.values[0] === row.values[0]));
  return changesOf(from, upserts, { to: from + PER_LOAD, deletes: [[String(from % 13)]] });
}

/** Goes on from where the table stands, to the end of the series. */
export async function applySeries(target: Target, table: TargetTable = orders): Promise<void> {
  for (let { event } = await target.open(table); event < LOADS * PER_LOAD; event += PER_LOAD)
    await target.apply(table, load(event));
}
