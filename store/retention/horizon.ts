import type { Pool } from 'pg';
import { eventBefore } from '../log/event-before.ts';

export interface HorizonAsked {
  readonly partner: string;
  readonly stream: string;
  /** By the definition; of tables and histories elsewhere, each by the name of its table (`core/table-name.ts`). */
  readonly places: readonly { readonly target: string; readonly table: string }[];
  /** How old an event must be, in ms: `aged` by the first. */
  readonly ageMs: number | undefined;
  readonly atLeastMs: number;
}

/** How far retention may go in the log of a stream. */
export interface Horizon {
  readonly streamId: number;
  readonly lastEvent: number;
  readonly definitionVersion: string;
  /** Of a `replace`: the end of its last complete listing. */
  readonly swept: number;
  /** No event above it may go. */
  readonly upTo: number;
  /** Those up to here are older than the age. */
  readonly aged: number;
  /** What keeps younger events than these, in words; undefined: only their age. */
  readonly heldBy: string | undefined;
}

interface Row {
  readonly stream_id: number;
  readonly last_event: string;
  readonly definition_version: string;
  readonly swept: string | null;
  readonly young_page: string | null;
  readonly aged_page: string | null;
  readonly run: string | null;
  readonly run_page: string | null;
}

/** In SQL: the first page that is too young. */
const young = (ms: string): string =>
  `(select coalesce(max(o.page_id), 0) + 1 from (select p.page_id from pages p where p.stream_id = s.stream_id
      and p.committed_at < now() - ${ms} * interval '1 millisecond' order by p.page_id desc limit 1) o)`;

/** undefined: nothing of the stream was ever read. */
export async function horizonOf(pool: Pool, asked: HorizonAsked): Promise<Horizon | undefined> {
  const { partner, stream, places, ageMs, atLeastMs } = asked;
  // Pages of a run that is under way, or may go on, are in use.
  const { rows } = await pool.query<Row>(
    `select s.stream_id, s.last_event, s.definition_version, s.swept, ${young('$3::float8')} as young_page,
        case when $4::float8 is not null then ${young('$4::float8')} end as aged_page, r.sync_id as run, r.page_id as run_page
      from streams s left join lateral (
        select u.sync_id, (select min(p.page_id) from pages p where p.stream_id = u.stream_id and p.run_no = u.run_no) as page_id
          from stream_runs u where u.stream_id = s.stream_id and (u.state = 'running' or (u.state = 'failed' and u.run_no = s.last_run))
      ) r on r.page_id is not null
      where s.partner = $1 and s.name = $2 order by r.page_id limit 1`,
    [partner, stream, atLeastMs, ageMs ?? null],
  );
  const row = rows[0];
  if (row === undefined) return undefined;
  const { stream_id: streamId } = row;
  const lastEvent = Number(row.last_event);
  const before = async (page: string | null): Promise<number> =>
    page === null ? lastEvent : eventBefore(pool, { streamId, page, to: lastEvent + 1 });
  // The last line says how far the log goes.
  const usual = Math.min(lastEvent - 1, await before(row.young_page));
  const holds = [
    ...(row.run === null ? [] : [{ upTo: await before(row.run_page), by: `run ${row.run}, which is not done` }]),
    ...(await cursors(pool, { partner, places })),
  ];
  const least = holds.reduce((low, hold) => (hold.upTo < low.upTo ? hold : low), { upTo: usual, by: '' });
  return {
    streamId,
    lastEvent,
    definitionVersion: row.definition_version,
    swept: Number(row.swept ?? 0),
    upTo: Math.max(0, least.upTo),
    aged: row.aged_page === null ? 0 : await before(row.aged_page),
    heldBy: least.by === '' ? undefined : least.by,
  };
}

async function cursors(
  pool: Pool,
  { partner, places }: Pick<HorizonAsked, 'partner' | 'places'>,
): Promise<readonly { readonly upTo: number; readonly by: string }[]> {
  if (places.length === 0) return [];
  const { rows } = await pool.query<{ target: string; table: string; cursor: string }>(
    `select p.target, p.table, coalesce(t.cursor, 0) as cursor from unnest($2::text[], $3::text[]) as p(target, "table")
      left join target_states t on t.partner = $1 and t.target = p.target and t.stream = p.table`,
    [partner, places.map(({ target }) => target), places.map(({ table }) => table)],
  );
  return rows.map(({ target, table, cursor }) => ({
    upTo: Number(cursor),
    by: `target ${target}, which has loaded ${table} up to event ${cursor}`,
  }));
}
