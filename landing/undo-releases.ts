import type { ClientBase } from 'pg';
import { InvalidInput } from '../core/errors.ts';
import type { CompiledNeed, CompiledStream } from '../definitions/compiled.ts';
import { quoted } from '../core/sql-text.ts';
import { noteNeeds } from '../store/waiting/renew-needs.ts';
import { targetOf } from '../targets/postgres/target-table.ts';
import { keyIs } from './key-is.ts';
import type { LockedStream } from './related-locks.ts';
import { keysOf } from './undo-events.ts';

const beforeUndoOf = (streamId: number): string => `undo_before_${streamId}`;

/** Keeps the rows of the keys that an undo touches, by which others may have found them. */
export async function rememberRows(client: ClientBase, { stream, streamId }: LockedStream): Promise<void> {
  const before = beforeUndoOf(streamId);
  await client.query(`drop table if exists ${before}`);
  await client.query(
    `create temp table ${before} on commit drop as select t.* from ${targetOf(stream)} t
      join events_${streamId} e on e.event = t._event join ${keysOf(streamId)} k on k.key = e.key where t._deleted_at is null`,
  );
}

/**
 * Records of a stream that waited for what an undo has taken out of another one, and were released since: they wait again. What was told to its table at once,
 * since what it needed was there, has left no trace of that: such records refuse the undo. Returns the events that had released them.
 */
export async function waitAgainFor(
  client: ClientBase,
  { undo, needed, needing }: { readonly undo: number; readonly needed: LockedStream; readonly needing: LockedStream },
): Promise<readonly number[]> {
  const released: number[] = [];
  const table = targetOf(needing.stream);
  for (const need of (needing.stream.relations?.needs ?? []).filter(({ stream }) => stream === needed.stream.name)) {
    const gone = goneRows(needed, need);
    if (gone === undefined) continue;
    const { rows } = await client.query<{ event: string; settled_event: string | null }>(
      `select w.event, w.settled_event from waiting w where w.stream_id = $1 and w.status = 'released' and w.by_person is null
          and exists (select from jsonb_to_recordset(w.needs) as n(stream text, field text, value text), (${gone}) b
            where n.stream = $2 and n.field = $3 and ${keyIs(offering(needed, need), 'n.value', 'b')})`,
      [needing.streamId, needed.stream.name, need.field],
    );
    released.push(...rows.flatMap(({ settled_event: event }) => (event === null ? [] : [Number(event)])));
    await waitAgain(client, { undo, streamId: needing.streamId, events: rows.map(({ event }) => Number(event)) });
    const { rows: told } = await client.query<{ count: string; example: string | null }>(
      `select count(*) as count, min(e.key) as example from ${table} t join events_${needing.streamId} e on e.event = t._event
        where t._deleted_at is null and t._event <> all ($1) and exists (select from (${gone}) b where ${named(needed, needing, need)})`,
      [released],
    );
    const { count, example } = told[0] as { count: string; example: string | null };
    if (count !== '0')
      throw new InvalidInput(
        `${count === '1' ? '1 record' : `${count} records`} of ${needing.stream.name} ${count === '1' ? 'needs' : 'need'} what it brought to ${needed.stream.name}, such as ${example ?? '(no key)'}: ` +
          `undo the run that brought ${count === '1' ? 'it' : 'them'} first (\`syncline trace ${needing.stream.partner.name} ${needing.stream.name} KEY\` names it)`,
      );
  }
  return released;
}

const columnsOf = (needed: LockedStream, { field }: CompiledNeed) =>
  needed.stream.relations?.offers.find((offer) => offer.field === field)?.columns ?? [];

/** `keyIs` looks at the key's columns alone. */
const offering = (needed: LockedStream, need: CompiledNeed): CompiledStream => ({
  ...needed.stream,
  keyColumns: columnsOf(needed, need),
});

/** In SQL: rows of before whose value no row has any more. */
function goneRows({ stream, streamId, ...needed }: LockedStream, need: CompiledNeed): string | undefined {
  const columns = columnsOf({ stream, streamId, ...needed }, need);
  if (columns.length === 0) return undefined;
  const same = columns.map(({ name }) => `t.${quoted(name)} = x.${quoted(name)}`).join(' and ');
  // One that is known to have been there needs nobody to wait for it any more.
  const known =
    need.field === ''
      ? ` and not exists (select from tombstones g where g.stream_id = ${streamId} and g.known and ${keyIs(stream, 'g.key', 'x')})`
      : '';
  return `select * from ${beforeUndoOf(streamId)} x where not exists (select from ${targetOf(stream)} t where ${same} and t._deleted_at is null)${known}`;
}

/** In SQL: a row `t` of the stream that needs names the row `b`. */
function named(needed: LockedStream, needing: LockedStream, need: CompiledNeed): string {
  return columnsOf(needed, need)
    .map(({ name }, at) => {
      const path = need.by[at]?.path ?? [];
      const own = needing.stream.columns.find((column) => column.path.join('.') === path.join('.'));
      const value = own === undefined ? `t._extra #>> '{${path.join(',')}}'` : `t.${quoted(own.name)}`;
      return `(${value})::text = b.${quoted(name)}::text`;
    })
    .join(' and ');
}

async function waitAgain(
  client: ClientBase,
  { undo, streamId, events }: { readonly undo: number; readonly streamId: number; readonly events: readonly number[] },
): Promise<void> {
  if (events.length === 0) return;
  await keepWaiting(client, { undo, streamId, events });
  await client.query(
    `update waiting set status = 'waiting', settled_at = null, fate = null, settled_event = null, by_stream = null, by_event = null
      where stream_id = $1 and event = any ($2)`,
    [streamId, events],
  );
  await noteNeeds(client, { streamId, events });
}

/** Records of the run that waited, or had waited: they count no more. */
export async function stopWaiting(
  client: ClientBase,
  { undo, streamId, own }: { readonly undo: number; readonly streamId: number; readonly own: string },
): Promise<void> {
  const { rows } = await client.query<{ event: string }>(
    `select event from waiting where stream_id = $1 and event in (select event from ${own})`,
    [streamId],
  );
  const events = rows.map(({ event }) => Number(event));
  if (events.length === 0) return;
  await keepWaiting(client, { undo, streamId, events });
  await client.query(
    `update waiting set status = 'undone', settled_at = coalesce(settled_at, now()) where stream_id = $1 and event = any ($2)`,
    [streamId, events],
  );
  await client.query('delete from waiting_needs where stream_id = $1 and event = any ($2)', [streamId, events]);
}

async function keepWaiting(
  client: ClientBase,
  { undo, streamId, events }: { readonly undo: number; readonly streamId: number; readonly events: readonly number[] },
): Promise<void> {
  await client.query(
    `insert into undo_waiting (undo_id, stream_id, event, was) select $1, w.stream_id, w.event, to_jsonb(w) from waiting w
      where w.stream_id = $2 and w.event = any ($3) on conflict do nothing`,
    [undo, streamId, events],
  );
}

/**
 * Puts what waited back as it was before the undo, where nothing else has become of it since. Returns the events that had released records, by their streams.
 */
export async function waitAsBefore(
  client: ClientBase,
  { undo }: { readonly undo: number },
): Promise<ReadonlyMap<number, readonly number[]>> {
  const { rows } = await client.query<{ stream_id: number; event: string; status: string }>(
    `update waiting w set status = k.status, settled_at = k.settled_at, fate = k.fate, settled_event = k.settled_event, by_stream = k.by_stream,
        by_event = k.by_event, by_person = k.by_person, reason = k.reason
      from undo_waiting u, jsonb_populate_record(null::waiting, u.was) k
      where u.undo_id = $1 and w.stream_id = u.stream_id and w.event = u.event and w.status in ('waiting', 'undone')
      returning w.stream_id, w.event, w.status`,
    [undo],
  );
  for (const { stream_id: streamId, event, status } of rows) {
    await client.query('delete from waiting_needs where stream_id = $1 and event = $2', [streamId, event]);
    if (status === 'waiting') await noteNeeds(client, { streamId, events: [Number(event)] });
  }
  const { rows: withdrawn } = await client.query<{ stream_id: number; events: string[] }>(
    `select c.stream_id, array_agg(c.event) as events from undo_changes c
      join waiting w on w.stream_id = c.stream_id and w.settled_event = c.event and w.status = 'released'
      where c.undo_id = $1 and c.kind = 'withdrawn' group by c.stream_id`,
    [undo],
  );
  return new Map(withdrawn.map(({ stream_id: streamId, events }) => [streamId, events.map(Number)]));
}
