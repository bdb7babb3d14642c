import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { readConfig } from '../../config/config.ts';
import { DAY } from '../../core/duration.ts';
import type { BegunGrant } from '../../core/grant-log.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { PAUSE_SEEN_MS } from '../../limits/watch/pauses.ts';
import { grantLog } from '../../store/grants/write-grants.ts';
import { grantSums } from '../../store/inspect/grant-sums.ts';
import { openStreamRuns } from '../../store/ledger/open-runs.ts';
import { listGrants, longestWaits, type GrantRow } from '../../store/inspect/run-grants.ts';
import { forgetGrants, sweepGrants } from '../../store/retention/forget-grants.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';

let partners: OwnPartners;
beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const things = {
  path: '/things',
  records: 'data',
  primaryKey: ['id'],
  pagination: { type: 'page', size: 1 },
  schema: { type: 'object', required: ['id'], properties: { id: { type: 'integer' } } },
} satisfies StreamInput;

const page = (url: URL): number => Number(url.searchParams.get('page'));
const pages =
  (most: number) =>
  (url: URL): OwnAnswer => ({ body: { data: page(url) > most ? [] : [{ id: page(url) }] } });

const idOf = ({ name }: Pick<OwnPartner, 'name'>): string => `sync/${name}/things/2026-11-24`;

/** The oldest first. */
const grantsOf = async (partner: OwnPartner): Promise<readonly GrantRow[]> =>
  (await listGrants(partners.pool, idOf(partner), { limit: 1000 })).grants.toReversed();

const told = ({ number, ended, waitsFor, pages: read, before, within }: GrantRow): string =>
  [
    `${number}: ${read} pages, ${ended}`,
    ...(waitsFor === null ? [] : [`then ${waitsFor}`]),
    ...before.filter(({ reason }) => reason !== 'queue').map(({ reason }) => `after ${reason}`),
    ...within.map(({ reason }) => `within ${reason}`),
  ].join(', ');

/** As a worker that is killed leaves it. */
async function begin(partner: OwnPartner, more: Partial<BegunGrant> = {}): Promise<void> {
  const { rows } = await partners.pool.query<{ stream_id: number; run_no: number }>(
    'select stream_id, run_no from stream_runs where sync_id = $1',
    [idOf(partner)],
  );
  const { stream_id: streamId, run_no: runNo } = rows[0] as (typeof rows)[number];
  const nowMs = Date.now();
  const grant = {
    streamId,
    runNo,
    workflowRunId: 'r',
    attempt: 2,
    reopened: false,
    askedAtMs: nowMs,
    givenAtMs: nowMs,
    ...more,
  };
  const before = (await grantsOf(partner)).length;
  grantLog(partners.pool).begin(grant);
  while ((await grantsOf(partner)).length === before);
}

describe('the grants of a run', () => {
  test('say what was read in each, and how long its requests waited for the declared rate', async () => {
    const partner = await partners.partner(
      pages(6),
      { things },
      { limits: { rate: 20, per: '1s', burst: 1 }, grant: { requests: 3 } },
    );
    await partner.read('things');
    const grants = await grantsOf(partner);
    expect(grants.map(told)).toEqual([
      '1: 3 pages, more, within rate',
      '2: 3 pages, more, within rate',
      '3: 1 pages, done, within rate',
    ]);
    // Two spaces of 50 ms lie between three requests; how much of them is waited for depends on how long an answer takes.
    expect(grants[0]?.within).toEqual([{ reason: 'rate', ms: expect.any(Number) }]);
    expect(grants.map(({ requests, records }) => ({ requests, records }))).toEqual([
      { requests: 3, records: 3 },
      { requests: 3, records: 3 },
      { requests: 1, records: 0 },
    ]);
    const [sums] = await grantSums(partners.pool, idOf(partner));
    expect(sums).toMatchObject({ stream: 'things', grants: 3, retried: 0, lost: 0 });
    expect(sums?.waits.find(({ reason }) => reason === 'rate')?.ms).toBe(
      grants.flatMap(({ within }) => within).reduce((total, { ms }) => total + ms, 0),
    );
  });

  test('say that the partner asked to wait, and for how long', async () => {
    let refused = 0;
    const partner = await partners.partner(
      (url) =>
        page(url) === 2 && refused++ === 0
          ? { status: 429, headers: { 'retry-after': '1' }, body: { error: 'slow down' } }
          : pages(2)(url),
      { things },
      { limits: { rate: 1000, per: '1s', burst: 1000 } },
    );
    await partner.read('things');
    const grants = await grantsOf(partner);
    expect(grants.map(told)).toEqual([
      '1: 1 pages, deferred, then partner',
      '2: 2 pages, done, after partner, within partner',
    ]);
    expect(grants[0]).toMatchObject({
      cause: expect.stringMatching(/things page 2: answered 429/),
      until: expect.any(String),
    });
    const longest = await longestWaits(partners.pool, idOf(partner), 1);
    expect(longest).toEqual([
      expect.objectContaining({ stream: 'things', number: 2, reason: 'partner', within: true }),
    ]);
    expect(longest[0]?.ms).toBeGreaterThan(500);
  });

  test('say what failed, and that the next one is another attempt', async () => {
    let failed = 0;
    const partner = await partners.partner(
      (url) => (failed++ === 0 ? { status: 500, body: { error: 'oops' } } : pages(1)(url)),
      { things },
    );
    await expect(partner.read('things')).rejects.toThrow(/500/);
    await partner.read('things');
    const grants = await grantsOf(partner);
    expect(grants.map(told)).toEqual(['1: 0 pages, failed, then retry', '2: 2 pages, done, after retry']);
    expect(grants[0]?.cause).toMatch(/answered 500/);
  });

  test('say that a person has paused it', async () => {
    const partner = await partners.partner(pages(1), { things });
    await partners.pool.query(
      `insert into pauses (scope, target, partner, reason, paused_by) values ('partner', $1, $1, 'their release', 'ann')`,
      [partner.name],
    );
    await wait(PAUSE_SEEN_MS);
    await partner.grant('things');
    await partners.pool.query(`update pauses set ended_at = now(), ended_by = 'ann' where partner = $1`, [
      partner.name,
    ]);
    await partner.read('things');
    expect((await grantsOf(partner)).map(told)).toEqual([
      '1: 0 pages, deferred, then paused',
      '2: 2 pages, done, after paused',
    ]);
  });
});

test('a grant that begins before its time is at work for who asks, and not still waiting', async () => {
  let refuses = true;
  let seen: unknown;
  const partner = await partners.partner(
    async (url) => {
      if (page(url) < 2) return pages(2)(url);
      if (refuses) return { status: 500, headers: { 'retry-after': '3600' }, body: {} };
      if (page(url) === 2) [seen] = await openStreamRuns(partners.pool, { partner: partner.name });
      return pages(2)(url);
    },
    { things },
  );
  expect(await partner.grant('things')).toMatchObject({ state: 'deferred', reason: 'failure' });
  expect(await openStreamRuns(partners.pool, { partner: partner.name })).toMatchObject([{ rests: true, pages: 1 }]);
  refuses = false;
  expect(await partner.grant('things')).toMatchObject({ state: 'done' });
  expect(seen).toMatchObject({ rests: false, pages: 1 });
});

describe('a grant whose worker was killed', () => {
  test('goes on until the next one has begun, and then has no end', async () => {
    const partner = await partners.partner(pages(4), { things }, { grant: { requests: 2 } });
    await partner.grant('things');
    await begin(partner);
    expect((await grantsOf(partner)).map(({ ended }) => ended)).toEqual(['more', 'open']);
    expect(await grantSums(partners.pool, idOf(partner))).toMatchObject([{ grants: 2, lost: 0, retried: 1 }]);
    await begin(partner);
    await partner.read('things');
    expect((await grantsOf(partner)).map(told)).toEqual([
      '1: 2 pages, more',
      '2: 0 pages, lost',
      '3: 0 pages, lost, after lost',
      '4: 2 pages, more, after lost',
      '5: 1 pages, done',
    ]);
    expect(await grantSums(partners.pool, idOf(partner))).toMatchObject([{ grants: 5, lost: 2, retried: 2 }]);
    const { grants, more } = await listGrants(partners.pool, idOf(partner), { ended: 'lost', limit: 1 });
    expect({ numbers: grants.map(({ number }) => number), more }).toEqual({ numbers: [3], more: true });
  });

  test('of a run that has ended, is lost as well', async () => {
    const partner = await partners.partner(pages(1), { things });
    await partner.read('things');
    await begin(partner);
    expect((await grantsOf(partner)).map(({ ended }) => ended)).toEqual(['done', 'lost']);
  });

  test('is divided: until it might go on it waited for that, and then for a worker', async () => {
    const partner = await partners.partner(pages(1), { things });
    await partner.read('things');
    const log = grantLog(partners.pool);
    const at = Date.parse('2036-11-24T03:00:00Z');
    await begin(partner, { askedAtMs: at, givenAtMs: at + 200, reopened: true });
    await partners.pool.query(
      `update grants set ended_at = $2, ended = 'deferred', waits_for = 'quota', until = $3 where number = 2
        and (stream_id, run_no) = (select stream_id, run_no from stream_runs where sync_id = $1)`,
      [idOf(partner), new Date(at + 1000), new Date(at + 61_000)],
    );
    await begin(partner, { askedAtMs: at + 61_500, givenAtMs: at + 64_000 });
    await begin(partner, { askedAtMs: at + 900_000, givenAtMs: at + 900_100, reopened: true });
    const grants = await grantsOf(partner);
    expect(grants.slice(2).map(({ before }) => before)).toEqual([
      [
        { reason: 'quota', ms: 60_000 },
        { reason: 'queue', ms: 3000 },
      ],
      // It had ended, and somebody has started it again.
      [{ reason: 'queue', ms: 100 }],
    ]);
    expect((await longestWaits(partners.pool, idOf(partner), 1))[0]).toMatchObject({
      reason: 'quota',
      ms: 60_000,
      number: 3,
      from: '2036-11-24T03:00:01.000Z',
    });
    expect((await listGrants(partners.pool, idOf(partner), { waited: 'quota', limit: 9 })).grants).toHaveLength(1);
    expect((await listGrants(partners.pool, idOf(partner), { waited: 'queue', limit: 9 })).grants).toHaveLength(1);
    expect((await listGrants(partners.pool, idOf(partner), { waited: 'rate', limit: 9 })).grants).toHaveLength(0);
    // The database is gone: what cannot be noted changes nothing.
    await expect(
      log
        .begin({ streamId: 0, runNo: 0, workflowRunId: 'r', attempt: 1, askedAtMs: at, givenAtMs: at, reopened: false })
        .end({
          endedAtMs: at,
          ended: 'more',
          pages: 0,
          records: 0,
          requests: 0,
          waited: {},
          waitsFor: null,
          until: null,
          cause: null,
        }),
    ).resolves.toBeUndefined();
    const config = readConfig({ DATABASE_URL: partners.databaseUrl, SYNCLINE_PARTNERS_DIR: partners.folder });
    const shown = await said(config, { grants: '2' }, (context) => runsShow({ ...context, id: idOf(partner) }));
    expect(shown.text).toMatch(/things: waited 1m 00s in all for a declared quota, 1m 00s at most at one grant/);
    expect(shown.text).toMatch(/things: 1m 00s before grant 3, from 2036-11-24 03:00:01 UTC: for a declared quota/);
    expect(shown.text).toMatch(/things 4 \(attempt 2\)/);
    expect(shown.text).toMatch(/There are more than these 2/);
    expect(shown.json).toMatchObject({ grants: { more: true, last: [{ number: 4 }, { number: 3 }] } });
  });
});

test('grants are forgotten with the ledger of their run, or when they are old', async () => {
  const partner = await partners.partner(pages(1), { things });
  await partner.read('things');
  const { rows } = await partners.pool.query<{ stream_id: number }>(
    'select stream_id from stream_runs where sync_id = $1',
    [idOf(partner)],
  );
  const streamId = rows[0]?.stream_id as number;
  expect(await forgetGrants(partners.pool, { streamId, olderMs: DAY })).toBe(0);
  await partners.pool.query(`update stream_runs set finished_at = now() - interval '2 days' where stream_id = $1`, [
    streamId,
  ]);
  expect(await forgetGrants(partners.pool, { streamId, olderMs: DAY })).toBe(1);
  await partner.read('things', { generation: 2 });
  await sweepGrants(partners.pool);
  await partners.pool.query(`update grants set given_at = now() - interval '91 days' where stream_id = $1`, [streamId]);
  expect(await sweepGrants(partners.pool)).toBe(1);
});
