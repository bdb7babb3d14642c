import { readFileSync, writeFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { changePlan } from '../../cli/commands/duplicates-change.ts';
import { decide } from '../../cli/commands/duplicates-decide.ts';
import { exportDuplicates } from '../../cli/commands/duplicates-export.ts';
import { planDuplicates } from '../../cli/commands/duplicates-find.ts';
import { whyDuplicates } from '../../cli/commands/duplicates-why.ts';
import { showDuplicates } from '../../cli/commands/duplicates.ts';
import { partnersCheck } from '../../cli/commands/partners-check.ts';
import { rebuild } from '../../cli/commands/rebuild.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { duplicateWorkers, type DuplicateWorkers } from '../duplicates/duplicate-workers.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';
import { resentFiles } from '../duplicates/resent-files.ts';

const document = readFileSync(new URL('../../docs/resent-records.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
const { streams } = parse(fences('yaml')[0] as string) as { streams: Record<'contacts', StreamInput> };

let own: OwnPartners;
let crm: OwnPartner;
let workers: DuplicateWorkers;
let served: readonly unknown[] = [];

beforeAll(async () => {
  own = await ownPartners();
  crm = await own.partner(() => ({ body: served }), streams);
  writeFileSync(
    join(own.folder, 'duplicates.yaml'),
    (fences('yaml duplicates.yaml')[0] as string).replaceAll('crm.', `${crm.name}.`),
  );
  workers = await duplicateWorkers(own);
  for (const { month, records } of resentFiles()) {
    served = records;
    await crm.read('contacts', { window: `${month}-01` });
  }
});
afterAll(async () => {
  await workers?.stop();
  await own?.close();
});

const rowsIn = async (table: string): Promise<number> => {
  const { rows } = await own.pool.query<{ count: number }>(`select count(*)::integer as count from ${table}`);
  return rows[0]?.count ?? -1;
};
const run = <O extends object>(
  command: (context: Parameters<Parameters<typeof said<O>>[2]>[0]) => Promise<number>,
  options: O,
): Promise<Said> => said(workers.config, options, command);
const change = (action: 'apply' | 'undo', reason: string): Promise<Said> =>
  run((context) => changePlan({ ...context, plan: '1', action }), { reason });
const rows = Number(/has (\d+) rows of 40 customers/.exec(document)?.[1]);

test('a year of resent records is found, merged, taken back, merged again, explained, and cannot come again', async () => {
  expect(await rowsIn(`${crm.name}.contacts`)).toBe(rows);
  const checked = await run((context) => partnersCheck({ ...context, name: crm.name }), { offline: true });
  expect(checked.text).toContain(/warns of it: `(.*?)`/.exec(document)?.[1]);

  const planned = await run((context) => planDuplicates({ ...context, name: 'customers' }), {});
  expect(planned.json).toMatchObject({ plan: 1, review: 0 });
  const shown = await run((context) => showDuplicates({ ...context, plan: '1' }), { limit: '5' });
  expect(shown.text).toMatch(/Cluster 1, pair \d+: .*proposed: merge/);
  const file = join(own.folder, 'plan.html');
  await run((context) => exportDuplicates({ ...context, plan: '1' }), { out: file });
  expect(await readFile(file, 'utf8')).toContain('<h2>Cluster 1, pair');

  const approved = await run((context) => decide({ ...context, plan: '1', decision: 'approve' }), {
    reason: 'looked at it',
  });
  expect(approved.json).toMatchObject({ undecided: 0 });
  await change('apply', 'ticket 4711');
  expect(await rowsIn('golden.customers')).toBe(40);
  await change('undo', 'a colleague wants to look first');
  expect(await rowsIn('golden.customers')).toBe(rows);
  await change('apply', 'he has looked');
  expect(await rowsIn('golden.customers')).toBe(40);

  const why = await run((context) => whyDuplicates({ ...context, plan: '1' }), {});
  expect(why.text).toContain(/proposes a key: `(.*?)`/.exec(document)?.[1]);
  expect(why.json).toMatchObject({
    causes: [{ kind: 'runs', since: expect.stringMatching(/^20/) }],
    proposals: [{ column: 'customer_no', normalise: false }],
  });
  const tried = await run((context) => partnersCheck({ ...context, name: crm.name }), { key: 'contacts=customer_no' });
  expect(tried).toMatchObject({ code: 0, json: { tried: { rowsNow: rows, rowsThen: 40, missing: 0, split: 0 } } });

  await crm.define({
    contacts: { ...streams.contacts, ...(parse(fences('yaml')[1] as string) as Partial<StreamInput>) },
  });
  const drop = fences('sql').find((text) => text.startsWith('drop')) ?? '';
  await own.pool.query(drop.replace('crm.', `${crm.name}.`));
  await run((context) => rebuild({ ...context, partner: crm.name, stream: 'contacts' }), { target: 'postgres' });
  expect(await rowsIn(`${crm.name}.contacts`)).toBe(40);
  await crm.read('contacts', { window: '2026-01-01' });
  expect(await rowsIn(`${crm.name}.contacts`)).toBe(40);
});
