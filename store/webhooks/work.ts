import type { ClientBase, Pool } from 'pg';

export interface WorkPlace {
  readonly kind: 'hint' | 'sync';
  /** '': all streams of the partner. */
  readonly stream: string;
  /** Of a hint: the record's key, as the log writes keys; '' otherwise. */
  readonly key: string;
}

export interface NotedWork extends WorkPlace {
  readonly waitMs: number;
}

/** Notes what a delivery asks for. What is open already is joined, and does not wait any longer for that; what had failed is tried again. */
export async function noteWork(
  client: ClientBase | Pool,
  {
    partner,
    webhook,
    work,
  }: { readonly partner: string; readonly webhook: string; readonly work: readonly NotedWork[] },
): Promise<void> {
  if (work.length === 0) return;
  // Locked in one order, whoever notes what; and one statement may not touch a row twice.
  const distinct = [
    ...new Map(work.map((each) => [JSON.stringify([each.kind, each.stream, each.key]), each])),
  ].toSorted(([a], [b]) => (a < b ? -1 : 1));
  const rows = distinct.map(([, each]) => each);
  await client.query({
    name: 'note work of webhooks',
    text: `insert into webhook_work as w (partner, webhook, kind, stream, key, due_at)
        select $1, $2, kind, stream, key, clock_timestamp() + wait * interval '1 millisecond'
          from unnest($3::text[], $4::text[], $5::text[], $6::integer[]) as t(kind, stream, key, wait)
      on conflict (partner, kind, stream, key) do update set noted = w.noted + 1, webhook = excluded.webhook, state = 'open',
        noted_at = clock_timestamp(), attempts = case when w.state = 'failed' then 0 else w.attempts end,
        due_at = case when w.state = 'open' and w.noted > w.done then w.due_at else excluded.due_at end`,
    values: [
      partner,
      webhook,
      rows.map(({ kind }) => kind),
      rows.map(({ stream }) => stream),
      rows.map(({ key }) => key),
      rows.map(({ waitMs }) => waitMs),
    ],
  });
}

export interface DueWork extends WorkPlace {
  readonly webhook: string;
  /** What it is done up to, once this is done. */
  readonly noted: number;
  readonly attempts: number;
}

/** What of a partner is due, longest first. */
export async function dueWork(
  client: ClientBase | Pool,
  of: { readonly partner: string; readonly kind: WorkPlace['kind']; readonly limit: number },
): Promise<readonly DueWork[]> {
  const { rows } = await client.query<{
    stream: string;
    key: string;
    webhook: string;
    noted: string;
    attempts: number;
  }>(
    `select stream, key, webhook, noted, attempts from webhook_work
      where partner = $1 and kind = $2 and state = 'open' and noted > done and due_at <= clock_timestamp() order by due_at, stream, key limit $3`,
    [of.partner, of.kind, of.limit],
  );
  return rows.map((row) => ({
    kind: of.kind,
    stream: row.stream,
    key: row.key,
    webhook: row.webhook,
    noted: Number(row.noted),
    attempts: row.attempts,
  }));
}

/** Partners with work of a kind that is due. */
export async function partnersWithWork(pool: Pool, kind: WorkPlace['kind']): Promise<readonly string[]> {
  const { rows } = await pool.query<{ partner: string }>({
    name: 'partners with work of webhooks',
    text: `select distinct partner from webhook_work where kind = $1 and state = 'open' and noted > done and due_at <= clock_timestamp()`,
    values: [kind],
  });
  return rows.map(({ partner }) => partner);
}

/** When the next hint of a partner is due, ISO; undefined: none is open. */
export async function nextDue(client: ClientBase | Pool, partner: string): Promise<string | undefined> {
  const { rows } = await client.query<{ due_at: Date | null }>(
    `select min(due_at) as due_at from webhook_work where partner = $1 and kind = 'hint' and state = 'open' and noted > done`,
    [partner],
  );
  return rows[0]?.due_at?.toISOString();
}

type Done = { readonly partner: string } & Pick<DueWork, 'kind' | 'stream' | 'key' | 'noted'>;

/** A hint is done as far as it was asked for: gone if nothing came meanwhile, else due again at once. */
export async function hintDone(client: ClientBase | Pool, { partner, stream, key, noted }: Done): Promise<void> {
  const { rowCount } = await client.query(
    `delete from webhook_work where partner = $1 and kind = 'hint' and stream = $2 and key = $3 and noted = $4`,
    [partner, stream, key, noted],
  );
  if (rowCount === 0)
    await client.query(
      `update webhook_work set done = $4, attempts = 0, reason = null, due_at = clock_timestamp()
        where partner = $1 and kind = 'hint' and stream = $2 and key = $3 and done < $4`,
      [partner, stream, key, noted],
    );
}

/** It came to nothing: it is tried again after a while, or waits for a person. */
export async function hintRefused(
  client: ClientBase | Pool,
  {
    partner,
    stream,
    key,
    reason,
    again,
  }: Done & { readonly reason: string; /** ms; undefined: it is given up. */ readonly again: number | undefined },
): Promise<void> {
  await client.query(
    `update webhook_work set attempts = attempts + 1, reason = $4, state = case when $5::bigint is null then 'failed' else 'open' end,
        due_at = clock_timestamp() + coalesce($5::bigint, 0) * interval '1 millisecond'
      where partner = $1 and kind = 'hint' and stream = $2 and key = $3`,
    [partner, stream, key, reason, again ?? null],
  );
}

export interface DueSync {
  readonly partner: string;
  /** '': all streams of the partner. */
  readonly stream: string;
  readonly noted: number;
  /** Workflow id of the last one. */
  readonly runId: string | null;
}

/** Takes the syncs that are due; nobody else does so for a while, and whoever dies half-way leaves them to the others. */
export async function takeSyncs(pool: Pool, forMs: number): Promise<readonly DueSync[]> {
  const { rows } = await pool.query<{ partner: string; stream: string; noted: string; run_id: string | null }>({
    name: 'take syncs of webhooks',
    text: `update webhook_work w set due_at = clock_timestamp() + $1 * interval '1 millisecond'
        from (select partner, stream from webhook_work where kind = 'sync' and state = 'open' and noted > done and due_at <= clock_timestamp()
          order by due_at limit 20 for update skip locked) d
        where w.partner = d.partner and w.stream = d.stream and w.kind = 'sync' and w.key = ''
      returning w.partner, w.stream, w.noted, w.run_id`,
    values: [forMs],
  });
  return rows.map(({ noted, run_id: runId, ...row }) => ({ ...row, noted: Number(noted), runId }));
}

/** A sync has begun that reads what was asked for up to `noted`. */
export async function syncBegun(
  client: ClientBase | Pool,
  { partner, stream, noted, runId }: DueSync & { readonly runId: string },
): Promise<void> {
  await client.query(
    `update webhook_work set done = greatest(done, $3), run_id = $4, reason = null, attempts = 0, due_at = clock_timestamp()
      where partner = $1 and kind = 'sync' and stream = $2 and key = ''`,
    [partner, stream, noted, runId],
  );
}

/** It could not begin: it is looked at again after a while. */
export async function syncWaits(
  client: ClientBase | Pool,
  {
    partner,
    stream,
    waitMs,
    reason,
  }: Pick<DueSync, 'partner' | 'stream'> & { readonly waitMs: number; readonly reason: string },
): Promise<void> {
  await client.query(
    `update webhook_work set due_at = clock_timestamp() + $3 * interval '1 millisecond', reason = $4
      where partner = $1 and kind = 'sync' and stream = $2 and key = ''`,
    [partner, stream, waitMs, reason],
  );
}

/** Hints that were given up are due again; how many. */
export async function reopenHints(
  client: ClientBase | Pool,
  { partner, webhook }: { readonly partner: string; readonly webhook: string },
): Promise<number> {
  const { rowCount } = await client.query(
    `update webhook_work set state = 'open', attempts = 0, noted = noted + 1, due_at = clock_timestamp()
      where partner = $1 and webhook = $2 and state = 'failed'`,
    [partner, webhook],
  );
  return rowCount ?? 0;
}
