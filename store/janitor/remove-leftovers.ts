import { escapeLiteral, type ClientBase, type Pool } from 'pg';
import { explain } from '../../core/errors.ts';
import type { LeftoverKind } from '../../core/leftover.ts';
import { transaction } from '../session/transaction.ts';
import {
  defaultAges,
  leftoverQueries,
  strayBuilds,
  strayShadows,
  type LeftoverAges,
  type StrayTable,
} from './leftover-queries.ts';

/**
 * What is removed by rows. What somebody is at work with is locked and left alone, and what was renewed meanwhile is looked at again
 * once it is locked. Parameter: $2 short, in days.
 */
const removals = [
  {
    kind: 'locked-key',
    sql: `delete from idempotency where (caller, operation, key) in (select caller, operation, key from idempotency
        where status is null and lease_until < now() - $2 * interval '1 day' for update skip locked)
      returning caller || ' ' || operation as place, lease_until as since`,
  },
  {
    kind: 'expired-lease',
    sql: `delete from leases where lease in (select lease from leases where expires_at < now() - $2 * interval '1 day' for update skip locked)
      returning credential as place, expires_at as since`,
  },
  {
    kind: 'expired-lease',
    sql: `delete from critical_work where (credential, work) in (select credential, work from critical_work
        where until < now() - $2 * interval '1 day' for update skip locked)
      returning credential as place, until as since`,
  },
  {
    kind: 'unended-search',
    sql: `update duplicate_plans set state = 'failed' where plan_id in (select plan_id from duplicate_plans
        where state = 'finding' and begun_at < now() - $2 * interval '1 day' for update skip locked)
      returning name || ' plan ' || plan_id as place, begun_at as since`,
  },
] as const satisfies readonly { readonly kind: LeftoverKind; readonly sql: string }[];

/**
 * Removes what nobody needs any more: claims and leases whose time is long over, tables of runs and rebuilds that ended, marks of searches
 * that ended. Each removal is noted in the report by the transaction that makes it: killed anywhere, the next one goes on, and nothing is
 * counted twice. Returns what could not be removed, in words.
 */
export async function removeStored(
  pool: Pool,
  report: number,
  ages: LeftoverAges = defaultAges,
): Promise<readonly string[]> {
  for (const { kind, sql } of removals)
    await pool.query(
      `with gone as (${sql}), tally as (select place, count(*) as n, min(since) as since from gone group by place)
        ${noted(`select $1::integer, '${kind}', place, n, since, clock_timestamp(), n from tally`)}`,
      [report, ages.short],
    );
  const troubles = [
    ...(await dropTables(pool, { report, kind: 'shadow-table', stray: strayShadows })),
    ...(await dropTables(pool, { report, kind: 'build-table', stray: strayBuilds })),
  ];
  await leaveOutGone(pool, report, ages);
  return troubles;
}

const removable = ['locked-key', 'expired-lease', 'unended-search', 'shadow-table', 'build-table'] as const;

/** What another janitor has removed since the look, or what has come to life, is not left behind: the report does not name it. */
async function leaveOutGone(pool: Pool, report: number, { short, long, unused }: LeftoverAges): Promise<void> {
  for (const kind of removable)
    await pool.query(
      `with here as (select place collate "C" as place, count from (${leftoverQueries[kind]}) n where $1::float8 is not null and $2::float8 is not null and $3::float8 is not null),
          rest as (update janitor_findings f set count = f.removed + coalesce((select h.count from here h where h.place = f.place), 0)
            where report_id = $4 and kind = $5 and f.count > f.removed and (f.removed > 0 or f.place in (select place from here)))
        delete from janitor_findings f where report_id = $4 and kind = $5 and removed = 0 and place not in (select place from here)`,
      [short, long, unused, report, kind],
    );
}

/** Of files: these are gone, and another report says who removed them. */
export async function leaveOutFiles(pool: Pool, report: number, places: readonly string[]): Promise<void> {
  await pool.query(
    `delete from janitor_findings where report_id = $1 and kind = 'staging-file' and removed = 0 and place = any ($2)`,
    [report, places],
  );
}

/** What came between the look and the removal was not found by the look, and is in the report all the same. */
const noted = (rows: string): string =>
  `insert into janitor_findings as f (report_id, kind, place, count, since, first_at, removed) ${rows}
    on conflict (report_id, kind, place) do update set removed = f.removed + excluded.removed, count = greatest(f.count, f.removed + excluded.removed)`;

interface RemovedOf {
  readonly report: number;
  readonly kind: LeftoverKind;
  readonly place: string;
}

const noteRemoved = (client: ClientBase, { report, kind, place }: RemovedOf): Promise<unknown> =>
  client.query(
    noted('select $1::integer, $2::text, $3::text, 1::bigint, null::timestamptz, clock_timestamp(), 1::bigint'),
    [report, kind, place],
  );

/**
 * Notes what was removed beside the store, whose name is never given again: of several that have removed it at once, the first one. In one message: PostgreSQL
 * ends it also for a process that was killed, which has removed it by then.
 */
export async function noteRemovedOnce(pool: Pool, { report, kind, place }: RemovedOf): Promise<void> {
  const [ofKind, at] = [escapeLiteral(kind), escapeLiteral(place)];
  await pool.query(
    `select pg_advisory_xact_lock(hashtextextended(current_schema() || ' janitor', 0));
    ${noted(
      `select ${Math.trunc(report)}, ${ofKind}, ${at}, 1::bigint, null::timestamptz, clock_timestamp(), 1::bigint
        where not exists (select from janitor_findings where kind = ${ofKind} and place = ${at} and removed > 0)`,
    )}`,
  );
}

/** A process that is stopped in the middle of it would hold up the stream. */
const BOUNDS = ["set local lock_timeout = '2s'", "set local idle_in_transaction_session_timeout = '10s'"];

async function dropTables(
  pool: Pool,
  of: { readonly report: number; readonly kind: 'shadow-table' | 'build-table'; readonly stray: string },
): Promise<readonly string[]> {
  const { rows } = await pool.query<StrayTable>(`select * from (${of.stray}) t order by place`);
  const troubles: string[] = [];
  for (const table of rows)
    try {
      await transaction(pool, (client) => dropTable(client, { ...of, table }), BOUNDS);
    } catch (error) {
      // Another janitor was quicker.
      if ((await pool.query('select where to_regclass($1) is not null', [table.table])).rowCount === 0) continue;
      troubles.push(`${table.place}: not removed: ${explain(error)}`);
    }
  return troubles;
}

/**
 * A run that begins, and one that goes on, locks its stream before it touches its shadow; a rebuild locks its table, and has its own lock
 * by then. So under these locks nobody needs the table who did not need it before.
 */
async function dropTable(
  client: ClientBase,
  { report, kind, stray, table }: { report: number; kind: LeftoverKind; stray: string; table: StrayTable },
): Promise<void> {
  if (kind === 'shadow-table') await client.query('select from streams where stream_id = $1 for update', [table.id]);
  else if ((await client.query('select where to_regclass($1) is not null', [table.table])).rowCount === 1)
    await client.query(`lock table ${table.table} in access exclusive mode`);
  const { rowCount } = await client.query(`select from (${stray}) t where t.table = $1`, [table.table]);
  if (rowCount !== 1) return;
  await client.query(`drop table ${table.table}`);
  await noteRemoved(client, { report, kind, place: table.place });
}
