import type { ClientBase, Pool } from 'pg';
import { callerKeyText, hashOfSecret, newCallerKey } from '../../core/caller-key.ts';
import { InvalidInput } from '../../core/errors.ts';
import { transaction } from '../session/transaction.ts';
import { audit, type Person } from './audit.ts';
import { lockCaller } from './lock-caller.ts';

/** The text is for the caller and is kept nowhere. */
export async function makeKey(
  client: ClientBase,
  caller: string,
): Promise<{ readonly keyId: string; readonly text: string }> {
  const key = newCallerKey();
  await client.query('insert into caller_keys (key_id, caller, hash) values ($1, $2, $3)', [
    key.keyId,
    caller,
    hashOfSecret(key.secret),
  ]);
  return { keyId: key.keyId, text: callerKeyText(key) };
}

export interface Rotated {
  readonly key: string;
  /** Keys that were valid before, and when each of them ends, ISO. */
  readonly ending: readonly { readonly keyId: string; readonly endsAt: string }[];
}

/**
 * A new key. The newest of those before stays valid for `overlapMs`, unless its end is sooner; any older one ends now, so that no more
 * than two are valid.
 */
export function rotateKey(
  pool: Pool,
  { caller, overlapMs }: { readonly caller: string; readonly overlapMs: number },
  person: Person,
): Promise<Rotated> {
  return transaction(pool, async (client) => {
    await lockCaller(client, caller);
    const { rows } = await client.query<{ key_id: string; ends_at: Date }>(
      `update caller_keys as k set ends_at = least(k.ends_at, clock_timestamp() + case when v.place = 1 then $2::float8 else 0 end * interval '1 millisecond')
        from (select key_id, row_number() over (order by created_at desc, key_id) as place from caller_keys
          where caller = $1 and (ends_at is null or ends_at > clock_timestamp())) as v
        where k.key_id = v.key_id returning k.key_id, k.ends_at`,
      [caller, overlapMs],
    );
    const ending = rows.map((row) => ({ keyId: row.key_id, endsAt: row.ends_at.toISOString() }));
    const { keyId, text } = await makeKey(client, caller);
    await audit(client, {
      kind: 'caller',
      subject: caller,
      action: 'rotated',
      detail: { key: keyId, ending },
      ...person,
    });
    return { key: text, ending };
  });
}

/** Ends one key now; the caller goes on with its other one, if it has one. */
export function revokeKey(
  pool: Pool,
  { caller, keyId }: { readonly caller: string; readonly keyId: string },
  person: Person,
): Promise<void> {
  return transaction(pool, async (client) => {
    await lockCaller(client, caller);
    const { rowCount } = await client.query(
      `update caller_keys set ends_at = clock_timestamp()
        where key_id = $2 and caller = $1 and (ends_at is null or ends_at > clock_timestamp())`,
      [caller, keyId],
    );
    if (rowCount === 0) throw new InvalidInput(`${caller} has no valid key ${keyId}`);
    await audit(client, { kind: 'caller', subject: caller, action: 'revoked', detail: { key: keyId }, ...person });
  });
}

/** Notes that keys are in use. Leaves out those that another process notes at this moment. */
export async function noteUsed(pool: Pool, keyIds: readonly string[]): Promise<void> {
  await pool.query(
    `update caller_keys set used_at = clock_timestamp() where key_id in (select key_id from caller_keys where key_id = any ($1)
      and (used_at is null or used_at < clock_timestamp() - interval '30 seconds') for no key update skip locked)`,
    [keyIds],
  );
}
