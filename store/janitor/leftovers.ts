import type { Pool } from 'pg';
import type { Leftover } from '../../core/leftover.ts';
import { defaultAges, leftoverQueries, type LeftoverAges, type StoredKind } from './leftover-queries.ts';

/** All that the store itself knows of. */
export async function findLeftovers(pool: Pool, ages: LeftoverAges = defaultAges): Promise<readonly Leftover[]> {
  const found: Leftover[] = [];
  for (const kind of Object.keys(leftoverQueries) as StoredKind[]) {
    const { rows } = await pool.query<{ place: string; count: string; since: Date | null }>(
      `select place, count::text, since from (${leftoverQueries[kind]}) n
        where $1::float8 is not null and $2::float8 is not null and $3::float8 is not null order by since nulls last, place`,
      [ages.short, ages.long, ages.unused],
    );
    found.push(
      ...rows.map(({ place, count, since }) => ({
        kind,
        place,
        count: Number(count),
        since: since?.toISOString() ?? null,
      })),
    );
  }
  return found;
}

/** Streams that the store knows. */
export async function storedStreams(
  pool: Pool,
): Promise<readonly { readonly partner: string; readonly stream: string; readonly since: string }[]> {
  const { rows } = await pool.query<{ partner: string; stream: string; since: Date }>(
    'select partner, name as stream, created_at as since from streams order by 1, 2',
  );
  return rows.map(({ since, ...row }) => ({ ...row, since: since.toISOString() }));
}

/** Tables in targets that something was loaded into, and when that was last. */
export async function storedTargets(pool: Pool): Promise<
  readonly {
    readonly target: string;
    readonly partner: string;
    readonly stream: string;
    readonly since: string | null;
  }[]
> {
  const { rows } = await pool.query<{ target: string; partner: string; stream: string; since: Date | null }>(
    'select target, partner, stream, applied_at as since from target_states order by 1, 2, 3',
  );
  return rows.map(({ since, ...row }) => ({ ...row, since: since?.toISOString() ?? null }));
}
