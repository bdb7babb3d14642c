import type { ClientBase } from 'pg';
import type { LandedStream } from '../core/landed-stream.ts';
import { quoted } from '../core/sql-text.ts';
import { rowIdSql } from '../targets/postgres/row-id.ts';
import { targetOf } from '../targets/postgres/target-table.ts';

/** How two rows of a pair came: with one page, with two pages of a run, with two runs, with pushes, or in two streams. */
export type CauseKind = 'page' | 'run' | 'runs' | 'push' | 'streams';

export interface Cause {
  readonly kind: CauseKind;
  /** Of the row that came later. */
  readonly stream: string;
  readonly pairs: number;
  /** ISO, when the later row of the first and of the last such pair came. */
  readonly since: string;
  readonly last: string;
}

/** Where rows came from that were there already under another key. */
export interface Origin {
  readonly stream: string;
  /** The run's id; of a push, who pushed. */
  readonly from: string;
  /** Rows of pairs that came from there, as the later one of their pair. */
  readonly rows: number;
  /** All that came from there and was new. */
  readonly inserted: number;
  /** ISO. */
  readonly at: string;
  readonly requestId: string | null;
}

export interface Causes {
  readonly causes: readonly Cause[];
  /** Those that brought most of them first. */
  readonly origins: readonly Origin[];
}

/** So many origins are told. */
const ORIGINS = 20;

/**
 * How the duplicates of a plan came to be: by the pages that brought the present version of each row, as the ledger has them. Pairs whose rows are gone
 * are left out. Call it in a transaction that may make temporary tables.
 */
export async function duplicateCauses(
  client: ClientBase,
  { plan, streams }: { readonly plan: number; readonly streams: ReadonlyMap<string, LandedStream> },
): Promise<Causes> {
  await client.query(
    `create temp table pair_rows on commit drop as ${[...streams]
      .map(
        ([
          name,
          stream,
        ]) => `select '${name}' collate "C" as stream, n.row, t._event as event, t._page as page, s.stream_id, n.cluster
        from (select left_row as row, cluster from duplicate_pairs where plan_id = ${plan} and left_stream = '${name}'
          union select right_row, cluster from duplicate_pairs where plan_id = ${plan} and right_stream = '${name}') n
        join ${targetOf(stream)} t on ${rowIdSql(stream, 't')} collate "C" = n.row
        join streams s on s.partner = '${stream.partner.name}' and s.name = '${stream.name}'`,
      )
      .join('\n      union all ')}`,
  );
  await client.query('create index on pair_rows (stream, row); analyze pair_rows');
  await client.query(
    `create temp table pair_arrivals on commit drop as
      select case when l.stream <> r.stream then 'streams' when lp.kind = 'push' or rp.kind = 'push' then 'push'
          when l.page = r.page then 'page' when lp.run_no = rp.run_no then 'run' else 'runs' end as kind,
        case when (lp.fetched_at, l.event) > (rp.fetched_at, r.event) then l.stream else r.stream end as stream,
        case when (lp.fetched_at, l.event) > (rp.fetched_at, r.event) then l.row else r.row end as row,
        case when (lp.fetched_at, l.event) > (rp.fetched_at, r.event) then l.stream_id else r.stream_id end as stream_id,
        case when (lp.fetched_at, l.event) > (rp.fetched_at, r.event) then l.page else r.page end as page,
        greatest(lp.fetched_at, rp.fetched_at) as at
      from duplicate_pairs p
        join pair_rows l on l.stream = p.left_stream and l.row = p.left_row join pair_rows r on r.stream = p.right_stream and r.row = p.right_row
        join pages lp on lp.stream_id = l.stream_id and lp.page_id = l.page join pages rp on rp.stream_id = r.stream_id and rp.page_id = r.page
      where p.plan_id = $1 and p.decision is distinct from 'no' and (p.found = 'merge' or p.decision = 'merge')`,
    [plan],
  );
  const { rows: causes } = await client.query<Omit<Cause, 'since' | 'last'> & { since: Date; last: Date }>(
    `select kind, stream, count(*)::integer as pairs, min(at) as since, max(at) as last from pair_arrivals group by 1, 2 order by 3 desc`,
  );
  const { rows: origins } = await client.query<Omit<Origin, 'at'> & { at: Date }>(
    `select a.stream, coalesce(max(r.sync_id), max(p.caller), max(p.kind)) as "from", count(distinct (a.stream, a.row))::integer as rows,
        coalesce(max(r.inserted), sum(distinct p.inserted))::integer as inserted, min(p.fetched_at) as at, min(p.request_id) as "requestId"
      from pair_arrivals a join pages p on p.stream_id = a.stream_id and p.page_id = a.page
        left join stream_runs r on r.stream_id = p.stream_id and r.run_no = p.run_no
      group by a.stream, a.stream_id, coalesce(r.run_no, -1), p.caller order by 3 desc, min(p.fetched_at) limit ${ORIGINS}`,
  );
  return {
    causes: causes.map((cause) => ({ ...cause, since: cause.since.toISOString(), last: cause.last.toISOString() })),
    origins: origins.map((origin) => ({ ...origin, at: origin.at.toISOString() })),
  };
}

/** A column that might be the key that the definition should have had. */
export interface KeyCandidate {
  readonly stream: string;
  readonly column: string;
  /** Pairs of rows of this stream that have the same value in it, as it is. */
  readonly same: number;
  /** Or but for case and spaces at its ends. */
  readonly sameNormalised: number;
  readonly pairs: number;
  /** Values that rows of two clusters have, or rows of none: with this key they would be one. */
  readonly shared: number;
  /** Rows without a value. */
  readonly missing: number;
}

/** For each column of a stream's table, how well it would have been a key. Call it after `duplicateCauses`. */
export async function keyCandidates(
  client: ClientBase,
  { plan, streams }: { readonly plan: number; readonly streams: ReadonlyMap<string, LandedStream> },
): Promise<readonly KeyCandidate[]> {
  const found: KeyCandidate[] = [];
  for (const [name, stream] of streams) {
    const columns = stream.columns
      .filter(({ type }) => type !== 'json' && type !== 'boolean')
      .map((column) => column.name);
    for (const column of columns) {
      const [l, r, t] = ['l', 'r', 't'].map((alias) => `${alias}.${quoted(column)}::text`) as [string, string, string];
      const id = (alias: string): string => `${rowIdSql(stream, alias)} collate "C"`;
      const { rows } = await client.query<Omit<KeyCandidate, 'stream' | 'column'>>(
        `select count(*)::integer as pairs, count(*) filter (where ${l} = ${r})::integer as same,
            count(*) filter (where lower(btrim(${l})) = lower(btrim(${r})))::integer as "sameNormalised",
            (select count(*)::integer from (select from ${targetOf(stream)} t left join pair_rows v on v.stream = $2 and v.row = ${id('t')}
                where ${t} is not null and t._deleted_at is null group by lower(btrim(${t}))
                having count(distinct coalesce('c' || v.cluster, 'r' || ${id('t')})) > 1) s) as shared,
            (select count(*)::integer from ${targetOf(stream)} t where ${t} is null and t._deleted_at is null) as missing
          from duplicate_pairs p join ${targetOf(stream)} l on ${id('l')} = p.left_row join ${targetOf(stream)} r on ${id('r')} = p.right_row
          where p.plan_id = $1 and p.left_stream = $2 and p.right_stream = $2 and p.decision is distinct from 'no'
            and (p.found = 'merge' or p.decision = 'merge')`,
        [plan, name],
      );
      const counted = rows[0] as (typeof rows)[number];
      if (counted.pairs > 0) found.push({ stream: name, column, ...counted });
    }
  }
  return found;
}
