import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { noMetrics } from '../../core/metrics.ts';
import { observeRules } from '../../workers/observe-rules.ts';
import { anomaliesList, anomaliesShow } from '../../cli/commands/anomalies.ts';
import { status } from '../../cli/commands/status.ts';
import { trace } from '../../cli/commands/trace.ts';
import { readConfig, type Config } from '../../config/config.ts';
import type { PartnerInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';
import { temporalAddress } from '../support/temporal.ts';

const document = readFileSync(new URL('../../docs/ledgers.md', import.meta.url), 'utf8');
const fence = (language: string): string =>
  new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(document)?.[1] as string;
const { streams } = parse(fence('yaml')) as PartnerInput;

let own: OwnPartners;
let bank: OwnPartner;
let config: Config;
const has: Record<string, object[]> = { payments: [], reversals: [], entries: [] };
beforeAll(async () => {
  own = await ownPartners();
  bank = await own.partner((url) => ({ body: has[url.pathname.slice(1)] }), streams);
  config = readConfig({
    DATABASE_URL: own.databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress(),
    SYNCLINE_PARTNERS_DIR: own.folder,
    SYNCLINE_HOME: own.folder,
  });
});
afterAll(() => own.close());

async function night(stream: string, day: number, records: object[]) {
  has[stream] = records;
  return bank.read(stream, { window: `2026-11-0${day}` });
}

/** Without what differs from day to day: names of the test's partner, times, and widths of the table. */
const plain = (text: string): readonly string[] =>
  text
    .replaceAll(bank.name, 'bank')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(/─+/g, '─')
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').trim())
    .filter((line) => line !== '')
    .toSorted();

const reversal = (id: string, amount: number, at = '2026-11-01T00:00:00Z') => ({
  ...{ id, payment_id: 'p1', amount },
  changed_at: at,
});

const entry = (id: string, amount: number) => ({ id, transaction_id: 't', currency: 'EUR', amount });

describe('docs/ledgers.md', () => {
  test('a payment that changes is held', async () => {
    await night('payments', 1, [{ id: 'p1', amount: 10 }]);
    const report = await night('payments', 2, [{ id: 'p1', amount: 11 }]);
    expect(report).toMatchObject({ outcome: 'failed', counts: { quarantined: 1 } });
    const { rows } = await own.pool.query(`select amount from "${bank.name}".payments`);
    expect(rows).toEqual([{ amount: '10' }]);
  });

  test('what breaks rules is shown as the document has it, and is mended by a correction', async () => {
    await night('reversals', 1, [reversal('r1', -10)]);
    const both = [reversal('r1', -10), reversal('r2', -4.5)];
    expect(await night('reversals', 2, both)).toMatchObject({
      outcome: 'partial',
      counts: { inserted: 1, unchanged: 1 },
    });
    const [command, ...shown] = fence('console').trim().split('\n');
    expect(command).toBe('$ syncline anomalies list bank reversals');
    const listed = await said(config, { limit: '50' }, (context) =>
      anomaliesList({ ...context, partner: bank.name, stream: 'reversals' }),
    );
    expect(plain(listed.text)).toEqual(plain(shown.join('\n')));
    expect(listed.json).toMatchObject({ rules: { count: 2 } });
    const one = await said(config, { limit: '50' }, (context) =>
      anomaliesShow({ ...context, partner: bank.name, stream: 'reversals', key: ['r2'] }),
    );
    expect(one.text).toContain('breaks one_reversal: 2 rows for p1, allowed is one: r1, r2');
    expect(one.code).toBe(0);
    const told = await said(config, { limit: '50', search: '1000' }, (context) =>
      trace({ ...context, partner: bank.name, stream: 'reversals', key: ['r1'] }),
    );
    expect(told.text).toContain('breaks covered: the sum is -14.5 for p1, allowed is at most 0, at least -10: r1, r2');
    const stands = await said(config, { check: true }, status);
    expect(stands.code).toBe(1);
    expect(stands.text).toContain(
      `BROKEN ${bank.name}.reversals: its rows break covered (1 place), one_reversal (1 place)`,
    );
    const seen: unknown[] = [];
    const look = observeRules({
      pool: own.pool,
      metrics: { ...noMetrics, rulesObserved: (of, { broken }) => seen.push([of.partner, of.stream, broken]) },
    });
    await look();
    const corrected = { ...reversal('r2', 0, '2026-11-02T00:00:00Z'), payment_id: 'p2' };
    await night('payments', 3, [
      { id: 'p1', amount: 10 },
      { id: 'p2', amount: 20 },
    ]);
    expect(await night('reversals', 3, [reversal('r1', -10), corrected])).toMatchObject({ outcome: 'ok' });
    await look();
    expect(seen.filter((one) => (one as string[])[0] === bank.name)).toEqual([
      [bank.name, 'reversals', 2],
      [bank.name, 'reversals', 0],
    ]);
  });

  test('entries of a transaction sum up to nothing', async () => {
    const entries = [entry('a', 0.1), entry('b', 0.2), entry('c', -0.3)];
    expect(await night('entries', 1, entries)).toMatchObject({ outcome: 'ok' });
    const more = await night('entries', 2, [...entries, entry('d', 1e-9)]);
    expect(more.reason).toContain('balanced (1 place)');
  });
});
