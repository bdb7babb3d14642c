import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { openCheck, type CheckedStream, type FailedCheck } from '../../activities/check/check-stream.ts';
import { compilePartner } from '../../definitions/compile.ts';
import type { Partner, PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { processLimiter } from '../../limits/permits/process-limiter.ts';
import { plainNames } from '../../messages/names.ts';
import { loadAcme, problemsOf } from '../definitions/partner-files.ts';
import { ID, LINES, northwind, ORDERS, SECRET, type Northwind } from '../support/northwind-partner.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';
import { serveAnswers } from '../support/serve-answers.ts';

const document = readFileSync('docs/first-partner.md', 'utf8');
const [, definition = ''] = /^```yaml\n(.*?)^```$/ms.exec(document) ?? [];
const env = { NORTHWIND_ID: ID, NORTHWIND_SECRET: SECRET };

let vendor: Northwind;
let server: Awaited<ReturnType<typeof serveAnswers>>;
beforeAll(async () => {
  server = await serveAnswers((url, request) => vendor.answer(url, request));
});
afterAll(() => server.close());
beforeEach(() => {
  vendor = northwind();
});

type Change = readonly [from: string, to: string];

/** Without its limits and pauses, which would only take time. */
const here = (): readonly Change[] => [
  ['name: northwind', 'name: acme'],
  ['https://api.northwind.example', server.url],
  ['limits: { rate: 10, per: 1s }\n', 'retry: { base: 10ms, cap: 20ms }\n'],
];

/** The definition of the document, with mistakes, at the small partner. */
const written = (...changes: readonly Change[]): string =>
  [...here(), ...changes].reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the document has no ${from}`);
    return text.replace(from, to);
  }, definition);

const permits = (partner: Partner) => ({ limiter: processLimiter(partner) });

async function check(stream: string, ...changes: readonly Change[]): Promise<CheckedStream | FailedCheck> {
  const streams = compilePartner(await loadAcme(written(...changes), env), plainNames);
  const checked = streams.get(stream);
  if (checked === undefined) throw new Error(`no stream ${stream}`);
  return openCheck({ streams, nowMs: Date.parse('2026-11-24T03:00:00Z'), permits })(checked);
}

/** All that it says is wrong. */
function saysOf(result: CheckedStream | FailedCheck): readonly string[] {
  if ('error' in result) return [result.error];
  return [
    ...result.rejected.map(({ path, reason }) => `does not fit: ${path}: ${reason}`),
    ...result.findings.map(({ code, severity, says }) => `${severity} ${code}: ${says}`),
  ];
}

describe('the definition of docs/first-partner.md', () => {
  test('is checked without an error, through a 429', async () => {
    vendor.throttleOnce();
    const orders = await check('orders');
    const codes = ['version-missing', 'version-coarse', 'time-missing'];
    expect(orders).toMatchObject({ records: 150, findings: codes.map((code) => ({ code })) });
    expect(saysOf(orders).filter((says) => !says.startsWith('warning'))).toEqual([]);
    expect(vendor.filters).toEqual([
      'status IN ("open","paid","cancelled")',
      'updated_at >= "2026-01-16 20:00:00" AND status IN ("open","paid","cancelled")',
    ]);
    expect(saysOf(await check('lines'))).toEqual([]);
  });

  test.each<[string, string, readonly Change[], RegExp]>([
    ['the place of the token', 'orders', [['token: session.token', 'token: token']], /it has text at session\.token$/],
    [
      'where the token goes',
      'orders',
      [['  use: { in: header, name: X-Session }\n', '']],
      /It goes in the header Authorization behind "Bearer "; auth\.use says where it goes\. The partner says: \{"error":"session expired"/,
    ],
    [
      'the path of the endpoint',
      'orders',
      [['/v2/search', '/v1/search']],
      /The partner says: \{"error":"no such path"\}/,
    ],
    [
      'the path of the records',
      'orders',
      [['records: result.items', 'records: items']],
      /arrays are at "result\.items"/,
    ],
    [
      'the path of the cursor',
      'orders',
      [['token: result.page.next', 'token: page.next']],
      /^error listing-in-doubt: .*page\.next does not name it; the answer has "result\.page\.next"/,
    ],
    [
      'the path of the flag',
      'orders',
      [['hasMore: result.page.more', 'hasMore: result.more']],
      /^warning sign-missing: nothing is at "result\.more" \(pagination\.hasMore\).*the answer has "result\.page\.more"/,
    ],
    [
      'where the cursor goes',
      'orders',
      [["cursor: '{cursor}'", "after: '{cursor}'"]],
      /^error page-parameter-ignored: .*does not know \{cursor\} at body\.page\.after/,
    ],
    [
      'how a time is asked for',
      'orders',
      [['{start:yyyy-MM-dd HH:mm:ss}', '{start}']],
      /^error bound-failed: .*The partner says: \{"error":"cannot read the filter near: updated_at >= \\"2026-01-16T20:00:00\.000Z\\""\}/,
    ],
    [
      'the zone of times',
      'orders',
      [['    times: { updated_at: { zone: UTC } }\n', '']],
      /expected a time with its zone .*`times`/,
    ],
    [
      'that a field may be null',
      'orders',
      [["type: [string, 'null']", 'type: string']],
      /^does not fit: updated_at: .*, found null$/,
    ],
    [
      'that a key is for one parent',
      'lines',
      [
        [', include: { id: order_id }', ''],
        ['[order_id, no]', '[no]'],
      ],
      /^error parents-share-keys: 2 of 3 .*include: \{ id: orders_id \} \} and primaryKey: \[orders_id, no\]$/,
    ],
  ])('leads to the cure when wrong: %s', async (_, stream, changes, cure) => {
    const says = saysOf(await check(stream, ...changes));
    expect(says).toContainEqual(expect.stringMatching(cure));
    expect(says.join('\n')).not.toMatch(new RegExp(`${SECRET}|session-\\d`));
  });

  test.each<[string, readonly Change[], string]>([
    ['an unknown name', [['{start:', '{since:']], 'nothing fills {since'],
    [
      'a start that the first reading lacks',
      [
        ['{?updated_at', 'updated_at'],
        ['AND }', 'AND '],
      ],
      'as in "{?changed > {start',
    ],
    [
      'a field that the schema lacks',
      [['        updated_at: {', '        changed_at: {']],
      'field "updated_at" is not in the schema',
    ],
  ])('does not load with %s, and says why', async (_, changes, says) => {
    expect(await problemsOf(written(...changes), env)).toContainEqual(expect.stringContaining(says));
  });
});

describe('a sync', () => {
  let partners: OwnPartners;
  beforeAll(async () => {
    partners = await ownPartners({ env });
  });
  afterAll(() => partners?.close());

  test('has each order once, and asks by time the next time', async () => {
    const { auth, streams } = parse(definition) as PartnerInput;
    const partner = await partners.partner((url, request) => vendor.answer(url, request), streams, { auth });
    expect(await partner.read('orders')).toMatchObject({
      outcome: 'ok',
      counts: { fetched: ORDERS, inserted: ORDERS },
    });
    const { rows } = await partners.pool.query(
      `select count(*)::int as all, count(updated_at)::int as timed, min(updated_at) as first from ${partner.name}.orders`,
    );
    expect(rows).toEqual([{ all: ORDERS, timed: ORDERS - 10, first: new Date('2026-01-01T05:00:00Z') }]);

    vendor.expire();
    vendor.change(5, { status: 'paid', updated_at: '2026-11-25 08:00:00' });
    const again = await partner.read('orders', { window: '2026-11-25' });
    expect(again).toMatchObject({ outcome: 'ok', counts: { fetched: 2, updated: 1, unchanged: 1 } });
    expect(vendor.filters.at(-1)).toBe('updated_at >= "2026-02-17 17:00:00" AND status IN ("open","paid","cancelled")');
    expect(vendor.logins()).toBe(2);
  });

  test('of lines whose key is not theirs alone is suspect, and with the right key the log has them all', async () => {
    const { auth, streams } = parse(definition) as PartnerInput;
    const lines = { ...streams['lines'], parent: { stream: 'orders' }, primaryKey: ['no'] } as StreamInput;
    const partner = await partners.partner(vendor.answer, { ...streams, lines }, { auth });
    await partner.read('orders');
    expect(await partner.read('lines')).toMatchObject({
      outcome: 'suspect',
      counts: { fetched: LINES, inserted: 3, updated: LINES - 3 },
      reason: expect.stringContaining('replaced another one of the same key (no)'),
    });

    await partner.define(streams, { auth });
    await expect(partner.read('lines', { window: '2026-11-25' })).rejects.toThrow('or drop the table');
    await partners.pool.query(`drop table ${partner.name}.lines`);
    expect(await partner.read('lines', { window: '2026-11-25' })).toMatchObject({ outcome: 'ok' });
    const { rows } = await partners.pool.query(
      `select count(*)::int as all, count(distinct order_id)::int as orders from ${partner.name}.lines`,
    );
    expect(rows).toEqual([{ all: LINES, orders: ORDERS }]);
  });
});
