import { readdirSync, readlinkSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ordersSchema } from '../support/define-stream.ts';
import { ownPartners, type OwnAnswer, type OwnPartners } from '../support/own-partner.ts';
import { zipFile } from '../support/zip-file.ts';

let partners: OwnPartners;

beforeAll(async () => {
  partners = await ownPartners();
});
afterAll(() => partners.close());

const LINES = 3000;
const lines = (text: string): Buffer =>
  Buffer.from(
    Array.from({ length: LINES }, (_, n) => `${JSON.stringify({ id: `o${n}`, v: 1, text: text.repeat(500) })}\n`).join(
      '',
    ),
  );
const orders = { path: '/export', primaryKey: ['id'], version: ['v'], format: 'ndjson', schema: ordersSchema } as const;

/** A worker that leaves after its first page. */
function leaving(): () => boolean {
  let looks = 0;
  return () => looks++ > 2;
}

describe('an answer of some ten megabytes', () => {
  test('is asked for once, and kept part by part', async () => {
    const partner = await partners.partner(() => ({ text: lines('whole ') }), {
      orders: { ...orders, primaryKey: ['id'], version: ['v'] },
    });
    const report = await partner.read('orders');
    expect(report).toMatchObject({ outcome: 'ok', requests: 1, counts: { fetched: LINES, inserted: LINES } });
    expect(report.pages).toBeGreaterThanOrEqual(2);
    expect(partner.asked).toHaveLength(1);
  });

  test('packed, and read by a grant a part, is gone on with where the last one stood', async () => {
    const partner = await partners.partner(
      () => ({ text: gzipSync(lines('packed ')), headers: { 'content-type': 'application/gzip' } }),
      { orders: { ...orders, primaryKey: ['id'], version: ['v'], compression: 'gzip' } },
    );
    // The next one has to ask for it again.
    let result = await partner.grant('orders', { draining: leaving() });
    expect(result).toMatchObject({ state: 'more', pages: 1 });
    while (result.state !== 'done') result = await partner.grant('orders', { draining: leaving() });
    expect(result.report).toMatchObject({ outcome: 'ok', counts: { fetched: LINES, inserted: LINES } });
    expect(partner.asked.length).toBeGreaterThan(1);
  });

  test('that has changed in between is read from its beginning', async () => {
    let asked = 0;
    const partner = await partners.partner(() => ({ text: lines(asked++ === 0 ? 'before ' : 'after ') }), {
      orders: { ...orders, primaryKey: ['id'], version: ['v'] },
    });
    expect(await partner.grant('orders', { draining: leaving() })).toMatchObject({ state: 'more', pages: 1 });
    const report = await partner.read('orders');
    expect(report.outcome).toBe('ok');
    const { rows } = await partners.pool.query<{ n: string }>(
      `select count(*) as n from ${partner.name}.orders where text like 'after%'`,
    );
    // Of one version the first that came stays: what is there twice has other content, which is counted.
    expect(Number(rows[0]?.n)).toBeGreaterThan(0);
    expect(report.counts.inserted).toBe(LINES);
  });
});

/** Descriptors of files that have no name any more; only Linux can tell. */
const nameless = (): number =>
  (process.platform === 'linux' ? readdirSync('/proc/self/fd') : []).filter((fd) => {
    try {
      return /syncline-.*\.answer \(deleted\)$/.test(readlinkSync(`/proc/self/fd/${fd}`));
    } catch {
      return false;
    }
  }).length;

describe('an answer that is too large for the memory', () => {
  const rows = 36;
  const long = 'what an order says of itself, é '.repeat(16_000);
  const file = (end = ''): Buffer =>
    Buffer.from(
      Array.from({ length: rows }, (_, n) => `${JSON.stringify({ id: `o${n}`, v: 1, text: long })}\n`).join('') + end,
    );

  test.each<[string, { compression?: 'gzip' | 'zip' }, OwnAnswer]>([
    ['as it is', {}, { text: file() }],
    ['with a coding', {}, { text: gzipSync(file()), headers: { 'content-encoding': 'gzip' } }],
    ['as a gzip file', { compression: 'gzip' }, { text: gzipSync(file()) }],
    [
      'as a zip file of a gzip file',
      { compression: 'zip' },
      { text: zipFile([{ name: 'a.gz', data: gzipSync(file()) }]) },
    ],
  ])('is read from a file, %s', async (_, given, answer) => {
    const partner = await partners.partner(() => answer, {
      orders: { ...orders, primaryKey: ['id'], version: ['v'], ...given },
    });
    const report = await partner.read('orders');
    expect(report).toMatchObject({ outcome: 'ok', requests: 1, counts: { fetched: rows, inserted: rows } });
    expect(report.pages).toBeGreaterThan(3);
    const { rows: texts } = await partners.pool.query<{ text: string }>(
      `select distinct text from ${partner.name}.orders`,
    );
    expect(texts).toEqual([{ text: long }]);
    expect(nameless()).toBe(0);
  });

  test('and has broken off is none, and nothing of it is taken', async () => {
    const packed = gzipSync(file());
    const partner = await partners.partner(
      () => ({ text: packed.subarray(0, -9), headers: { 'content-encoding': 'gzip' } }),
      { orders: { ...orders, primaryKey: ['id'], version: ['v'] } },
    );
    await expect(partner.grant('orders')).rejects.toThrow('answered with a broken gzip body');
    const { rows: pages } = await partners.pool.query(
      'select from syncline.pages p join syncline.streams s using (stream_id) where s.partner = $1',
      [partner.name],
    );
    expect(pages).toEqual([]);
    expect(nameless()).toBe(0);
  });
});
