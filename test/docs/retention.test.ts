import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { prune } from '../../cli/commands/prune.ts';
import { trace } from '../../cli/commands/trace.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/retention.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
const shown = fences('console').map((text) => text.trim().split('\n').slice(1));

let own: OwnPartners;
let acme: OwnPartner;
let served: unknown[] = [];
beforeAll(async () => {
  own = await ownPartners();
  acme = await own.partner(() => ({ body: served }), { orders: parse(fences('yaml')[0] as string) as StreamInput });
});
afterAll(() => own.close());

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });
const pruned = (options: { dryRun?: boolean; check?: boolean } = {}): Promise<Said> =>
  said(config(), options, (context) => prune({ ...context, partner: acme.name, stream: undefined }));
/** As the page writes it: the partner has another name here, and sizes are not the same everywhere. */
const linesOf = ({ text }: Said): string[] =>
  text
    .replaceAll(acme.name, 'acme')
    .replaceAll(/\d[\d.]* (kB|MB)/g, 'SIZE')
    .replaceAll(/\d{4}-\d\d-\d\d\.$/gm, 'DAY.')
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' ').replaceAll(/─+/g, '─').trimEnd());
const asShown = (lines: readonly string[] | undefined): string[] =>
  (lines ?? []).map((line) =>
    line
      .replaceAll(/\d[\d.]* (kB|MB)/g, 'SIZE')
      .replaceAll(/ +/g, ' ')
      .replaceAll(/─+/g, '─')
      .trimEnd(),
  );

const order = (id: string, day: number, state: string): unknown => ({
  id,
  updated_at: `2026-01-0${day}T00:00:00Z`,
  state,
});

test('docs/retention.md shows what goes, what is said of it, and how a log is counted', async () => {
  const nights = [
    [order('ord_1', 1, 'open'), order('ord_2', 1, 'open')],
    [order('ord_1', 2, 'paid'), order('ord_2', 1, 'open')],
    [order('ord_1', 2, 'paid'), order('ord_2', 1, 'open')],
    [order('ord_1', 3, 'sent'), order('ord_2', 2, 'paid')],
    [order('ord_1', 4, 'back'), order('ord_3', 4, 'open')],
  ];
  for (const [n, night] of nights.entries()) {
    served = night;
    await acme.read('orders', { window: `2026-01-0${n + 1}` });
    // The last night is young.
    if (n < 4)
      await own.pool
        .query(`update syncline.pages set committed_at = now() - interval '100 days'`)
        .then(() => own.pool.query(`update syncline.stream_runs set finished_at = now() - interval '99 days'`));
  }
  expect(linesOf(await pruned({ dryRun: true }))).toEqual(asShown(shown[0]));
  expect(await pruned()).toMatchObject({ code: 0, json: [{ lines: 3, pages: 1, waited: 0, stays: null }] });
  const traced = await said(config(), { limit: '20', search: '1000' }, (context) =>
    trace({ ...context, partner: acme.name, stream: 'orders', key: ['ord_1'] }),
  );
  expect(linesOf(traced)).toEqual(expect.arrayContaining(asShown(shown[1])));
  // It came after the horizon: nothing of it was ever removed.
  const later = await said(config(), { limit: '20', search: '1000' }, (context) =>
    trace({ ...context, partner: acme.name, stream: 'orders', key: ['ord_3'] }),
  );
  expect(later.text).not.toContain('retention');
  expect(linesOf(await pruned({ check: true }))).toEqual(asShown(shown[2]));
  await own.pool.query(`delete from syncline.events where key = 'ord_3'`);
  expect(await pruned({ check: true })).toMatchObject({
    code: 1,
    text: expect.stringContaining('retention did not remove what is missing'),
  });
});
