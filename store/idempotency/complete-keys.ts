import type { ClientBase, Pool } from 'pg';
import type { KeyToClaim, StoredAnswer } from './claim-keys.ts';

export interface KeyToComplete extends Pick<KeyToClaim, 'caller' | 'operation' | 'key'> {
  readonly answer: StoredAnswer;
}

/**
 * Stores answers with what they speak of, in its transaction. Returns which of the keys were still ours: of another one the lease ended, somebody else may
 * have it, and nothing may be written for its request.
 */
export async function completeKeys(
  client: ClientBase,
  { keys, lease }: { readonly keys: readonly KeyToComplete[]; readonly lease: string },
): Promise<readonly boolean[]> {
  if (keys.length === 0) return [];
  const { rows } = await client.query<{ no: string }>({
    name: 'complete keys',
    // Locked in the order of the keys, as they are claimed.
    text: `with told as (
        select * from unnest($1::text[], $2::text[], $3::text[], $5::integer[], $6::text[], $7::text[]) with ordinality as t(c, o, k, status, location, body, no)
      ), ours as (
        select t.* from told t join idempotency i on i.caller = t.c and i.operation = t.o and i.key = t.k
          where i.lease = $4 and i.status is null order by t.c, t.o, t.k for update of i
      )
      update idempotency i set status = o.status, location = o.location, body = o.body, lease = null, lease_until = null
        from ours o where i.caller = o.c and i.operation = o.o and i.key = o.k returning o.no`,
    values: [
      keys.map(({ caller }) => caller),
      keys.map(({ operation }) => operation),
      keys.map(({ key }) => key),
      lease,
      keys.map(({ answer }) => answer.status),
      keys.map(({ answer }) => answer.location),
      keys.map(({ answer }) => answer.body),
    ],
  });
  const ours = new Set(rows.map(({ no }) => Number(no) - 1));
  return keys.map((_, i) => ours.has(i));
}

/** Gives back claims of requests that came to nothing, so that they can be sent again at once. */
export async function releaseKeys(
  pool: Pool,
  {
    keys,
    lease,
  }: { readonly keys: readonly Pick<KeyToClaim, 'caller' | 'operation' | 'key'>[]; readonly lease: string },
): Promise<void> {
  if (keys.length === 0) return;
  await pool.query(
    `delete from idempotency i using unnest($1::text[], $2::text[], $3::text[]) as t(c, o, k)
      where i.caller = t.c and i.operation = t.o and i.key = t.k and i.lease = $4 and i.status is null`,
    [keys.map(({ caller }) => caller), keys.map(({ operation }) => operation), keys.map(({ key }) => key), lease],
  );
}

const BATCH = 5000;

/** Forgets all keys that have expired, as many as they are; how many. Between two batches it ends when it is told to. */
export async function sweepKeys(pool: Pool, signal?: AbortSignal): Promise<number> {
  for (let swept = 0; ;) {
    const { rowCount } = await pool.query(
      `delete from idempotency where ctid = any (array(
        select ctid from idempotency where expires_at < now() and (status is not null or lease_until < now()) limit ${BATCH} for update skip locked))`,
    );
    swept += rowCount ?? 0;
    if ((rowCount ?? 0) < BATCH || signal?.aborted === true) return swept;
  }
}
