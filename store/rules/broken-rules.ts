import type { ClientBase, Pool } from 'pg';
import type { BrokenRule } from '../../core/ledger-rule.ts';

/** How many places break each rule of a stream. */
export async function brokenOf(
  client: ClientBase | Pool,
  streamId: number,
): Promise<readonly { readonly rule: string; readonly places: number }[]> {
  const { rows } = await client.query<{ rule: string; places: string }>(
    'select rule, count(*) as places from broken_rules where stream_id = $1 and mended_at is null group by rule order by rule',
    [streamId],
  );
  return rows.map(({ rule, places }) => ({ rule, places: Number(places) }));
}

/** What the rows share that break a rule now. */
export async function openPlaces(
  client: ClientBase,
  { streamId, rule }: { readonly streamId: number; readonly rule: string },
): Promise<readonly string[]> {
  const { rows } = await client.query<{ of: string }>(
    'select of from broken_rules where stream_id = $1 and rule = $2 and mended_at is null',
    [streamId, rule],
  );
  return rows.map(({ of }) => of);
}

/** All of the table was looked at by these rules; what others say is said no more. null: it has none. */
export async function noteChecked(
  client: ClientBase,
  {
    streamId,
    stamp,
    rules,
  }: { readonly streamId: number; readonly stamp: string | null; readonly rules: readonly string[] },
): Promise<void> {
  await client.query('update streams set rules_checked = $2 where stream_id = $1', [streamId, stamp]);
  await client.query('delete from broken_rules where stream_id = $1 and not (rule = any ($2))', [streamId, rules]);
}

/** Something has changed the table otherwise than by a commit: the next run of the stream looks at all of it. */
export async function lookAtAll(client: ClientBase, streamId: number): Promise<void> {
  await client.query('update streams set rules_checked = null where stream_id = $1', [streamId]);
}

/** A broken rule, for people to see. Times are ISO. */
export interface ListedRule extends BrokenRule {
  readonly partner: string;
  readonly stream: string;
  readonly since: string;
  /** As `syncline runs show` takes it; null: the ledger does not have it. */
  readonly lastRun: string | null;
}

/** Those that are broken now, the longest first. While a run of the stream is under way, what it has broken may be mended by its next page. */
export async function listBroken(
  pool: Pool,
  {
    partner,
    stream,
    key,
    limit,
  }: {
    readonly partner?: string | undefined;
    readonly stream?: string | undefined;
    readonly key?: string | undefined;
    readonly limit: number;
  },
): Promise<{ readonly count: number; readonly rules: readonly ListedRule[] }> {
  const { rows } = await pool.query<
    BrokenRule & { partner: string; name: string; since: Date; last_run: string | null; count: string }
  >(
    `select s.partner, s.name, b.rule, b.of, b.found, b.allowed, b.keys, b.since, coalesce(r.run_id, r.sync_id) as last_run, count(*) over () as count
      from broken_rules b join streams s using (stream_id) left join stream_runs r on r.stream_id = b.stream_id and r.run_no = b.last_run
      where b.mended_at is null and ($1::text is null or s.partner = $1) and ($2::text is null or s.name = $2)
        and ($3::text is null or $3 = any (b.keys))
      order by b.since, s.partner, s.name, b.rule, b.of limit $4`,
    [partner ?? null, stream ?? null, key ?? null, limit],
  );
  return {
    count: Number(rows[0]?.count ?? 0),
    rules: rows.map(({ name, since, last_run: lastRun, count: _count, ...row }) => ({
      ...row,
      stream: name,
      since: since.toISOString(),
      lastRun,
    })),
  };
}

/** Streams that break rules, by what their last runs have left. */
export async function streamsBreaking(pool: Pool): Promise<
  readonly {
    readonly partner: string;
    readonly stream: string;
    readonly broken: readonly { readonly rule: string; readonly places: number }[];
  }[]
> {
  const { rows } = await pool.query<{ partner: string; name: string; rule: string; places: string }>(
    `select s.partner, s.name, b.rule, count(*) as places from broken_rules b join streams s using (stream_id)
      where b.mended_at is null and not exists (select from stream_runs r
        where r.stream_id = b.stream_id and r.run_no = b.last_run and r.state = 'running')
      group by s.partner, s.name, b.rule order by 1, 2, 3`,
  );
  const found = new Map<string, { partner: string; stream: string; broken: { rule: string; places: number }[] }>();
  for (const { partner, name, rule, places } of rows) {
    const of = found.get(`${partner} ${name}`) ?? { partner, stream: name, broken: [] };
    of.broken.push({ rule, places: Number(places) });
    found.set(`${partner} ${name}`, of);
  }
  return [...found.values()];
}
