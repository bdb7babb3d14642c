import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { drift } from '../../cli/commands/drift.ts';
import { plan, type PlanOptions } from '../../cli/commands/plan.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/schema-changes.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
const [contract, events, before, after, invoices, renamed] = fences('yaml').map(
  (text) => parse(text) as StreamInput,
) as [Pick<StreamInput, 'onMismatch'>, StreamInput, StreamInput, StreamInput, StreamInput, StreamInput];
const shown = fences('console').map((text) => text.trim().split('\n'));

let own: OwnPartners;
let acme: OwnPartner;
beforeAll(async () => {
  own = await ownPartners();
  acme = await own.partner(() => ({ text: fences('json')[2] as string }), { orders: before });
});
afterAll(() => own.close());

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });
const planned = (options: PlanOptions = {}, stream = 'orders'): Promise<Said> =>
  said(config(), options, (context) => plan({ ...context, partner: acme.name, stream }));
/** With the command before it, as the page shows it. */
const asShown = (command: string, { text }: Said): string[] => [
  `$ syncline ${command}`,
  ...text
    .replaceAll(acme.name, 'acme')
    .replaceAll(/20\d\d-\d\d-\d\dT[\d:.]+Z/g, 'TIME')
    .split('\n'),
];

describe('docs/schema-changes.md', () => {
  test('shows what came, what a definition changes, and how it is changed', async () => {
    expect(await acme.read('orders')).toMatchObject({ outcome: 'partial', counts: { inserted: 3, quarantined: 1 } });
    const drifted = await said(config(), {}, (context) => drift({ ...context, partner: acme.name, stream: 'orders' }));
    expect(asShown('drift acme orders', drifted)).toEqual(shown[1]);
    expect(await planned()).toMatchObject({ code: 0, text: expect.stringContaining('nothing changes') });

    await acme.define({ orders: after });
    const asked = await planned();
    expect(asShown('plan acme orders', asked)).toEqual(shown[2]);
    expect(asked).toMatchObject({ code: 3, json: { plans: [{ retyped: [{ column: 'total' }] }] } });
    await expect(acme.read('orders', { window: '2026-11-25' })).rejects.toThrow('the definition says numeric');

    const applied = await planned({ apply: true });
    expect(asShown('plan acme orders --apply', applied)).toEqual(shown[3]);
    expect(applied.code).toBe(0);
    expect(await acme.read('orders', { window: '2026-11-26' })).toMatchObject({
      outcome: 'partial',
      counts: { unchanged: 3, quarantined: 1 },
    });
    const { rows } = await own.pool.query(
      `select id, total::text, channel, _extra from ${acme.name}.orders order by id`,
    );
    expect(rows).toEqual([
      { id: 'o_1', total: '1250', channel: 'web', _extra: { weight: 2 } },
      { id: 'o_2', total: '990', channel: 'shop', _extra: { weight: 1.5 } },
      { id: 'o_3', total: '400', channel: null, _extra: null },
    ]);
    expect(await planned()).toMatchObject({ code: 0, text: expect.stringContaining('nothing changes') });
  });

  test('makes columns by themselves', async () => {
    const [came, rows] = fences('json') as [string, string];
    const beta = await own.partner(() => ({ text: came }), { events });
    expect(await beta.read('events')).toMatchObject({ outcome: 'ok' });
    const { rows: landed } = await own.pool.query(
      `select id, kind, size::float, tags, _extra from ${beta.name}.events order by id`,
    );
    expect(landed).toEqual(JSON.parse(rows));
    const drifted = await said(config(), {}, (context) => drift({ ...context, partner: beta.name, stream: 'events' }));
    expect(asShown('drift acme events', { ...drifted, text: drifted.text.replaceAll(beta.name, 'acme') })).toEqual(
      shown[0],
    );
  });

  test('renames a column', async () => {
    await acme.define({ orders: after, invoices });
    await acme.read('invoices');
    await acme.define({ orders: after, invoices: renamed });
    await expect(acme.read('invoices', { window: '2026-11-25' })).rejects.toThrow('is called total by the definition');
    const asked = await planned({}, 'invoices');
    expect(asShown('plan acme invoices', asked)).toEqual(shown[4]);
    expect(asked.code).toBe(3);
    expect(asShown('plan acme invoices --apply', await planned({ apply: true }, 'invoices'))).toEqual(shown[5]);
    await acme.read('invoices', { window: '2026-11-26' });
    expect(await planned({}, 'invoices')).toMatchObject({ code: 0, text: expect.stringContaining('nothing changes') });
  });

  test('lets a record land by the contract that it shows, and stops where it says so', async () => {
    const properties = {
      id: { type: 'string' },
      note: { type: 'string' },
      amount: { type: 'integer' },
      v: { type: 'integer' },
    };
    const stream: StreamInput = { path: '/o', primaryKey: ['id'], schema: { type: 'object', properties }, ...contract };
    let served: object[] = [];
    const beta = await own.partner(() => ({ body: served }), { orders: stream });
    const read = (window: string, records: object[]) => {
      served = records;
      return beta.read('orders', { window });
    };
    const loose = { id: 'a', note: { of: 1 }, amount: 5, more: true };
    expect(await read('2026-11-01', [loose])).toMatchObject({ outcome: 'ok', counts: { inserted: 1 } });
    await expect(read('2026-11-02', [{ id: 'b', amount: 'x' }])).rejects.toThrow('The stream is set to freeze');
    const strict = { ...stream, onMismatch: { newFields: 'quarantine', fields: { note: 'evolve' } } } as const;
    await beta.define({ orders: { ...strict, errorBudget: { count: 9, share: 1 } } });
    expect(await read('2026-11-03', [{ ...loose, id: 'c' }])).toMatchObject({
      outcome: 'partial',
      counts: { quarantined: 1 },
    });
    const rows = async (): Promise<unknown[]> =>
      (await own.pool.query(`select id, note, amount::text, _extra from ${beta.name}.orders`)).rows;
    const landed = [{ id: 'a', note: null, amount: '5', _extra: { note: { of: 1 }, more: true } }];
    expect(await rows()).toEqual(landed);
    // Made again, the table goes by the contract of today: it takes no new fields any more.
    await own.pool.query(`drop table ${beta.name}.orders`);
    await beta.define({ orders: stream });
    await read('2026-11-04', []);
    expect(await rows()).toEqual(landed);
  });

  test('refuses what makes no sense', async () => {
    await expect(planned({ acceptUnfit: true })).rejects.toThrow('--accept-unfit goes with --apply');
    await expect(
      said(config(), {}, (context) => plan({ ...context, partner: acme.name, stream: 'order' })),
    ).rejects.toThrow('there is no stream "order": there are orders');
  });
});
