import type { ClientBase, Pool } from 'pg';
import type { Need } from '../../core/need.ts';
import type { AskedFor } from '../../core/wait-words.ts';

/** A stream's records, by what is asked for them. */
export interface NeededPlace {
  readonly partner: string;
  /** Name of the stream whose records are needed. */
  readonly needed: string;
  /** '': the key. */
  readonly field: string;
}

export interface WantedValue {
  readonly value: string;
  /** Since when the first record waits for it, as PostgreSQL writes it. */
  readonly since: string;
}

/** What records of a stream wait for at one place, those first that are waited for longest, behind `after`. What was asked of late is left out. */
export async function wantedValues(
  client: ClientBase | Pool,
  {
    streamId,
    place: { partner, needed, field },
    againMs,
    after,
    limit,
  }: {
    /** Of the stream that waits. */
    readonly streamId: number;
    readonly place: NeededPlace;
    readonly againMs: number;
    readonly after: WantedValue | undefined;
    readonly limit: number;
  },
): Promise<readonly WantedValue[]> {
  const { rows } = await client.query<WantedValue>(
    `select value, since::text from (
        select n.value, min(w.since) as since from waiting_needs n join waiting w using (stream_id, event)
          where n.stream_id = $1 and n.needed = $3 and n.field = $4 and w.status = 'waiting' and not exists (select from asked_needs a
            where a.partner = $2 and a.needed = $3 and a.field = $4 and a.value = n.value and a.asked_at > now() - $5 * interval '1 millisecond')
          group by n.value) v
      where $6::timestamptz is null or (since, value) > ($6, $7)
      order by since, value limit $8`,
    [streamId, partner, needed, field, againMs, after?.since ?? null, after?.value ?? null, limit],
  );
  return rows;
}

/** How many calls a run has made for one place. */
export async function askedBy(client: ClientBase | Pool, place: NeededPlace, syncId: string): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select count(*) as count from asked_needs where partner = $1 and needed = $2 and field = $3 and sync_id = $4`,
    [place.partner, place.needed, place.field, syncId],
  );
  return Number(rows[0]?.count);
}

export interface AskedNeed extends NeededPlace {
  readonly value: string;
  readonly status: number;
  /** Why the answer brought nothing that could be taken; null: there is no such record, or it came. */
  readonly refused: string | null;
  readonly syncId: string;
}

export async function noteAsked(client: ClientBase | Pool, asked: AskedNeed): Promise<void> {
  const { partner, needed, field, value, status, refused, syncId } = asked;
  await client.query(
    `insert into asked_needs as a (partner, needed, field, value, status, refused, sync_id) values ($1, $2, $3, $4, $5, $6, $7)
      on conflict (partner, needed, field, value) do update set asked_at = now(), status = excluded.status, refused = excluded.refused,
        times = a.times + 1, sync_id = excluded.sync_id`,
    [partner, needed, field, value, status, refused, syncId],
  );
}

/** What nobody waits for any more needs no memory, but for what this run has asked: that bounds its calls. */
export async function forgetAsked(
  client: ClientBase | Pool,
  { partner, syncId }: { readonly partner: string; readonly syncId: string },
): Promise<void> {
  await client.query(
    `delete from asked_needs a where a.partner = $1 and a.sync_id <> $2 and not exists (select from waiting_needs n join streams s using (stream_id)
        where s.partner = $1 and n.needed = a.needed and n.field = a.field and n.value = a.value)`,
    [partner, syncId],
  );
}

/** How many records that a stream waits for were asked for, and the answers could not be taken. */
export async function refusedAnswers(
  client: ClientBase | Pool,
  { partner, streamId }: { readonly partner: string; readonly streamId: number },
): Promise<number> {
  const { rows } = await client.query<{ count: string }>(
    `select count(distinct (a.needed, a.field, a.value)) as count from waiting_needs n
      join asked_needs a on a.partner = $2 and a.needed = n.needed and a.field = n.field and a.value = n.value
      where n.stream_id = $1 and a.refused is not null`,
    [streamId, partner],
  );
  return Number(rows[0]?.count);
}

/** Runs that a run has begun to commit what it fetched, and that have not ended: workflow ids and streams. */
export async function openFetches(
  client: ClientBase | Pool,
  syncId: string,
): Promise<readonly { readonly syncId: string; readonly stream: string }[]> {
  const { rows } = await client.query<{ sync_id: string; name: string }>(
    `select r.sync_id, s.name from stream_runs r join streams s using (stream_id)
      where r.kind = 'fetch' and r.state = 'running' and starts_with(r.sync_id, 'fetch/' || $1 || '/') order by 1`,
    [syncId],
  );
  return rows.map(({ sync_id, name }) => ({ syncId: sync_id, stream: name }));
}

/** What the partner said of the needs of a record that waits. */
export async function answersFor(
  client: ClientBase | Pool,
  { partner, needs }: { readonly partner: string; readonly needs: readonly Need[] },
): Promise<readonly AskedFor[]> {
  const { rows } = await client.query<Need & { asked_at: Date; status: number; refused: string | null; times: string }>(
    `select n.stream, n.field, n.value, a.asked_at, a.status, a.refused, a.times
      from jsonb_to_recordset($2) as n(stream text, field text, value text)
      join asked_needs a on a.partner = $1 and a.needed = n.stream and a.field = n.field and a.value = n.value`,
    [partner, JSON.stringify(needs)],
  );
  return rows.map(({ stream, field, value, asked_at: at, status, refused, times }) => ({
    need: { stream, field, value },
    at: at.toISOString(),
    status,
    refused,
    times: Number(times),
  }));
}
