import { expect, test } from '@jest/globals';
import {
  listTargetPauses,
  listTargetStates,
  noteApplied,
  noteTroubled,
  pauseTarget,
  readTargetState,
  resumeTarget,
  targetPause,
} from '../../store/target-states.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool();
const lake = (stream: string) => ({ target: 'lake', partner: 'acme', stream });

/** A stream whose log holds `events` events, the first received at noon, each a minute after the one before. */
async function streamWith(name: string, events: number): Promise<void> {
  const { rows } = await used.pool.query<{ stream_id: number }>(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version, last_event)
      values ('acme', $1, 'acme', $1, 'merge', 'v', $2) returning stream_id`,
    [name, events],
  );
  const id = rows[0]?.stream_id;
  await used.pool.query('select add_event_partition($1)', [id]);
  await used.pool.query(
    `insert into events (stream_id, event, page, ordinal, received_at, hash, payload)
      select $1, e, 1, e, timestamptz '2026-11-26T11:59:00Z' + e * interval '1 minute', md5(e::text)::uuid, '{}'
      from generate_series(1, $2) e`,
    [id, events],
  );
}

test('what was never told of is told by the log: behind by all of it, since its first event', async () => {
  await streamWith('payments', 5);
  expect(await readTargetState(used.pool, lake('payments'))).toBeUndefined();
  expect(await listTargetStates(used.pool)).toEqual([]);
  expect(await listTargetStates(used.pool, { wanted: [lake('payments'), lake('unread')] })).toMatchObject([
    { stream: 'payments', cursor: 0, lastEvent: 5, behind: 5, behindSince: '2026-11-26T12:00:00.000Z', rows: 0 },
    { stream: 'unread', cursor: 0, lastEvent: 0, behind: 0, behindSince: null, rows: 0 },
  ]);
});

test('a load moves the cursor and adds its rows; caught up, it is behind since the next event', async () => {
  await streamWith('refunds', 4);
  const since = '2026-11-26T12:30:00.000Z';
  await noteApplied(used.pool, { ...lake('refunds'), table: 'one', cursor: 2, rows: 2, behindSince: since });
  const place = { wanted: [lake('refunds')] };
  expect(await listTargetStates(used.pool, place)).toMatchObject([{ cursor: 2, behind: 2, behindSince: since }]);
  await noteApplied(used.pool, { ...lake('refunds'), table: 'one', cursor: 3, rows: 1, behindSince: null });
  expect(await readTargetState(used.pool, lake('refunds'))).toMatchObject({ cursor: 3, rows: 3, behindSince: null });
  expect(await listTargetStates(used.pool, place)).toMatchObject([
    { cursor: 3, behind: 1, behindSince: '2026-11-26T12:03:00.000Z' },
  ]);
  await noteApplied(used.pool, { ...lake('refunds'), table: 'one', cursor: 4, rows: 1, behindSince: null });
  expect(await listTargetStates(used.pool, place)).toMatchObject([{ cursor: 4, behind: 0, behindSince: null }]);
});

test('a table that somebody dropped begins again: the cursor goes back', async () => {
  await noteApplied(used.pool, { ...lake('refunds'), table: 'one', cursor: 0, rows: 0, behindSince: null });
  expect(await listTargetStates(used.pool, { wanted: [lake('refunds')] })).toMatchObject([{ cursor: 0, behind: 4 }]);
});

test('a trouble keeps the cursor and since when it is behind; the next load ends it', async () => {
  await streamWith('orders', 3);
  await noteApplied(used.pool, {
    ...lake('orders'),
    table: 'one',
    cursor: 1,
    rows: 1,
    behindSince: '2026-11-26T12:30:00.000Z',
  });
  await noteTroubled(used.pool, { ...lake('orders'), error: 'the disk is full' });
  const troubled = await readTargetState(used.pool, lake('orders'));
  expect(troubled).toMatchObject({ cursor: 1, error: 'the disk is full', behindSince: '2026-11-26T12:30:00.000Z' });
  expect(troubled?.errorAt).not.toBeNull();
  await noteApplied(used.pool, { ...lake('orders'), table: 'one', cursor: 3, rows: 2, behindSince: null });
  expect(await readTargetState(used.pool, lake('orders'))).toMatchObject({ cursor: 3, error: null, errorAt: null });
});

test('a pause in force stays as it is, and ends once', async () => {
  const ordered = await pauseTarget(used.pool, { target: 'lake', reason: 'a move', by: 'ann' });
  expect(ordered).toMatchObject({ isNew: true, pause: { target: 'lake', reason: 'a move', by: 'ann' } });
  const again = await pauseTarget(used.pool, { target: 'lake', reason: 'another', by: 'ben' });
  expect(again).toEqual({ isNew: false, pause: ordered.pause });
  expect(await targetPause(used.pool, 'lake')).toEqual(ordered.pause);
  expect(await listTargetPauses(used.pool)).toEqual([ordered.pause]);
  expect(await resumeTarget(used.pool, 'lake')).toEqual(ordered.pause);
  expect(await resumeTarget(used.pool, 'lake')).toBeUndefined();
  expect(await targetPause(used.pool, 'lake')).toBeUndefined();
});
