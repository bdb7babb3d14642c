import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { runsShow } from '../../cli/commands/runs-show.ts';
import { runsList } from '../../cli/commands/runs.ts';
import { status } from '../../cli/commands/status.ts';
import { trace } from '../../cli/commands/trace.ts';
import { undoBack, undoRun, type UndoOptions } from '../../cli/commands/undo.ts';
import { undoList } from '../../cli/commands/undos.ts';
import { whoami } from '../../cli/person.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/undo.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
/** What each command prints, by the command. */
const shown = new Map(
  fences('console').map((text) => {
    const [command = '', ...lines] = text.trim().split('\n');
    return [command.slice(2), lines];
  }),
);

let own: OwnPartners;
let acme: OwnPartner;
const nights = JSON.parse(fences('json')[0] as string) as unknown[][];
let served: unknown[] = [];
const id = (): string => `sync/${acme.name}/payments/2026-11-02`;

beforeAll(async () => {
  own = await ownPartners();
  acme = await own.partner(() => ({ body: served }), { payments: parse(fences('yaml')[0] as string) as StreamInput });
  for (const [n, night] of nights.entries()) await read(night, `2026-11-0${n + 1}`);
});
afterAll(() => own.close());

async function read(records: readonly unknown[], window: string): Promise<void> {
  served = [...records];
  await acme.read('payments', { window });
}

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });
const change = (command: typeof undoRun, options: UndoOptions = {}, of = id()): Promise<Said> =>
  said(config(), options, (context) => command({ ...context, id: of }));
const plain = ({ text }: Said): string[] =>
  text
    .replaceAll(acme.name, 'acme')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d/g, 'TIME')
    .replaceAll(whoami(), 'USER')
    .split('\n')
    .filter((line) => !line.startsWith('─'))
    .map(squeezed);
const squeezed = (line: string): string =>
  line
    .replaceAll(/(?<=\S) {2,}/g, '  ')
    .replace(/^ (?=\S)/, '')
    .trimEnd();
const inDocument = (command: string): string[] | undefined => shown.get(command)?.map(squeezed);

async function rows(): Promise<string[]> {
  const { rows: found } = await own.pool.query<{ row: string }>(
    `select '| ' || id || ' | ' || status || ' |' as row from ${acme.name}.payments order by id`,
  );
  return found.map(({ row }) => row);
}

describe('docs/undo.md', () => {
  test('shows what an undo would do, does, and how it is taken back', async () => {
    expect(await rows()).toEqual(['| p1 | TEST |', '| p2 | new |', '| p9 | TEST |']);
    const before = await own.pool.query(`select * from syncline.streams`);
    expect(plain(await change(undoRun))).toEqual(inDocument('syncline undo run sync/acme/payments/2026-11-02'));
    expect(await rows()).toHaveLength(3);
    await expect(change(undoRun, { apply: true })).rejects.toThrow('--apply needs --reason');
    const reason = 'test data, ticket 4711';
    expect(plain(await change(undoRun, { apply: true, reason }))).toEqual(
      inDocument(`syncline undo run sync/acme/payments/2026-11-02 --apply --reason "${reason}"`),
    );
    const table = document.split('\n').filter((line) => /^\| p\d/.test(line));
    expect(await rows()).toEqual(table.map((line) => line.replaceAll(/ +/g, ' ')));

    for (const [command, says] of [
      [() => said(config(), { limit: '9' }, (context) => runsList(context)), /No run yet/],
      [
        () => said(config(), {}, (context) => runsShow({ ...context, id: id() })),
        /ok, undone.*\n.*payments: undone at .*undo back/s,
      ],
      [
        () => said(config(), {}, (context) => status(context)),
        /2026-11-02 was undone, and what it had read has not been read again yet/,
      ],
      [
        () =>
          said(config(), { limit: '9', search: '99' }, (context) =>
            trace({ ...context, partner: acme.name, stream: 'payments', key: ['p1'] }),
          ),
        /no longer counts: its run was undone.*a run with this key was undone/s,
      ],
    ] as const)
      expect((await command()).text).toMatch(says);
    await expect(change(undoRun)).rejects.toThrow('is undone already');

    const why = 'it was the right data after all';
    expect(plain(await change(undoBack, { apply: true, reason: why }))).toEqual(
      inDocument(`syncline undo back sync/acme/payments/2026-11-02 --apply --reason "${why}"`),
    );
    expect(await rows()).toEqual(['| p1 | TEST |', '| p2 | new |', '| p9 | TEST |']);
    const { rows: after } = await own.pool.query<{ watermark: string }>(`select * from syncline.streams`);
    expect(after.map(({ watermark }) => watermark)).toEqual(before.rows.map(({ watermark }) => watermark));
    expect(plain(await said(config(), {}, (context) => undoList({ ...context, partner: acme.name })))).toEqual(
      inDocument('syncline undo list'),
    );
    await expect(change(undoBack)).rejects.toThrow('is not undone');
  });

  test('the next run reads again what the undone one had read', async () => {
    const told = await change(undoRun, { apply: true, reason: 'again' });
    expect(told.json).toMatchObject({ applied: true, pending: [] });
    const asked = acme.asked.length;
    await read([{ id: 'p9', status: 'real', updated_at: '2026-11-02T00:00:00Z' }], '2026-11-04');
    expect(acme.asked[asked]).toContain(encodeURIComponent('2026-11-01').slice(0, 10));
    expect(await rows()).toEqual(['| p1 | settled |', '| p2 | new |', '| p9 | real |']);
    expect((await said(config(), {}, (context) => status(context))).text).not.toContain('is undone, and');
    await expect(change(undoRun, {}, 'sync/acme/payments/2020-01-01')).rejects.toThrow('there is no run');
    await expect(change(undoRun, { stream: 'refunds' })).rejects.toThrow('has not read "refunds"');
  });
});

test('a target whose table has to be made anew, and that is out of reach, is named until it was', async () => {
  const targets = { targets: { lake: { type: 'duckdb', path: join(own.folder, 'lake.duckdb') } } };
  writeFileSync(join(own.folder, 'targets.yaml'), JSON.stringify(targets));
  let listing: unknown[] = [{ id: 'a' }];
  const beta = await own.partner(() => ({ body: listing }), {
    things: {
      path: '/things',
      primaryKey: ['id'],
      disposition: 'replace',
      targets: ['lake'],
      schema: { type: 'object', properties: { id: { type: 'string' } } },
    },
  });
  await beta.read('things', { window: '2026-11-01' });
  listing = [{ id: 'a' }, { id: 'b' }];
  await beta.read('things', { window: '2026-11-02' });
  // Nobody listens there.
  const away = readConfig({ ...config().env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  const of = `sync/${beta.name}/things/2026-11-02`;
  const command = (options: UndoOptions): Promise<Said> =>
    said(away, options, (context) => undoRun({ ...context, id: of }));
  const told = await command({ apply: true, reason: 'bad' });
  expect(told).toMatchObject({ code: 3, json: { applied: true, pending: ['lake'] } });
  expect(told.text).toMatch(/its tables in lake are made anew from the log\n(.*\n)*things in lake: still as before \(/);
  const { rows: left } = await own.pool.query(`select id from ${beta.name}.things`);
  expect(left).toEqual([{ id: 'a' }]);
  expect(await command({})).toMatchObject({ code: 3, json: { applied: false, pending: ['lake'] } });
  expect((await said(config(), {}, (context) => undoList({ ...context, partner: beta.name }))).text).toMatch(
    /bad .*lake/,
  );
});
