import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ordersSchema } from '../support/define-stream.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';

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
