import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { replayQuarantine } from '../../activities/replay-quarantine.ts';
import { trace, type TraceOptions } from '../../cli/commands/trace.ts';
import { readConfig } from '../../config/config.ts';
import { compileStream } from '../../definitions/compile.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { loadPartner } from '../../definitions/load.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { plainNames } from '../../messages/names.ts';
import { eventsOfKey } from '../../store/log/events-of-key.ts';
import { readQuarantine } from '../../store/quarantine/quarantine.ts';
import { noteApplied, pauseTarget } from '../../store/target-states.ts';
import { noteUnfit } from '../../store/target-unfit.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';
import { runSyncline } from './run-syncline.ts';

const payments = (required: readonly string[]): StreamInput => ({
  path: '/payments',
  records: 'data',
  primaryKey: ['account', 'id'],
  version: ['updated_at'],
  errorBudget: { count: 10, share: 1 },
  schema: {
    type: 'object',
    required: [...required],
    properties: {
      account: { type: 'string' },
      id: { type: 'integer' },
      status: { type: ['string', 'null'] },
      amount_minor: { type: 'integer' },
      updated_at: { type: 'string', format: 'date-time' },
    },
  },
});
const customers: StreamInput = {
  path: '/customers',
  records: 'data',
  primaryKey: ['id'],
  disposition: 'replace',
  schema: { type: 'object', properties: { id: { type: 'string' }, name: { type: 'string' } } },
};
const notes: StreamInput = {
  path: '/notes',
  records: 'data',
  primaryKey: ['id'],
  disposition: 'append',
  schema: { type: 'object', properties: { id: { type: 'number' }, text: { type: 'string' } } },
};
const strict = ['account', 'id', 'updated_at', 'status'];

/** Clears the screen, and turns the order of characters around. */
const CANARY = 'canary\u001b[2J\u202e';
const payment = (day: number, amount: number, status?: string): object => ({
  account: 'a',
  id: 7,
  amount_minor: amount,
  updated_at: `2026-11-0${day}T00:00:00Z`,
  ...(status === undefined ? {} : { status }),
});

let own: OwnPartners;
let acme: OwnPartner;
let served: object[] = [];
let names: string[] = [];
beforeAll(async () => {
  own = await ownPartners();
  acme = await own.partner(
    ({ pathname }) => ({
      headers: { 'x-request-id': `req-${acme.asked.length}` },
      body: { data: pathname === '/customers' ? names.map((id) => ({ id, name: `${id} ${names.length}` })) : served },
    }),
    { payments: payments(strict), customers, notes },
  );
  const night = async (day: number, ...records: object[]): Promise<void> => {
    served = records;
    await acme.read('payments', { window: `2026-11-0${day}` });
  };
  await night(1, payment(1, 100, 'open'), { ...payment(1, 1, 'open'), id: 8 });
  await night(2, payment(2, 250, CANARY));
  await night(3, payment(1, 100, 'void'));
  await night(4, payment(3, 300));
  await night(5, payment(3, 300));
});
afterAll(() => own.close());

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });

const traced = (stream: string, key: string, options: Partial<TraceOptions> = {}): Promise<Said> =>
  said(config(), { limit: '50', search: '1000000', ...options }, (context) =>
    trace({ ...context, partner: acme.name, stream, key: key.split(' ') }),
  );

const document = readFileSync('docs/trace.md', 'utf8');
/** Each command and what is written below it. */
const examples = [...document.matchAll(/^\$ syncline (.*)\n([^]*?)^```/gm)].map(([, command = '', text = '']) => ({
  command,
  text,
}));
/** Times differ. */
const shapeOf = (text: string): string =>
  text
    .replaceAll(acme.name, 'acme')
    .replaceAll(/2026-\d\d-\d\d \d\d:\d\d(:\d\d)?/g, 'TIME')
    .replaceAll(/replay\/\S+/g, 'REPLAY')
    .replaceAll(/for [\d.]+\w; paused/g, 'for AGE; paused')
    .replaceAll(/─+/g, '─')
    .replaceAll(/ +/g, ' ')
    .replaceAll(/ +$/gm, '')
    .trim();

describe('syncline trace', () => {
  test('tells what came, changed, came late and is held, and says no value', async () => {
    const { code, text, json } = await traced('payments', 'id=7 account=a');
    expect(code).toBe(0);
    expect(text).not.toContain('canary');
    expect(JSON.stringify(json)).not.toContain('canary');
    expect(json).toMatchObject({
      found: true,
      leftOut: 0,
      searched: { searchedFrom: 1, indexed: false },
      events: [
        { event: 1, fate: 'first', fields: [], page: 1, requestId: 'req-1', window: '2026-11-01' },
        {
          event: 3,
          fate: 'changed',
          fields: ['amount_minor', 'updated_at', 'status'],
          requestId: 'req-2',
          conflict: false,
        },
        { event: 4, operation: 's', fate: 'stale', holds: 'nothing', from: null },
      ],
      quarantine: [{ id: '4.0', status: 'held', count: 2, path: 'status', page: 1, requestId: 'req-4' }],
      targets: [{ target: 'postgres', state: 'there', event: 3, table: `${acme.name}.payments` }],
    });
    expect(text).toMatch(/1 version waits in quarantine: correct the schema, then/);
  });

  test('shows values when asked for, with nothing that steers a terminal', async () => {
    const { text } = await traced('payments', 'id=7 account=a', { values: true });
    expect(text).toContain('  amount_minor: 100 → 250\n');
    expect(text).toContain(String.raw`"canary\u001b[2J\u202e"`);
    for (const char of ['\u001b', '\u202e']) expect(text).not.toContain(char);
  });

  test('tells a replay, and what waits for a target and why', async () => {
    await acme.define({ payments: payments(strict.slice(0, 3)), customers, notes }, { targets: ['lake'] });
    const definition = await loadPartner(acme.name, { dir: own.folder, env: {} });
    const { fitted } = await replayQuarantine(postgresWarehouse(own.pool), {
      stream: compileStream(definition, 'payments', plainNames),
      held: await readQuarantine(own.pool, { partner: acme.name, status: 'held', limit: 10 }),
      nowMs: Date.parse('2026-11-06T09:00:00Z'),
    });
    expect(fitted).toEqual(['4.0']);
    const place = { target: 'lake', partner: acme.name, stream: 'payments' };
    await noteApplied(own.pool, { ...place, table: 'one', cursor: 4, rows: 3, behindSince: null });
    await pauseTarget(own.pool, { target: 'lake', by: 'ann', reason: 'a move' });
    const { text, json } = await traced('payments', 'account=a id=7');
    expect(json).toMatchObject({
      events: [
        { event: 1 },
        { event: 3 },
        { event: 4 },
        { event: 5, fate: 'changed', batch: 'replay', replayed: '4.0' },
      ],
      quarantine: [{ status: 'replayed' }],
      targets: [
        { target: 'postgres', event: 5 },
        {
          target: 'lake',
          event: 3,
          waits: 5,
          why: expect.stringMatching(/^1 of 5 events behind, for .*paused by ann/),
        },
      ],
    });
    expect(examples[0]?.command).toBe('trace acme payments account=a id=7');
    expect(shapeOf(text)).toBe(shapeOf(examples[0]?.text ?? ''));

    await noteApplied(own.pool, { ...place, table: 'one', cursor: 5, rows: 1, behindSince: null });
    const unfit = { count: 1, first: [], events: [5] };
    await noteUnfit(own.pool, { ...place, table: 'one', unfit });
    const later = await traced('payments', 'account=a id=7');
    expect(later.text).toContain('lake: event 5 is left out, since it fits the definition no longer');
  });

  test('a record that a complete listing does not name is gone, and may come again', async () => {
    for (const [day, ids] of [
      ['01', 'abcd'],
      ['02', 'acd'],
      ['03', 'abcd'],
    ] as const) {
      names = Array.from(ids);
      const report = await acme.read('customers', { window: `2026-11-${day}` });
      expect(report.outcome).toBe('ok');
    }
    const { text, json } = await traced('customers', 'b');
    expect(json).toMatchObject({
      events: [
        { fate: 'first', holds: 'yes', from: 5 },
        { fate: 'gone', operation: 'd', batch: 'sweep', page: null },
        { fate: 'again', fields: [], holds: 'yes' },
      ],
      targets: [
        { target: 'postgres', state: 'there' },
        { target: 'lake', state: 'unknown', says: expect.stringMatching(/nothing of it yet/) },
      ],
    });
    expect(text).toContain(`gone: the complete listing of run sync/${acme.name}/customers/2026-11-02 did not name it`);
  });

  test('an append has a row for each content of a key', async () => {
    for (const [day, text] of [
      ['1', 'a'],
      ['2', 'b'],
    ] as const) {
      served = [{ id: 1.5, text }];
      await acme.read('notes', { window: `2026-11-0${day}` });
    }
    const { text, json } = await traced('notes', '1.50');
    expect(json).toMatchObject({ key: '1.5', events: [{ fate: 'first' }, { fate: 'changed', fields: ['text'] }] });
    expect(text).toMatch(/notes\): 2 rows, the newest stands for event 2, loaded /);
  });

  test('a key that is not there: what makes a key, and where else to look', async () => {
    const { code, text, json } = await traced('payments', 'account=a id=9');
    expect(code).toBe(1);
    expect(json).toMatchObject({ found: false, events: [], key: '["a","9"]' });
    expect(text).toMatch(
      /Nothing in the log or the quarantine .* has the key \["a","9"\]\.\nIts keys are account=… id=…/,
    );
    await expect(traced('payments', '7')).rejects.toThrow(/^key: expected account=… id=…, found "7"/);
    await expect(traced('paymnts', '7')).rejects.toThrow(/did you mean "payments"/);
  });

  test('the newest so many events are told, each by the one before it, and the rest is counted', async () => {
    const { text, json } = await traced('payments', 'account=a id=7', { limit: '1' });
    expect(json).toMatchObject({
      leftOut: 3,
      events: [{ event: 5, fate: 'changed', fields: ['amount_minor', 'updated_at', 'status'] }],
    });
    expect(text).toMatch(/3 earlier events are left out/);
  });

  test('looks back so many events and at what the row stands for; with an index on the key at all of them', async () => {
    const { json, text } = await traced('payments', 'account=a id=8', { search: '2' });
    expect(json).toMatchObject({ searched: { searchedFrom: 4, indexed: false }, events: [{ event: 2, fate: 'came' }] });
    expect(text).toMatch(/Only the last 2 of 5 events were looked at: --search 5 looks at all/);
    const { rows } = await own.pool.query<{ stream_id: number }>(
      `select stream_id from streams where partner = $1 and name = 'payments'`,
      [acme.name],
    );
    const streamId = rows[0]?.stream_id as number;
    const statement = /^create index .*;$/m.exec(document)?.[0].replaceAll('events_7', `events_${streamId}`) ?? '';
    await own.pool.query(statement);
    const search = { streamId, lastEvent: 5, most: 2, known: [], key: '["a","7"]' };
    expect(await eventsOfKey(own.pool, { ...search, limit: 50 })).toMatchObject({
      indexed: true,
      searchedFrom: 1,
      leftOut: 0,
      events: [{ event: 1 }, { event: 3 }, { event: 4 }, { event: 5 }],
    });
    expect(await eventsOfKey(own.pool, { ...search, limit: 2 })).toMatchObject({
      leftOut: 2,
      events: [{ event: 4 }, { event: 5 }],
    });
  });

  test('is told without a definition, too', async () => {
    await acme.write(async () => 'export default {};');
    const ended = await runSyncline(['trace', acme.name, 'payments', '["a","8"]', '--limit', '1', '--json'], {
      DATABASE_URL: own.databaseUrl,
      SYNCLINE_PARTNERS_DIR: own.folder,
    });
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(ended.stdout)).toMatchObject({ found: true, events: [{ event: 2 }] });
    const { code, text, json } = await traced('payments', '["a","8"]');
    expect(code).toBe(0);
    expect(text).toMatch(/^The key is taken as the log writes it, since the definition cannot be read: /);
    expect(json).toMatchObject({
      events: [{ event: 2 }],
      targets: [{ target: 'postgres', state: 'unknown' }, { target: 'lake' }],
    });
  });
});
