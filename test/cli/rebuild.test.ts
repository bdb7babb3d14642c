import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { StreamInput } from '../../definitions/definition.ts';
import { temporalAddress } from '../support/temporal.ts';
import { expectTruth } from '../support/expect-truth.ts';
import { openPullBench, WINDOW, type BenchPartner, type PullBench } from '../support/pull-bench.ts';
import * as streams from '../support/simulator-streams.ts';
import { runHere } from './run-here.ts';
import { compiledCli } from './run-syncline.ts';

let bench: PullBench;
let partner: BenchPartner;
let env: Record<string, string>;

const PAYMENTS = 12_000;

beforeAll(async () => {
  bench = await openPullBench();
  const payments = { ...streams.payments, query: { limit: 500 } } satisfies StreamInput;
  const customers = { ...streams.customers, disposition: 'replace' } satisfies StreamInput;
  const run = await bench.syncOnce({ simulator: { payments: PAYMENTS }, streams: { payments, customers } });
  if (run.report.outcome !== 'ok') throw new Error(`the run ended ${run.report.outcome}`);
  partner = run.partner;
  env = {
    DATABASE_URL: bench.config.databaseUrl as string,
    TEMPORAL_ADDRESS: temporalAddress(),
    TEMPORAL_NAMESPACE: bench.namespace,
    SYNCLINE_PARTNERS_DIR: bench.partnersDir,
    SYNCLINE_HOME: bench.partnersDir,
  };
});
afterAll(() => bench.close());

async function syncline(args: string): Promise<{ readonly code: number; readonly says: string }> {
  const { code, stdout, stderr } = await runHere(args.replace('acme', partner.name).split(' '), env);
  return { code, says: `${stdout}${stderr}` };
}

const sql = (text: string): Promise<unknown> => bench.pool.query(text.replaceAll('acme', partner.name));

describe('syncline rebuild', () => {
  test('says how far it has come, and that nothing differs', async () => {
    const { code, says } = await syncline('rebuild acme payments');
    expect(says).toMatch(/[5-9],\d{3} of 12,\d{3} events of the log read/);
    expect(says).toMatch(/\.payments: 0 rows differ from the log up to event 12,\d{3}\./);
    expect(code).toBe(0);
    expect(await syncline('rebuild acme customers')).toMatchObject({
      code: 0,
      says: expect.stringMatching(/0 rows differ/),
    });
    expect(await syncline('rollback acme payments')).toMatchObject({
      code: 2,
      says: expect.stringMatching(/there is nothing to restore/),
    });
  });

  test('finds what somebody changed, as doctor does, corrects it, and takes it back', async () => {
    await sql(
      `update acme.customers set created_at = now() where id in (select id from acme.customers order by id limit 2)`,
    );
    const found = await syncline('doctor --tables');
    expect(found.says).toMatch(/table of \S+\.customers +problem +.*customers: 2 rows differ from the log/);
    expect(found.says).toMatch(/table of \S+\.payments +ok +.*payments: 0 rows differ/);
    expect(found.code).toBe(1);
    expect(await syncline('rebuild acme customers --dry-run')).toMatchObject({
      code: 3,
      says: expect.stringMatching(/2 changed, 0 not in the log, 0 missing from the table.*\n  changed: /),
    });
    const { code, stdout } = await runHere(['rebuild', partner.name, 'customers', '--json'], env);
    expect(JSON.parse(stdout)).toMatchObject({ applied: true, differences: { changed: 2, gone: 0, came: 0 } });
    expect(code).toBe(0);
    await expectTruth(bench.pool, partner, 'customers');
    expect(await syncline('rollback acme customers')).toMatchObject({
      code: 0,
      says: expect.stringMatching(/2 rows as before the rebuild\./),
    });
    expect((await syncline('rebuild acme customers')).says).toMatch(/2 rows differed/);
    await expectTruth(bench.pool, partner, 'customers');
  });

  test('that is killed leaves the table as it was; the next one, while a sync goes on, makes it right', async () => {
    await sql(`update acme.payments set description = 'mine'`);
    const child = spawn(process.execPath, [compiledCli, 'rebuild', partner.name, 'payments'], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
    });
    await once(child.stdout, 'data');
    child.kill('SIGKILL');
    await once(child, 'exit');
    const count = async (): Promise<unknown> =>
      (
        await bench.pool.query(
          `select count(*)::integer as mine from ${partner.name}.payments where description = 'mine'`,
        )
      ).rows;
    expect(await count()).toEqual([{ mine: PAYMENTS }]);

    const [ended] = await Promise.all([untilFree(), partner.sync({ window: WINDOW, generation: 2 })]);
    expect(ended).toMatchObject({ code: 0, says: expect.stringMatching(/rows differed/) });
    await expectTruth(bench.pool, partner, 'payments');
    expect(await syncline('rebuild acme payments')).toMatchObject({
      code: 0,
      says: expect.stringMatching(/0 rows differ/),
    });
  });
});

/** PostgreSQL needs a moment to notice that the killed process is gone. */
async function untilFree(): Promise<Awaited<ReturnType<typeof syncline>>> {
  for (;;) {
    const ended = await syncline('rebuild acme payments');
    if (!/is under way/.test(ended.says)) return ended;
  }
}
