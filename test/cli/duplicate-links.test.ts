import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { eraseRecords } from '../../cli/commands/erase.ts';
import { checkLinks, forgetWritten } from '../../cli/commands/duplicates-check-links.ts';
import { openSession } from '../../matching/session.ts';
import type { DuplicateWorkers } from '../duplicates/duplicate-workers.ts';
import type { OwnPartner, OwnPartners } from '../support/own-partner.ts';
import type { Said } from '../support/said.ts';
import { duplicateCommands, why } from './duplicate-commands.ts';
import { duplicatePeople, schema, type DuplicatePeople } from './duplicate-people.ts';

let people: DuplicatePeople;
let [own, shop, workers] = [] as unknown as [OwnPartners, OwnPartner, DuplicateWorkers];
beforeAll(async () => {
  people = await duplicatePeople();
  ({ own, shop, workers } = people);
  await people.read([
    ['6', 'ADA@example.com', 'A. Okafor'],
    ['7', 'new@example.com', 'N'],
    ['8', 'new@example.com', 'New'],
  ]);
  await plan();
  await decided('1', 'approve', { rule: 'same-email' });
  await change('1', 'apply');
});
afterAll(() => people?.close());

const { run, plan, decided, change, view, links } = duplicateCommands(() => workers.config);

test('links and the SQL of the views make the same golden records in a target', async () => {
  expect(await people.together()).toEqual(['1 2 6', '3 4', '7 8']);
  await expect(view('lake')).rejects.toThrow('targets.yaml declares no "lake"');
  writeFileSync(
    join(own.folder, 'targets.yaml'),
    JSON.stringify({ targets: { lake: { type: 'duckdb', path: 'lake.duckdb' } } }),
  );
  await expect(view('lake')).rejects.toThrow(`${shop.name}.people is not written to lake`);
  await shop.define({ people: { path: '/people', primaryKey: ['id'], schema, targets: ['lake'] } });
  const [parquet, csv] = [join(own.folder, 'links.parquet'), join(own.folder, 'links.csv')];
  expect((await links(parquet)).json).toMatchObject({ rows: 7 });
  await expect(links(parquet)).rejects.toThrow('is there already');
  expect((await links(csv)).json).toMatchObject({ rows: 7 });
  expect(readFileSync(csv, 'utf8').split('\n').slice(0, 2)).toEqual([
    'stream,row,entity',
    expect.stringMatching(new RegExp(`^${shop.name}.people,"1",[0-9a-f-]{36}$`)),
  ]);
  const session = await openSession({ folder: own.folder, memoryLimit: '128MB', threads: 1 });
  try {
    const { rows } = await own.pool.query<Record<string, string>>(`select * from "${shop.name}".people`);
    await session.run(
      `create schema "${shop.name}"; create table "${shop.name}".people (id varchar, email varchar, name varchar, _event bigint, _deleted_at timestamptz)`,
    );
    for (const { id, email, name, _event: event } of rows)
      await session.run(`insert into "${shop.name}".people values ('${id}', '${email}', '${name}', ${event}, null)`);
    for (const statement of ((await view('lake')).json as { sql: string[] }).sql)
      await session.run(statement.replace('links.parquet', parquet));
    const found = await session.rows('select entity::varchar, members, email, name from golden.people order by 1');
    const { rows: golden } = await own.pool.query(
      `select entity::text, members, email, name from golden.people order by entity::text collate "C"`,
    );
    expect(found).toEqual(golden.map((row) => Object.values(row as object)));
    expect(found).toHaveLength(4);
  } finally {
    await session.close();
  }
});

test('links that were written are out of date once something is merged or separated, and that is said', async () => {
  const file = join(own.folder, 'once-more.csv');
  const { rows } = (await links(file)).json as { rows: number };
  const check = (): Promise<Said> => run((context) => checkLinks({ ...context, name: 'people' }), {});
  expect(await check()).toMatchObject({
    code: 0,
    text: expect.stringMatching(/^Links of people were written at .* UTC by .*, and nothing has been merged or sep/),
  });
  // As a change that takes members away, and one that leaves as many of them.
  const before = (await own.pool.query(`select * from duplicate_members where name = 'people'`)).rows;
  const changes = [
    [
      `delete from duplicate_members where name = 'people' and row = '1'`,
      `merged rows are ${rows - 1} instead of ${rows}`,
    ],
    [
      `update duplicate_members set entity = gen_random_uuid() where name = 'people' and row = '1'`,
      `are still ${rows}, and others`,
    ],
  ] as const;
  for (const [statement, says] of changes) {
    await own.pool.query(statement);
    expect(await check()).toMatchObject({ code: 3, text: expect.stringContaining(says) });
    await own.pool.query(`delete from duplicate_members where name = 'people'`);
    await own.pool.query(
      'insert into duplicate_members select * from json_populate_recordset(null::duplicate_members, $1)',
      [JSON.stringify(before)],
    );
    expect((await check()).code).toBe(0);
  }
  const { text } = await change('1', 'undo');
  expect(await people.together()).toEqual([]);
  expect(text).toMatch(/Links of people were written at .* and are out of date/);
  expect((await check()).code).toBe(3);
  const erased = await run(
    (context) => eraseRecords({ ...context, partner: shop.name, stream: 'people', key: ['1'] }),
    { ...why, apply: true },
  );
  expect(erased).toMatchObject({
    json: { links: ['people'] },
    text: expect.stringContaining(
      'Links of people that were written for other warehouses are out of date, and may name',
    ),
  });
  await links(join(own.folder, 'again.csv'));
  expect((await check()).code).toBe(0);
  expect((await run((context) => forgetWritten({ ...context, name: 'people' }), {})).code).toBe(0);
  expect(await check()).toMatchObject({ code: 0, text: 'Links of people were never written.' });
});

test.each([
  [
    'links would never be out of date',
    () => run((context) => checkLinks({ ...context, name: 'poeple' }), {}),
    'links of "poeple" were never written, and duplicates.yaml has no such name: it has people, places',
  ],
  [
    'links are used no more',
    () => run((context) => forgetWritten({ ...context, name: 'poeple' }), {}),
    'links of "poeple" were never written',
  ],
])('a misspelt name whose %s is refused in words', async (_, command, says) => {
  await expect(command()).rejects.toThrow(says);
});
