import type { ClientBase } from 'pg';
import { eraseFromCalls } from './erase-calls.ts';
import { eraseFromWebhooks } from './erase-webhooks.ts';
import type { Erased } from './erasures.ts';

export interface ToErase {
  readonly streamId: number;
  /** As the log has them. */
  readonly keys: readonly string[];
  /** Events of records without a key. */
  readonly events: readonly string[];
  /** Entries of the quarantine whose key could not be read, as page and ordinal. */
  readonly entries: readonly { readonly page: string; readonly ordinal: number }[];
}

/** Shorter texts stand in too many cursors that have nothing to do with them. */
const SHORTEST = 4;
const GONE = 'erased';

/**
 * Takes keys, and all that came with them, out of the log, the quarantine and the ledger. Events keep their numbers, since those are consecutive; nothing
 * else of them is left. Call it under the stream's lock, while no run of it is under way.
 */
export async function eraseFromLedger(
  client: ClientBase,
  { streamId, keys, events: loose, entries }: ToErase,
): Promise<Omit<Erased, 'rows'>> {
  const count = async (text: string, values: readonly unknown[]): Promise<number> =>
    (await client.query(text, [...values])).rowCount ?? 0;
  const of = [streamId, keys];
  const long = keys.filter((key) => key.length >= SHORTEST);
  // Before the log: what waits without a key is found by its event.
  await client.query(
    `delete from undo_waiting where stream_id = $1 and (was ->> 'key' = any ($2) or event = any ($3::bigint[]))`,
    [...of, loose],
  );
  await client.query(
    `delete from undo_changes c using events_${streamId} e where c.stream_id = $1 and e.event = c.event
        and (e.key = any ($2) or e.event = any ($3::bigint[]))`,
    [...of, loose],
  );
  const waiting = await count(
    'delete from waiting where stream_id = $1 and (key = any ($2) or event = any ($3::bigint[]))',
    [...of, loose],
  );
  // By their own keys, and by what only they were waiting for.
  await client.query(
    `delete from asked_needs a using streams s where s.stream_id = $1 and a.partner = s.partner and (a.value = any ($2)
        or not exists (select from waiting_needs n join streams o using (stream_id)
          where o.partner = s.partner and n.needed = a.needed and n.field = a.field and n.value = a.value))`,
    of,
  );
  const events = await count(
    `update events_${streamId} set operation = 'x', key = null, version = null, event_time = null, payload = 'null',
        hash = '00000000-0000-0000-0000-000000000000' where key = any ($1) or event = any ($2::bigint[])`,
    [keys, loose],
  );
  await eraseFromWebhooks(client, { streamId, keys });
  await eraseFromCalls(client, { streamId, keys });
  await client.query(
    `delete from reconcile_findings f using reconciliations c
      where c.stream_id = $1 and f.reconciliation = c.reconciliation and f.key = any ($2)`,
    of,
  );
  await client.query(
    `delete from reconcile_seen s using reconcile_listings l, reconciliations c
      where c.stream_id = $1 and l.reconciliation = c.reconciliation and s.listing_id = l.listing_id and s.key = any ($2)`,
    of,
  );
  await client.query(
    `delete from reconcile_asked a using reconciliations c
      where c.stream_id = $1 and a.reconciliation = c.reconciliation and a.key = any ($2)`,
    of,
  );
  await client.query(
    `delete from target_findings f using target_comparisons c where c.stream_id = $1 and f.comparison = c.comparison
        and (f.key = any ($2) or f.store_event = any ($3::bigint[]) or f.target_event = any ($3::bigint[]))`,
    [...of, loose],
  );
  // The next run looks at all that is left.
  await client.query('delete from broken_rules where stream_id = $1', [streamId]);
  await client.query('update streams set rules_checked = null where stream_id = $1 and rules_checked is not null', [
    streamId,
  ]);
  // Keys are shown there as examples, and none is needed once it was looked at.
  await client.query(`update approvals set examples = '{}' where stream_id = $1`, [streamId]);
  return {
    events,
    waiting,
    quarantined: await count(
      `delete from quarantine where stream_id = $1
          and (key = any ($2) or (page, ordinal) in (select * from unnest($3::bigint[], $4::integer[])))`,
      [...of, entries.map(({ page }) => page), entries.map(({ ordinal }) => ordinal)],
    ),
    tombstones: await count('delete from tombstones where stream_id = $1 and key = any ($2)', of),
    anomalies: await count('delete from anomalies where stream_id = $1 and key = any ($2)', of),
    pages: await count(
      `update pages p set
          parents = (select array_agg(case when v = any ($2) then '${GONE}' else v end order by n)
            from unnest(p.parents) with ordinality as of(v, n)),
          cursor_in = case when ${holds('p.cursor_in')} then '${GONE}' else p.cursor_in end,
          cursor_out = case when ${holds('p.cursor_out')} then '${GONE}' else p.cursor_out end
        from streams s, streams own
        where own.stream_id = $1 and s.partner = own.partner and p.stream_id = s.stream_id
          and (p.parents && $2 or ${holds('p.cursor_in')} or ${holds('p.cursor_out')})`,
      [...of, long],
    ),
    runs: await count(
      `update stream_runs r set checkpoint = '{"slice":0,"parents":[],"cursor":null,"expected":null,"done":true}'
        from streams s, streams own
        where own.stream_id = $1 and s.partner = own.partner and r.stream_id = s.stream_id and r.state = 'done'
          and ${holds('r.checkpoint')} and $2::text[] is not null`,
      [...of, long],
    ),
    parents: await count(
      `delete from read_parents p using streams s, streams own where own.stream_id = $1 and s.partner = own.partner
          and p.stream_id = s.stream_id and p.parent = any ($2)`,
      of,
    ),
  };
}

const holds = (text: string): string =>
  `exists (select from unnest($3::text[]) as k(key) where strpos(${text}, k.key) > 0)`;
