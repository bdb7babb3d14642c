import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { status } from '../../cli/commands/status.ts';
import { trace } from '../../cli/commands/trace.ts';
import { waitingList, waitingSettle, waitingShow } from '../../cli/commands/waiting.ts';
import { readConfig } from '../../config/config.ts';
import type { Config } from '../../config/config.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import { noMetrics } from '../../core/metrics.ts';
import { observeWaiting } from '../../workers/observe-waiting.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';
import { temporalAddress } from '../support/temporal.ts';

/** The partner of docs/waiting.md. */
const [, example = ''] = /```yaml\n# partner\n(.+?)```/s.exec(readFileSync('docs/waiting.md', 'utf8')) ?? [];
const { streams } = parse(example) as PartnerInput;

let own: OwnPartners;
let config: Config;
beforeAll(async () => {
  own = await ownPartners();
  config = readConfig({
    DATABASE_URL: own.databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress(),
    SYNCLINE_PARTNERS_DIR: own.folder,
  });
});
afterAll(() => own.close());

let days = 0;
interface Bank {
  readonly partner: OwnPartner;
  readonly has: { payments: object[]; reversals: object[] };
  night(stream: 'payments' | 'reversals'): ReturnType<OwnPartner['read']>;
  table(stream: string): Promise<unknown[]>;
}

async function aBank(): Promise<Bank> {
  const has: Bank['has'] = { payments: [], reversals: [] };
  const partner = await own.partner(
    (url) => ({ body: url.pathname.includes('payments') ? has.payments : has.reversals }),
    streams,
  );
  return {
    partner,
    has,
    night: (stream) => partner.read(stream, { window: new Date(Date.UTC(2026, 0, ++days)).toISOString().slice(0, 10) }),
    table: async (stream) => {
      const { rows } = await own.pool.query(`select id from "${partner.name}"."${stream}" order by id`);
      return rows.map(({ id }: { id: string }) => id);
    },
  };
}

const list = (bank: Bank, options: { all?: boolean } = {}): Promise<Said> =>
  said(config, { limit: '50', ...options }, (context) =>
    waitingList({ ...context, partner: bank.partner.name, stream: undefined }),
  );
const settle = (
  bank: Bank,
  what: 'release' | 'drop',
  events: readonly string[],
  reason = 'the bank says so',
): Promise<Said> =>
  said(config, { reason }, (context) =>
    waitingSettle({ ...context, partner: bank.partner.name, stream: 'reversals', events, what }),
  );
const traced = (bank: Bank, key: string): Promise<Said> =>
  said(config, { limit: '50', search: '1000' }, (context) =>
    trace({ ...context, partner: bank.partner.name, stream: 'reversals', key: [key] }),
  );

describe('the bank of docs/waiting.md', () => {
  test('a reversal before its payment waits, is told of, and comes with it', async () => {
    const bank = await aBank();
    bank.has.reversals = [{ id: 'r1', payment_id: 'p1', amount: -10 }];
    expect(await bank.night('reversals')).toMatchObject({ outcome: 'ok', counts: { fetched: 1, waiting: 1 } });
    // Each night has it again.
    expect(await bank.night('reversals')).toMatchObject({ outcome: 'ok', counts: { fetched: 1, unchanged: 1 } });
    const listed = await list(bank);
    expect(listed.json).toMatchObject([
      { stream: 'reversals', event: 1, key: 'r1', status: 'waiting', overdue: false },
    ]);
    expect(listed.text).toContain('original (payments p1)');
    const before = await traced(bank, 'r1');
    expect(before.text).toMatch(/came, and waits for original \(payments p1\) since .* UTC, for 0m/);
    expect(before.text).toContain('postgres');
    bank.has.payments = [{ id: 'p1', amount: 10, changed_at: '2026-01-01T00:00:00Z' }];
    await bank.night('payments');
    expect(await bank.table('reversals')).toEqual(['r1']);
    const after = await traced(bank, 'r1');
    expect(after.text).toMatch(
      /came, and waited for original \(payments p1\); released by event 1 of payments .* UTC, as event 2/,
    );
    expect(after.text).toContain('came first; it had waited as event 1, released by event 1 of payments');
    expect(after.text).toMatch(/the row stands for event 2/);
    expect((await list(bank)).text).toBe('No record waits for another one.');
    expect((await list(bank, { all: true })).json).toMatchObject([
      { status: 'released', by: { stream: 'payments', event: 1 } },
    ]);
  });

  test('an original that never comes makes the runs of its stream partial, until a person decides', async () => {
    const bank = await aBank();
    bank.has.reversals = [
      { id: 'r1', payment_id: 'never', amount: -10 },
      { id: 'r2', payment_id: 'never', amount: -20 },
      { id: 'r3', payment_id: 'late', amount: -20 },
    ];
    await bank.night('reversals');
    await own.pool.query(
      `update waiting set overdue_at = now() - interval '1 hour', since = now() - interval '3 days' from streams s
        where s.stream_id = waiting.stream_id and s.partner = $1 and key <> 'r3'`,
      [bank.partner.name],
    );
    const report = await bank.night('reversals');
    expect(report).toMatchObject({ outcome: 'partial' });
    expect(report.reason).toMatch(
      new RegExp(
        `^2 records wait for what it requires for longer than it may, since .* UTC: \`syncline waiting list ${bank.partner.name} reversals\`$`,
      ),
    );
    const shown = await said(config, { check: true }, status);
    expect(shown.code).toBe(1);
    expect(shown.text).toContain(`OVERDUE ${bank.partner.name}.reversals: 2 of its records`);
    const told: unknown[] = [];
    const metrics = {
      ...noMetrics,
      waitingObserved: (of: { readonly partner: string }, seen: unknown) =>
        void (of.partner === bank.partner.name && told.push(seen)),
    };
    const look = observeWaiting({ pool: own.pool, metrics });
    await look();
    expect(told).toEqual([{ records: 3, overdue: 2 }]);

    expect(await settle(bank, 'release', ['1', '99'])).toMatchObject({ code: 3, json: { released: [1] } });
    expect(await bank.table('reversals')).toEqual(['r1']);
    expect(await settle(bank, 'drop', ['2'])).toMatchObject({ code: 0, json: { dropped: [2] } });
    await settle(bank, 'drop', ['3'], 'test');
    await look();
    expect(told.at(-1)).toEqual({ records: 0, overdue: 0 });
    expect((await traced(bank, 'r1')).text).toMatch(/released by .+ \(the bank says so\) .* UTC, as event 4/);
    expect((await traced(bank, 'r2')).text).toMatch(
      /came, and waited for original \(payments never\); dropped .* UTC by .+ \(the bank says so\)/,
    );
    const one = await said(config, {}, (context) =>
      waitingShow({ ...context, partner: bank.partner.name, stream: 'reversals', event: '2' }),
    );
    expect(one.text).toContain('{"id":"r2","payment_id":"never","amount":-20}');
    // What was dropped comes again each night, and waits no more; nor does its original bring it.
    expect(await bank.night('reversals')).toMatchObject({ outcome: 'ok', counts: { unchanged: 3, waiting: 0 } });
    bank.has.payments = [{ id: 'late', amount: 20, changed_at: '2026-01-01T00:00:00Z' }];
    await bank.night('payments');
    expect(await bank.table('reversals')).toEqual(['r1']);
  });

  test('a stream that requires nothing any more, or something else, looks at what waits once more', async () => {
    const bank = await aBank();
    bank.has.reversals = [{ id: 'r1', payment_id: 'p1', amount: -10 }];
    await bank.night('reversals');
    const { requires: _requires, ...free } = streams['reversals']!;
    await bank.partner.define({ ...streams, reversals: free });
    expect(await bank.night('reversals')).toMatchObject({ outcome: 'ok', counts: { unchanged: 1 } });
    expect(await bank.table('reversals')).toEqual(['r1']);
    expect((await traced(bank, 'r1')).text).toContain('released by a run of its stream, since its needs were there');
  });
});
