import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { anomaliesList, anomaliesShow } from '../../cli/commands/anomalies.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/versions.md', import.meta.url), 'utf8');
const fence = (language: string, at = 0): string =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))][at]?.[1] as string;

const defined = { path: '/orders', records: 'data', ...(parse(fence('yaml')) as Partial<StreamInput>) } as StreamInput;
const coarse = { ...defined, version: ['changed_at'] };
const unversioned = { ...defined, version: [] };
const nights = JSON.parse(fence('json')) as object[][];

let own: OwnPartners;
let acme: OwnPartner;
let served: object[] = [];
beforeAll(async () => {
  own = await ownPartners();
  const streams = {
    orders: coarse,
    tied: defined,
    loose: unversioned,
    listed: { ...coarse, disposition: 'replace' as const },
  };
  acme = await own.partner(() => ({ body: { data: served } }), streams);
  for (const [at, records] of nights.entries()) await read('orders', at + 1, records);
});
afterAll(() => own.close());

async function read(stream: string, day: number, records: object[]) {
  served = records;
  return acme.read(stream, { window: `2026-11-0${day}` });
}

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });
const list = async (stream: string | undefined, limit = '50') =>
  said(config(), { limit }, (context) => anomaliesList({ ...context, partner: acme.name, stream }));
const show = async (stream: string, ...key: string[]) =>
  said(config(), { limit: '50' }, (context) => anomaliesShow({ ...context, partner: acme.name, stream, key }));

/** Without what differs from day to day: names of the test's partner, times, and widths of the table. */
const plain = (text: string): string =>
  text
    .replaceAll(acme.name, 'acme')
    .replaceAll(/2026-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/─+/g, '─')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ $/gm, '')
    .trim();

describe('docs/versions.md', () => {
  test('lists what it shows, once each, the newest first', async () => {
    const [command, ...shown] = fence('console').trim().split('\n');
    expect(command).toBe('$ syncline anomalies list acme orders');
    const { text, code, json } = await list('orders');
    expect(code).toBe(0);
    expect(plain(text).split('\n').toSorted()).toEqual(plain(shown.join('\n')).split('\n').toSorted());
    expect(json).toMatchObject({ count: 3, times: 6, unversioned: [] });
    expect(JSON.stringify(json)).not.toMatch(/paid|void|draft/);
  });

  test('shows the values of one key', async () => {
    const [command, ...shown] = fence('console', 1).trim().split('\n');
    expect(command).toBe('$ syncline anomalies show acme orders a');
    const { text, code } = await show('orders', 'a');
    expect(code).toBe(0);
    expect(plain(text)).toBe(plain(shown.join('\n')));
    expect(await show('orders', 'nobody')).toMatchObject({ code: 1, json: [] });
  });

  test('every kind has its row', async () => {
    const { json } = await list('orders');
    for (const { kind } of (json as { anomalies: { kind: string }[] }).anomalies)
      expect(document).toContain(`| \`${kind}\``);
  });
});

test('a tie-breaker decides what would be an anomaly, whatever comes first', async () => {
  const at = '2026-11-01T10:00:00Z';
  const versions = [3, 1, 2].map((revision) => ({ id: 'a', changed_at: at, revision, status: `r${revision}` }));
  const report = await read('tied', 1, versions);
  expect(report.counts).toMatchObject({ inserted: 1, stale: 2, conflicts: 0 });
  expect(await list('tied')).toMatchObject({ json: { count: 0 }, text: 'No versions contradict one another.' });
  const { rows } = await own.pool.query(`select status from ${acme.name}.tied`);
  expect(rows).toEqual([{ status: 'r3' }]);
});

test('a stream without a version is named, with the updates that arrival has decided', async () => {
  await read('loose', 1, [{ id: 'a', status: 'new' }]);
  await read('loose', 2, [{ id: 'a', status: 'old' }]);
  const { text, json } = await list('loose');
  expect(text).toContain(`${acme.name}.loose: the definition names no version`);
  expect(json).toMatchObject({ count: 0, unversioned: [{ stream: 'loose', updates: 1 }] });
});

const row = (status: string) => ({ id: 'a', changed_at: '2026-11-01T10:00:00Z', status });

test('the next listing of a replace that says otherwise with the same version is told; what was asked again is not', async () => {
  await read('listed', 1, [row('open')]);
  await read('listed', 2, [row('open')]);
  expect(await list('listed')).toMatchObject({ json: { count: 0 } });
  const { counts } = await read('listed', 3, [row('paid')]);
  expect(counts).toMatchObject({ updated: 1, conflicts: 1 });
  expect(await list('listed')).toMatchObject({
    json: { count: 1, anomalies: [{ kind: 'same-second', fields: ['status'] }] },
  });
});

test('the limit leaves out the oldest, and says so', async () => {
  const { text, json } = await list('orders', '1');
  expect(json).toMatchObject({ count: 3, anomalies: [{ kind: 'goes-back' }] });
  expect(text).toContain('2 more are left out');
});
