import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { reconcileShow } from '../../cli/commands/reconciliations.ts';
import { readConfig } from '../../config/config.ts';
import { checkPartner } from '../../definitions/check.ts';
import { declaredJoins, declaredSchedules } from '../../definitions/declared-schedules.ts';
import { partner, type StreamInput } from '../../definitions/definition.ts';
import { duplicatesFile } from '../../definitions/duplicates.ts';
import { plainNames } from '../../messages/names.ts';
import { reconcileHere } from '../reconcile/reconcile-here.ts';
import { ownPartners, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/reconcile.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);

let own: OwnPartners;
beforeAll(async () => {
  own = await ownPartners();
});
afterAll(() => own.close());

const squeezed = (text: string): string[] =>
  text
    .split('\n')
    .filter((line) => !line.startsWith('─'))
    .map((line) => line.replaceAll(/(?<=\S) {2,}/g, '  ').trim());

test('docs/reconcile.md shows what a reconciliation says', async () => {
  const [before = [], after = []] = fences('json').map((text) => JSON.parse(text) as unknown[]);
  let served = before;
  const acme = await own.partner(() => ({ body: served }), {
    payments: parse(fences('yaml')[0] as string) as StreamInput,
  });
  await acme.read('payments');
  served = after;
  const { id } = await reconcileHere({ own, partner: acme, stream: 'payments' });
  const config = readConfig({ DATABASE_URL: own.databaseUrl });
  const shown = await said(config, { limit: '50' }, (context) => reconcileShow({ ...context, id }));
  expect(shown.code).toBe(3);
  const [command = '', ...lines] = (fences('console')[0] as string).trim().split('\n');
  const as = (text: string): string => text.replaceAll(id, 'reconcile/acme/payments/1').replaceAll(acme.name, 'acme');
  expect(command).toBe('$ syncline reconcile show reconcile/acme/payments/1');
  expect(squeezed(as(shown.text))).toEqual(squeezed(lines.join('\n')));
});

test('the schedules that docs/reconcile.md and docs/golden-records.md show are told to Temporal', async () => {
  const acme = partner.parse(parse(fences('yaml')[1] as string));
  expect(checkPartner(acme)).toEqual([]);
  expect(declaredSchedules(plainNames, acme)).toMatchObject([
    { name: 'weekly', cron: ['0 5 * * 0'], streams: [], repair: ['missing', 'stale'], overlap: 'queueOne' },
    { name: 'recent', streams: ['payments'], lastMs: 7 * 86_400_000, level: 'content' },
  ]);
  const golden = readFileSync(new URL('../../docs/golden-records.md', import.meta.url), 'utf8');
  const [, shown = ''] = /^```yaml\n(# duplicates\.yaml.*?)^```$/ms.exec(golden) ?? [];
  const { customers } = parse(shown) as { readonly customers: object };
  const file = { customers: { ...customers, from: [{ stream: 'acme.customers', fields: { id: 'id' } }] } };
  expect(declaredJoins(plainNames, new Map(Object.entries(duplicatesFile.parse(file))))).toMatchObject([
    { id: 'schedule/duplicates/customers', cron: ['0 6 * * *'], timeZone: 'Europe/Berlin' },
  ]);
});
