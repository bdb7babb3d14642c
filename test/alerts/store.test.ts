import { describe, expect, test } from '@jest/globals';
import { findingOf } from '../../alerts/find.ts';
import { judgePoint } from '../../alerts/unusual/judge-point.ts';
import { settle } from '../../alerts/settle.ts';
import { DAY, HOUR, MINUTE } from '../../core/duration.ts';
import { beginLook, listAlerts, settleAlerts, sweepAlerts } from '../../store/alerts/alerts.ts';
import { quarantineFacts } from '../../store/alerts/facts.ts';
import { noteVerdict, readPoints, readVerdicts, unjudgedStreams } from '../../store/alerts/points.ts';
import { endSilence, readSilences, silenceAlerts } from '../../store/alerts/silences.ts';
import { runSyncline } from '../cli/run-syncline.ts';
import { usePool } from '../support/use-pool.ts';

const store = usePool();
const failed = findingOf({
  rule: 'run-failed',
  partner: 'acme',
  stream: 'orders',
  since: '2026-11-24T03:00:00.000Z',
  summary: 'the last run of acme.orders ended failed: answered 500',
});
const settled = (look: number, findings: readonly (typeof failed)[], nowMs: number): ReturnType<typeof settleAlerts> =>
  settleAlerts(store.pool, { look, nowMs, decide: (standing) => settle(standing, findings, { nowMs }) });
const look = async (findings: readonly (typeof failed)[], nowMs: number): ReturnType<typeof settleAlerts> =>
  settled(await beginLook(store.pool), findings, nowMs);
const soon = (ms: number): string => new Date(Date.now() + ms).toISOString();

const run = (...args: string[]): ReturnType<typeof runSyncline> =>
  runSyncline(['alerts', ...args], { DATABASE_URL: store.database.url });

describe('alerts', () => {
  const atMs = Date.parse('2026-11-24T03:01:00Z');

  test('one is opened once, keeps its number while it lasts, and ends', async () => {
    await look([failed], atMs);
    await look([{ ...failed, summary: 'another reason \0' }], atMs + MINUTE);
    const [alert, ...others] = await listAlerts(store.pool, { open: true });
    expect(others).toEqual([]);
    expect(alert).toMatchObject({
      rule: 'run-failed',
      severity: 'page',
      partner: 'acme',
      openedAt: '2026-11-24T03:01:00.000Z',
      lastSeenAt: '2026-11-24T03:02:00.000Z',
      resolvedAt: null,
      silenced: null,
      summary: 'another reason ',
      whatToDo: failed.whatToDo,
    });
    await look([], atMs + HOUR);
    expect(await listAlerts(store.pool, { open: true })).toEqual([]);
    expect(await listAlerts(store.pool, { partner: 'acme' })).toMatchObject([
      { id: alert?.id, resolvedAt: '2026-11-24T04:01:00.000Z' },
    ]);
    expect(await listAlerts(store.pool, { partner: 'nobody' })).toEqual([]);
  });

  test('two looks at once make one alert', async () => {
    await Promise.all([look([failed], atMs + DAY), look([failed], atMs + DAY)]);
    expect(await listAlerts(store.pool, { open: true })).toHaveLength(1);
  });

  test('a look that goes on late changes nothing: what it saw is known, or over', async () => {
    const frozen = await beginLook(store.pool);
    const before = await listAlerts(store.pool);
    expect(await look([failed], atMs + DAY)).toMatchObject({ add: [] });
    expect(await settled(frozen, [], atMs + DAY)).toBeUndefined();
    expect(await listAlerts(store.pool, { open: true })).toHaveLength(1);
    const later = await beginLook(store.pool);
    await look([], atMs + DAY + MINUTE);
    expect(await settled(later, [failed], atMs + DAY)).toBeUndefined();
    expect(await listAlerts(store.pool, { open: true })).toEqual([]);
    expect(await listAlerts(store.pool)).toHaveLength(before.length);
    await look([failed], atMs + DAY);
  });

  test('what is to hold for some minutes is shown to nobody before', async () => {
    const missing = findingOf({
      rule: 'workers-missing',
      subject: 'partner.acme',
      since: soon(0),
      summary: 'no worker',
    });
    await look([failed, missing], atMs + DAY);
    expect(await listAlerts(store.pool, { open: true })).toHaveLength(1);
    await look([failed, missing], atMs + DAY + 5 * MINUTE);
    expect((await listAlerts(store.pool, { open: true })).map(({ rule }) => rule)).toEqual([
      'workers-missing',
      'run-failed',
    ]);
  });

  test('a silence says who, why and until when, and ends', async () => {
    const made = await silenceAlerts(store.pool, {
      match: { partner: 'acme', rule: 'run-*' },
      reason: 'they migrate',
      until: soon(HOUR),
      by: 'ann',
    });
    const silenced = async (): Promise<unknown[]> =>
      (await listAlerts(store.pool, { open: true })).map((alert) => alert.silenced);
    expect(await silenced()).toEqual([null, { id: made.id, by: 'ann', reason: 'they migrate', until: made.until }]);
    expect(await readSilences(store.pool)).toEqual([made]);
    await endSilence(store.pool, { id: made.id, by: 'bob' });
    expect(await silenced()).toEqual([null, null]);
    await expect(endSilence(store.pool, { id: made.id, by: 'bob' })).rejects.toThrow('no silence 1 that holds');
  });

  test.each([
    [{ match: {}, reason: 'x', until: soon(HOUR) }, 'expected an alert'],
    [{ match: { partner: 'acme' }, reason: ' ', until: soon(HOUR) }, 'expected a reason'],
    [{ match: { partner: 'acme' }, reason: 'x', until: soon(-HOUR) }, 'expected an end in the future'],
  ])('a silence of %j is refused', async (silence, says) => {
    await expect(silenceAlerts(store.pool, { ...silence, by: 'ann' })).rejects.toThrow(says);
  });

  test('what ended more than a year ago goes', async () => {
    await store.pool.query(`update alerts set resolved_at = now() - interval '401 days' where resolved_at is not null`);
    await sweepAlerts(store.pool);
    expect(await listAlerts(store.pool, { open: false })).toEqual([]);
    expect(await listAlerts(store.pool, { open: true })).toHaveLength(2);
  });

  test('the command line lists, silences and ends that', async () => {
    const list = await run('list', '--check');
    expect(list).toMatchObject({ code: 1 });
    expect(list.stdout).toMatch(/PAGE {2}run-failed {2}acme\.orders {2}since 2026-11-25 03:01 UTC .*\n.*answered 500/);
    expect(list.stdout).toContain('means: The stream was not read to its end.');
    expect(list.stdout).toContain('more: docs/alerts.md#run-failed');
    const silenced = await run('silence', '--severity', 'page', '--for', '2h', '--reason', 'known', '--json');
    const { id } = JSON.parse(silenced.stdout) as { id: number };
    expect(await run('list', '--check')).toMatchObject({ code: 0, stdout: expect.stringContaining('silenced until') });
    expect(await run('silences')).toMatchObject({ stdout: expect.stringContaining('severity page') });
    expect(await run('unsilence', String(id))).toMatchObject({ code: 0 });
    expect(await run('silence', '--rule', 'run-faild', '--for', '2h', '--reason', 'x')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('did you mean run-failed?'),
    });
  });
});

/** As runs of the last weeks have left it. `daysAgo` counts back from now. */
async function addRuns(
  stream: string,
  runs: readonly { daysAgo: number; window: string; kind: string; rows: number; refused?: number }[],
): Promise<number> {
  const { rows } = await store.pool.query<{ stream_id: number }>(
    `insert into streams (partner, name, target_schema, target_table, disposition, definition_version) values ('shop', $1, 'shop', $1, 'merge', 'v') returning stream_id`,
    [stream],
  );
  const streamId = rows[0]?.stream_id ?? 0;
  for (const [index, { daysAgo, window, kind, rows: fetched, refused }] of runs.entries())
    await store.pool.query(
      `insert into stream_runs (stream_id, run_no, sync_id, window_label, kind, lane, definition_version, state, outcome, checkpoint,
          page_no, fetched, inserted, requests, bytes, started_at, finished_at)
        values ($1, $2, $3, $4, $5, 'normal', 'v', 'done', 'ok', $6, 10, $7, $7, 11, 1000, now() - $8 * interval '1 day', now() - $8 * interval '1 day' + interval '5 seconds')`,
      [
        streamId,
        index + 1,
        `sync/shop/${stream}/${window}/${index}`,
        window,
        kind,
        JSON.stringify({
          slice: 0,
          parents: [],
          cursor: '\u0000',
          expected: null,
          done: true,
          ...(refused === undefined ? {} : { refused: { count: refused, first: 'x' } }),
        }),
        fetched,
        daysAgo,
      ],
    );
  return streamId;
}

const dayAgo = (days: number): string => new Date(Date.now() - days * DAY).toISOString().slice(0, 10);

describe('what is usual is read from the ledger', () => {
  test('a night beside nights, without the runs of people and the windows of backfills', async () => {
    const nights = Array.from({ length: 40 }, (_, n) => ({
      daysAgo: 40 - n,
      window: dayAgo(41 - n),
      kind: 'nightly',
      rows: 1000 + n,
    }));
    const streamId = await addRuns('orders', [
      ...nights,
      { daysAgo: 0.5, window: dayAgo(1), kind: 'nightly', rows: 20, refused: 4 },
      { daysAgo: 0.2, window: dayAgo(0), kind: 'manual', rows: 3 },
      { daysAgo: 0.1, window: '2026-01-01', kind: 'backfill', rows: 90_000 },
    ]);
    const [unjudged] = (await unjudgedStreams(store.pool, { most: 10 })).filter((one) => one.streamId === streamId);
    expect(unjudged).toMatchObject({ partner: 'shop', stream: 'orders', point: 'run:41', kind: 'nightly' });
    const points = await readPoints(store.pool, unjudged!);
    expect(points).toHaveLength(41);
    expect(points.at(-1)).toMatchObject({
      rows: 20,
      refused: 4,
      requests: 11,
      pages: 10,
      durationMs: 5000,
      day: dayAgo(1),
    });
    const unusual = judgePoint({ point: points.at(-1)!, before: points.slice(0, -1) });
    expect(unusual.map(({ kind }) => kind)).toEqual(['rows', 'size', 'refusals']);
    await noteVerdict(store.pool, { streamId, point: 'run:41', unusual });
    expect((await unjudgedStreams(store.pool, { most: 10 })).filter((one) => one.streamId === streamId)).toEqual([]);
    expect((await readVerdicts(store.pool)).map(({ kind }) => kind)).toEqual(['rows', 'size', 'refusals']);
  });

  test('a stream that is read many times a day is judged by days that are over', async () => {
    const often = Array.from({ length: 12 }, (_, n) => ({
      daysAgo: (12 - n) / 2,
      window: `..${n}`,
      kind: 'nightly',
      rows: 10,
    }));
    const streamId = await addRuns('events', often);
    const [unjudged] = (await unjudgedStreams(store.pool, { most: 10 })).filter((one) => one.streamId === streamId);
    expect(unjudged).toMatchObject({ kind: null, point: `day:${dayAgo(1)}`, day: dayAgo(1) });
    const points = await readPoints(store.pool, unjudged!);
    expect(points.map(({ rows, requests }) => [rows, requests]).slice(1)).toEqual(points.slice(1).map(() => [20, 22]));
  });

  test('quarantine of the last day beside the worst of the week before', async () => {
    const { rows } = await store.pool.query<{ stream_id: number }>(
      `select stream_id from streams where name = 'orders'`,
    );
    const add = (n: number, daysAgo: number, from: number): Promise<unknown> =>
      store.pool.query(
        `insert into quarantine (stream_id, page, ordinal, path, reason, hash, definition_version, quarantined_at)
          select $1, 1, g, 'a', 'expected text', gen_random_uuid(), 'v', now() - $3 * interval '1 day' from generate_series($4::integer, $4 + $2 - 1) g`,
        [rows[0]?.stream_id, n, daysAgo, from],
      );
    await add(12, 0.1, 0);
    await add(3, 2.5, 100);
    await add(5, 3.5, 200);
    await add(50, 20, 300);
    expect((await quarantineFacts(store.pool)).get('shop orders')).toMatchObject({
      held: 70,
      lastDay: 12,
      mostBefore: 5,
    });
  });
});
