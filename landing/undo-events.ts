import type { ClientBase } from 'pg';
import type { Operation } from '../core/logged-event.ts';
import { relabelEvents } from '../store/undo/relabel.ts';

/** Temporary tables of one undo in one stream's log. */
export const ownOf = (streamId: number): string => `undo_own_${streamId}`;
export const keysOf = (streamId: number): string => `undo_keys_${streamId}`;
export const leftOf = (streamId: number): string => `undo_left_${streamId}`;

/** Which events of a log count no more, or again. */
export type Own =
  /** What came with pages of this run: a record that was replayed or released since is still its record. */
  | { readonly run: number }
  /** What a run of another stream says is gone in this one. */
  | { readonly deletesOf: string }
  | { readonly events: readonly number[] };

/** Finds them, and the keys that they speak of. Returns how many, and the first of them. */
export async function findOwn(
  client: ClientBase,
  { streamId, own }: { readonly streamId: number; readonly own: Own },
): Promise<{ readonly count: number; readonly keys: number; readonly first: number }> {
  const [mine, keys, left] = [ownOf(streamId), keysOf(streamId), leftOf(streamId)];
  await client.query(`drop table if exists ${mine}, ${keys}, ${left}`);
  await client.query(
    `create temp table ${mine} (event bigint primary key, key text collate "C", operation "char") on commit drop`,
  );
  const of = `insert into ${mine} select e.event, e.key, e.operation from events_${streamId} e`;
  const ofPages = (which: string): string =>
    `${of} join pages p on p.stream_id = ${streamId} and p.page_id = coalesce(e.received_page, e.page)
      where ${which} and e.operation not in ('x', 'r')`;
  if ('run' in own) await client.query(ofPages(`p.kind <> 'deletes' and p.run_no = $1`), [own.run]);
  else if ('deletesOf' in own) await client.query(ofPages(`p.kind = 'deletes' and p.cursor_in = $1`), [own.deletesOf]);
  else await client.query(`${of} where e.event = any ($1)`, [own.events]);
  await client.query(
    `create temp table ${keys} on commit drop as select distinct key from ${mine} where key is not null and lower(operation::text) <> 'w'`,
  );
  await client.query(`create temp table ${left} (event bigint primary key) on commit drop`);
  await client.query(`analyze ${mine}, ${keys}`);
  const { rows } = await client.query<{ count: string; keys: string; first: string | null }>(
    `select count(*) as count, (select count(*) from ${keys}) as keys, min(event) as first from ${mine}`,
  );
  return { count: Number(rows[0]?.count), keys: Number(rows[0]?.keys), first: Number(rows[0]?.first ?? 0) };
}

const CHUNK = 5000;

/** Of events that count no more, or again, the letters change; what they say stays. */
export async function markOwn(client: ClientBase, streamId: number, counts: Counts): Promise<void> {
  for (let after = 0; ;) {
    const { rows } = await client.query<{ event: string; operation: Operation }>(
      `select event, operation from ${ownOf(streamId)} where event > $1 order by event limit ${CHUNK}`,
      [after],
    );
    const labels = rows.map(({ event, operation }) => ({
      event: Number(event),
      operation: letterOf(operation, counts),
    }));
    await relabelEvents(client, { streamId, labels });
    after = labels.at(-1)?.event ?? after;
    if (rows.length < CHUNK) return;
  }
}

export type Counts = 'again' | 'no more';

export const letterOf = (operation: Operation, counts: Counts): Operation =>
  (counts === 'again' ? operation.toLowerCase() : operation.toUpperCase()) as Operation;
