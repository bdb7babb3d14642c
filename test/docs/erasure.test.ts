import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { eraseList, eraseReapply, eraseRecords, eraseVerify, type EraseOptions } from '../../cli/commands/erase.ts';
import { exportCommand } from '../../cli/commands/export.ts';
import { whoami } from '../../cli/person.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { loadTargets } from '../support/load-target.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said, type Said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/erasure.md', import.meta.url), 'utf8');
const fences = (language: string): string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text]) => text as string);
const shown = fences('console').map((text) => text.trim().split('\n'));

let own: OwnPartners;
let acme: OwnPartner;
let served = JSON.parse(fences('json')[0] as string) as unknown[];
beforeAll(async () => {
  own = await ownPartners();
  acme = await own.partner(() => ({ body: served }), { customers: parse(fences('yaml')[0] as string) as StreamInput });
});
afterAll(() => own.close());

const config = () =>
  readConfig({ DATABASE_URL: own.databaseUrl, SYNCLINE_PARTNERS_DIR: own.folder, SYNCLINE_HOME: own.folder });
const at = () => ({ partner: acme.name, stream: 'customers' });
const records = (options: EraseOptions, key: readonly string[] = []): Promise<Said> =>
  said(config(), options, (context) => eraseRecords({ ...context, ...at(), key }));
const verify = (key: string): Promise<Said> =>
  said(config(), {}, (context) => eraseVerify({ ...context, ...at(), key: [key] }));
const linesOf = ({ text }: Said): string[] => text.replaceAll(acme.name, 'acme').split('\n');

test('docs/erasure.md shows what is erased, and how it is proved and done again', async () => {
  await acme.read('customers');
  const ann = { where: 'email=ann@example.com' };
  expect(linesOf(await records(ann))).toEqual(shown[0]?.slice(1));
  expect(linesOf(await records({ ...ann, apply: true, reason: 'request 4711' }))).toEqual(shown[1]?.slice(1));
  const { rows } = await own.pool.query(`select id from ${acme.name}.customers`);
  expect(rows).toEqual([{ id: 'cus_2' }]);

  const proof = await verify('cus_1');
  expect(
    proof.text
      .replace(/\d{4}-\d\d-\S+Z/, 'TIME')
      .replace(whoami(), 'USER')
      .replace(/[0-9a-f]{8}\.$/, 'ID.'),
  ).toBe(shown[4]?.[1]);
  expect(await verify('cus_2')).toMatchObject({ code: 1, text: 'No erasure has this key.' });

  // A backup: the list is gone, and the person is back.
  const list = await said(config(), {}, (context) => eraseList(context));
  expect(JSON.stringify(list.json)).not.toMatch(/cus_|ann@/);
  const file = join(own.folder, 'erasures.list');
  writeFileSync(file, JSON.stringify(list.json));
  await own.pool.query('delete from syncline.erasures');
  served = [...served, { id: 'cus_4', email: 'eve@example.com' }];
  await acme.read('customers', { window: '2026-11-26' });
  const again = await said(config(), { from: file }, (context) => eraseReapply(context));
  expect(again).toMatchObject({ code: 0, text: expect.stringMatching(/ 2 keys erased again\./) });
  const { rows: left } = await own.pool.query(`select id from ${acme.name}.customers order by id`);
  expect(left).toEqual([{ id: 'cus_2' }, { id: 'cus_4' }]);
  expect(await verify('cus_1')).toMatchObject({ code: 0 });
});

test('a target that cannot be reached is named until it is made anew', async () => {
  const targets = { targets: { lake: { type: 'duckdb', path: join(own.folder, 'lake.duckdb') } } };
  writeFileSync(join(own.folder, 'targets.yaml'), JSON.stringify(targets));
  const beta = await own.partner(() => ({ body: [{ id: 'cus_7' }] }), {
    customers: { ...(parse(fences('yaml')[0] as string) as StreamInput), targets: ['lake'] },
  });
  await beta.read('customers');
  // Nobody listens there.
  const away = readConfig({ ...config().env, TEMPORAL_ADDRESS: '127.0.0.1:1' });
  const erased = await said(away, { apply: true, reason: 'asked' }, (context) =>
    eraseRecords({ ...context, partner: beta.name, stream: 'customers', key: ['cus_7'] }),
  );
  expect(erased).toMatchObject({ code: 3, json: { applied: true, pending: ['lake'] } });
  expect(erased.text).toMatch(/lake: still has it \(.*\)\. `syncline erase again` goes on there\./);
  const again = await said(away, {}, (context) => eraseReapply(context));
  expect(again.code).toBe(3);
  expect((await said(config(), {}, (context) => eraseList(context))).text).toMatch(/asked +lake/);
  const { rows } = await own.pool.query(`select id from ${beta.name}.customers`);
  expect(rows).toEqual([]);
});

test('docs/erasure.md shows what becomes of exports', async () => {
  const lake = join(own.folder, 'exported.duckdb');
  writeFileSync(
    join(own.folder, 'targets.yaml'),
    JSON.stringify({ targets: { lake: { type: 'duckdb', path: lake } } }),
  );
  const customers = parse(fences('yaml')[0] as string) as StreamInput;
  const gamma = await own.partner(() => ({ body: [{ id: 'cus_2' }] }), {
    customers: { ...customers, targets: ['lake'] },
  });
  await gamma.read('customers');
  await loadTargets(own, [{ target: 'lake', partner: gamma.name, stream: 'customers' }]);
  const to = join(own.folder, 'today');
  const written = await said(config(), { to }, (context) =>
    exportCommand({ ...context, target: 'lake', partner: undefined, stream: undefined }),
  );
  await gamma.define({ customers });
  const { export: id } = written.json as { readonly export: string };
  const linesIn = ({ text }: Said): string[] =>
    text.replaceAll(id.slice(0, 8), 'ID').replaceAll(to, '/exports/today').replaceAll(hostname(), 'HOST').split('\n');
  const erase = (options: EraseOptions): Promise<Said> =>
    said(config(), options, (context) =>
      eraseRecords({ ...context, partner: gamma.name, stream: 'customers', key: ['cus_2'] }),
    );
  expect(linesIn(await erase({}))).toEqual(shown[2]?.slice(1));
  // As from another machine.
  renameSync(to, `${to}-away`);
  await own.pool.query(`update syncline.exports set host = 'far'`);
  const applied = await erase({ apply: true, reason: 'request 4712' });
  expect([applied.code, linesIn(applied)]).toEqual([3, shown[3]?.slice(1)]);
});

test('what makes no sense is refused, with what to do', async () => {
  await expect(records({})).rejects.toThrow('expected a key, or --where field=value');
  await expect(records({ where: 'email' })).rejects.toThrow('--where: expected field=value');
  await expect(records({ where: 'a=b' }, ['cus_1'])).rejects.toThrow('expected a key or --where, not both');
  await expect(records({ apply: true }, ['cus_2'])).rejects.toThrow('--apply needs --reason');
  expect(await records({}, ['cus_99'])).toMatchObject({ code: 1, text: expect.stringContaining('Nothing of') });
  const from = join(own.folder, 'no.list');
  await expect(said(config(), { from }, (context) => eraseReapply(context))).rejects.toThrow('cannot be read (ENOENT)');
  writeFileSync(from, '{"erasures":[{"erasure":1}]}');
  await expect(said(config(), { from }, (context) => eraseReapply(context))).rejects.toThrow(
    'expected what `syncline erase list --json` prints; erasures.0.erasure',
  );
});
