import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { waitingShow } from '../../cli/commands/waiting.ts';
import { readConfig } from '../../config/config.ts';
import type { FailpointName } from '../../core/failpoint.ts';
import type { PartnerInput, StreamInput } from '../../definitions/definition.ts';
import { erase } from '../../landing/erase.ts';
import { undoRuns } from '../../landing/undo-run.ts';
import { postgresWarehouse } from '../../landing/postgres-warehouse.ts';
import { ownPartners, type OwnAnswer, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';
import { temporalAddress } from '../support/temporal.ts';

let own: OwnPartners;
beforeAll(async () => {
  own = await ownPartners();
});
afterAll(() => own.close());

const schema = {
  type: 'object',
  required: ['id'],
  properties: {
    id: { type: 'string' },
    of: { type: ['string', 'null'] },
    ref: { type: ['string', 'null'] },
    amount: { type: 'integer' },
    at: { type: 'string', format: 'date-time' },
  },
} as const;

const streamsWith = (
  fetch: NonNullable<NonNullable<StreamInput['requires']>[string]['fetch']>,
  more: { readonly payments?: Partial<StreamInput>; readonly need?: object } = {},
): PartnerInput['streams'] => ({
  payments: {
    path: '/payments',
    primaryKey: ['id'],
    version: ['at'],
    incremental: { field: 'at', start: { as: 'since' } },
    schema,
    ...more.payments,
  },
  reversals: {
    path: '/reversals',
    primaryKey: ['id'],
    requires: { original: { stream: 'payments', by: 'of', fetch, ...more.need } },
    schema,
  },
});

interface Bank {
  readonly partner: OwnPartner;
  readonly reversals: object[];
  /** By its path: the answer to a call for one payment. */
  readonly one: Map<string, OwnAnswer>;
  night(how?: Parameters<OwnPartner['read']>[1]): ReturnType<OwnPartner['read']>;
  /** Calls for single payments so far. */
  calls(): readonly string[];
  ids(stream: string): Promise<readonly string[]>;
}

let days = 0;
async function aBank(
  streams = streamsWith({ path: '/payments/{id}' }),
  more: Partial<PartnerInput> = {},
): Promise<Bank> {
  const reversals: object[] = [];
  const one = new Map<string, OwnAnswer>();
  const partner = await own.partner(
    (url) => {
      if (url.pathname === '/reversals') return { body: reversals };
      if (url.pathname === '/payments' && url.searchParams.get('no') === null) return { body: [] };
      return one.get(`${url.pathname}${url.search}`) ?? { status: 404, body: { error: 'no such payment' } };
    },
    streams,
    more,
  );
  return {
    partner,
    reversals,
    one,
    night: (how) =>
      partner.read('reversals', { window: new Date(Date.UTC(2026, 0, ++days)).toISOString().slice(0, 10), ...how }),
    calls: () =>
      partner.asked.map((url) => url.replace(/^https?:\/\/[^/]+/, '')).filter((url) => /^\/payments[/?]/.test(url)),
    ids: async (stream) => {
      const { rows } = await own.pool.query<{ id: string }>(`select id from "${partner.name}"."${stream}" order by id`);
      return rows.map(({ id }) => id);
    },
  };
}

const payment = (id: string, more: object = {}): OwnAnswer => ({
  body: { id, amount: 10, at: '2026-01-05T00:00:00Z', ...more },
});
const asked = async (bank: Bank): Promise<unknown> => {
  const { rows } = await own.pool.query(
    'select value, status, refused, times::integer from asked_needs where partner = $1 order by value',
    [bank.partner.name],
  );
  return rows;
};

describe('what a record waits for is asked for by its id', () => {
  test('one call for a hundred that wait for it; it lands once, in its own stream, and moves no watermark', async () => {
    const bank = await aBank();
    for (let n = 0; n < 100; n++) bank.reversals.push({ id: `r${String(n).padStart(2, '0')}`, of: 'p 1/x' });
    bank.reversals.push({ id: 'other', of: 'never' });
    bank.one.set('/payments/p%201%2Fx', payment('p 1/x'));
    expect(await bank.night()).toMatchObject({ outcome: 'ok', counts: { fetched: 101, waiting: 101 }, requests: 3 });
    expect(bank.calls().toSorted()).toEqual(['/payments/never', '/payments/p%201%2Fx']);
    expect(await bank.ids('payments')).toEqual(['p 1/x']);
    expect(await bank.ids('reversals')).toHaveLength(100);
    const { rows } = await own.pool.query(
      `select r.kind, r.state, r.outcome, r.fetched::integer, r.inserted::integer, s.watermark, p.kind as page, p.cursor_in, b.released
        from streams s join stream_runs r using (stream_id) join pages p using (stream_id, run_no),
          lateral (select count(*)::integer as released from waiting w join streams o on o.stream_id = w.stream_id
            where o.partner = s.partner and w.by_stream = 'payments') b
        where s.partner = $1 and s.name = 'payments'`,
      [bank.partner.name],
    );
    expect(rows).toEqual([
      {
        kind: 'fetch',
        state: 'done',
        outcome: 'ok',
        fetched: 1,
        inserted: 1,
        watermark: null,
        page: 'fetch',
        cursor_in: 'p 1/x',
        released: 100,
      },
    ]);
    // What was not there is not asked for each night, but after a while.
    await bank.night();
    expect(bank.calls()).toHaveLength(2);
    expect(await asked(bank)).toEqual([{ value: 'never', status: 404, refused: null, times: 1 }]);
    await own.pool.query(`update asked_needs set asked_at = asked_at - interval '6 hours' where partner = $1`, [
      bank.partner.name,
    ]);
    bank.one.set('/payments/never', payment('never'));
    await bank.night();
    expect(await bank.ids('reversals')).toContain('other');
    await bank.night();
    expect(await asked(bank)).toEqual([]);
  });

  test('what is not there waits on until its time is over, and `waiting show` says what the partner said', async () => {
    const bank = await aBank(streamsWith({ path: '/payments/{id}' }, { need: { within: '1ms' } }));
    bank.reversals.push({ id: 'r', of: 'never' }, { id: 's', of: 'gone' });
    bank.one.set('/payments/gone', { status: 410, body: {} });
    expect(await bank.night()).toMatchObject({ outcome: 'partial' });
    const config = readConfig({
      DATABASE_URL: own.databaseUrl,
      TEMPORAL_ADDRESS: temporalAddress(),
      SYNCLINE_PARTNERS_DIR: own.folder,
    });
    const shown = await said(config, {}, (context) =>
      waitingShow({ ...context, partner: bank.partner.name, stream: 'reversals', event: '1' }),
    );
    expect(shown.text).toMatch(/payments never was asked for once, the last time .* UTC: not there \(404\)/);
    expect(shown.json).toMatchObject({ status: 'waiting', asked: [{ status: 404, times: 1 }] });
    // Nor is it remembered once nobody waits for it.
    const { stream } = await bank.partner.access('reversals');
    await erase(own.pool, { stream, whose: { key: 'r' }, reason: 'test', by: 'me', dryRun: false });
    expect(await asked(bank)).toMatchObject([{ value: 'gone', status: 410 }]);
  });

  test('an answer of another record is refused, and so is what the partner refuses; the run says so', async () => {
    const bank = await aBank();
    bank.reversals.push({ id: 'r', of: 'a' }, { id: 's', of: 'b' }, { id: 't', of: 'c' }, { id: 'u', of: 'd' });
    bank.one.set('/payments/a', payment('not a'));
    bank.one.set('/payments/b', { status: 400, body: {} });
    bank.one.set('/payments/c', { body: [payment('c').body, payment('d').body] });
    // What does not fit goes to the quarantine of its stream.
    bank.one.set('/payments/d', payment('d', { amount: 'much' }));
    const report = await bank.night();
    expect(report).toMatchObject({ outcome: 'partial' });
    expect(report.reason).toMatch(/^the answers to 3 calls for what its records require could not be taken/);
    expect(report.reason).not.toContain('not a');
    expect(await asked(bank)).toMatchObject([
      { value: 'a', status: 200, refused: 'asked for payments a, and not a came' },
      { value: 'b', status: 400 },
      { value: 'c', status: 200, refused: 'asked for payments c, and 2 records came' },
      { value: 'd', status: 200, refused: null },
    ]);
    expect(await bank.ids('payments')).toEqual([]);
    const { rows } = await own.pool.query(
      `select q.key, q.path from quarantine q join streams s using (stream_id) where s.partner = $1`,
      [bank.partner.name],
    );
    expect(rows).toEqual([{ key: 'd', path: 'amount' }]);
  });

  test('as docs/waiting.md has it', async () => {
    const [, example = ''] = /```yaml\n# requires\n(.+?)```/s.exec(readFileSync('docs/waiting.md', 'utf8')) ?? [];
    const { original } = parse(example) as Record<string, { fetch: { path: string } }>;
    const bank = await aBank(streamsWith({ path: '/never' }, { need: { ...original, by: 'of' } }));
    bank.reversals.push({ id: 'r', of: 'p' });
    bank.one.set('/payments/p', payment('p'));
    await bank.night();
    expect(await bank.ids('reversals')).toEqual(['r']);
  });

  test('within the limits of the partner; what it still wants to ask for is deferred, not sent', async () => {
    const bank = await aBank(undefined, { limits: { quotas: [{ name: 'daily', limit: 3, per: '1000d' }] } });
    for (let n = 0; n < 5; n++) {
      bank.reversals.push({ id: `r${n}`, of: `p${n}` });
      bank.one.set(`/payments/p${n}`, payment(`p${n}`));
    }
    const { state, requests } = await bank.partner.grant('reversals', { window: '2027-03-01' });
    expect(state).toBe('deferred');
    // The listing, and two payments.
    expect(requests).toBe(3);
    expect(bank.partner.asked).toHaveLength(requests);
    expect(await bank.ids('reversals')).toHaveLength(requests - 1);
    // The run is given up meanwhile: what it has begun ends with it.
    const syncId = `sync/${bank.partner.name}/reversals/2027-03-01`;
    await postgresWarehouse(own.pool).failStream({ syncId, stream: 'reversals', reason: 'cancelled' });
    const { rows } = await own.pool.query(
      `select r.kind, r.state from stream_runs r join streams s using (stream_id) where s.partner = $1 order by r.kind`,
      [bank.partner.name],
    );
    expect(rows).toEqual([
      { kind: 'fetch', state: 'failed' },
      { kind: 'manual', state: 'failed' },
    ]);
  });

  test('an undo of what was fetched lets those wait again that it released, and sets no reading back', async () => {
    const bank = await aBank();
    bank.reversals.push({ id: 'r', of: 'p' });
    bank.one.set('/payments/p', payment('p'));
    await bank.night({ window: '2027-04-01' });
    const mark = '2026-01-01T00:00:00.000000000Z';
    await own.pool.query(`update streams set watermark = $2 where partner = $1 and name = 'payments'`, [
      bank.partner.name,
      mark,
    ]);
    const { stream } = await bank.partner.access('payments');
    const syncId = `fetch/sync/${bank.partner.name}/reversals/2027-04-01/payments`;
    const [undone] = await undoRuns(own.pool, { runs: [{ stream, syncId }], by: 'me', reason: 'test', dryRun: false });
    expect(undone?.watermark).toBe(mark);
    expect(await bank.ids('payments')).toEqual([]);
    expect(await bank.ids('reversals')).toEqual([]);
    await own.pool.query('delete from asked_needs where partner = $1', [bank.partner.name]);
    await bank.night({ window: '2027-04-02' });
    expect(await bank.ids('reversals')).toEqual(['r']);
  });

  test('by a field that is no key, with a query and a place of its own', async () => {
    const bank = await aBank(
      streamsWith({ path: '/payments', query: { no: '{ref}' }, records: 'data.hits' }, { need: { field: 'ref' } }),
    );
    bank.reversals.push({ id: 'r', of: 'N 1' });
    bank.one.set('/payments?no=N+1', {
      body: { data: { hits: [{ id: 'p', ref: 'N 1', at: '2026-01-01T00:00:00Z' }] } },
    });
    expect(await bank.night()).toMatchObject({ outcome: 'ok' });
    expect(await bank.ids('reversals')).toEqual(['r']);
  });

  test('no more calls than `most` in a run; a limit defers it, and each id is asked for once', async () => {
    const bank = await aBank(streamsWith({ path: '/payments/{id}', most: 3 }));
    for (let n = 0; n < 5; n++) {
      bank.reversals.push({ id: `r${n}`, of: `p${n}` });
      bank.one.set(`/payments/p${n}`, payment(`p${n}`));
    }
    bank.one.set('/payments/p1', { status: 429, headers: { 'retry-after': '1' }, body: {} });
    expect(await bank.partner.grant('reversals', { window: '2027-01-01' })).toMatchObject({
      state: 'deferred',
      reason: 'limit',
    });
    expect(await bank.ids('reversals')).toEqual(['r0']);
    bank.one.set('/payments/p1', payment('p1'));
    expect(await bank.night({ window: '2027-01-01' })).toMatchObject({ outcome: 'ok', requests: 5 });
    expect(bank.calls()).toEqual(['/payments/p0', '/payments/p1', '/payments/p1', '/payments/p2']);
    const { rows } = await own.pool.query(
      `select r.state, r.page_no from stream_runs r join streams s using (stream_id) where s.partner = $1 and r.kind = 'fetch'`,
      [bank.partner.name],
    );
    expect(rows).toEqual([{ state: 'done', page_no: 3 }]);
    await bank.night();
    expect(bank.calls()).toHaveLength(6);
    expect(await bank.ids('reversals')).toHaveLength(5);
  });

  test.each<FailpointName>(['fetched.before', 'commit.middle', 'commit.released', 'fetched.after'])(
    'a worker that is killed at %s leaves it to the next one, and it lands once',
    async (blow) => {
      const bank = await aBank();
      bank.reversals.push({ id: 'r', of: 'p' }, { id: 's', of: 'q' });
      bank.one.set('/payments/p', payment('p'));
      bank.one.set('/payments/q', payment('q'));
      // The listing of the reversals is committed before.
      let times = 0;
      const failpoint = (name: FailpointName): void => {
        if (name === blow && ++times === (blow.startsWith('commit') ? 2 : 1)) throw new Error('killed');
      };
      const window = `2027-02-0${blow.length % 9}`;
      const ended = await bank.partner
        .grant('reversals', { window, failpoint })
        .then(({ state }) => state)
        .catch((error: unknown) => (error as Error).message);
      expect(['killed', 'deferred']).toContain(ended);
      expect(times).toBeGreaterThan(0);
      expect(await bank.ids('reversals')).toEqual(blow === 'fetched.after' ? ['r'] : []);
      expect(await bank.night({ window })).toMatchObject({ outcome: 'ok' });
      expect(await bank.ids('reversals')).toEqual(['r', 's']);
      const { rows } = await own.pool.query(
        `select count(*)::integer as events, (select count(*)::integer from stream_runs r where r.stream_id = s.stream_id) as runs,
            (select count(*)::integer from stream_runs r where r.stream_id = s.stream_id and state <> 'done') as open
          from streams s join events e using (stream_id) where s.partner = $1 and s.name = 'payments' group by s.stream_id`,
        [bank.partner.name],
      );
      expect(rows).toEqual([{ events: 2, runs: 1, open: 0 }]);
    },
  );
});
