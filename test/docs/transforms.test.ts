import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { anomaliesShow } from '../../cli/commands/anomalies.ts';
import { decrypt } from '../../cli/commands/decrypt.ts';
import { partnersCheck } from '../../cli/commands/partners-check.ts';
import { plan } from '../../cli/commands/plan.ts';
import { rebuild } from '../../cli/commands/rebuild.ts';
import { trace } from '../../cli/commands/trace.ts';
import { readConfig } from '../../config/config.ts';
import type { StreamInput } from '../../definitions/definition.ts';
import { ownPartners, type OwnPartner, type OwnPartners } from '../support/own-partner.ts';
import { said } from '../support/said.ts';

const document = readFileSync(new URL('../../docs/transforms.md', import.meta.url), 'utf8');
const fence = (language: string, at = 0): string =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))][at]?.[1] as string;

const KEY = 'a key of thirty-two characters or more';
const defined = {
  path: '/customers',
  records: 'data',
  ...(parse(fence('yaml')) as Partial<StreamInput>),
} as StreamInput;
const [came, shown] = [0, 1].map((at) => JSON.parse(fence('json', at)) as Record<string, unknown>) as [
  Record<string, unknown>,
  Record<string, unknown>,
];

let own: OwnPartners;
let acme: OwnPartner;
let served: unknown[] = [came];
beforeAll(async () => {
  own = await ownPartners({ env: { PII_KEY: KEY } });
  acme = await own.partner(
    () => ({ body: { data: served } }),
    { customers: defined },
    undefined,
    'a check is not in the ledger',
  );
  await acme.read('customers');
});
afterAll(() => own.close());

const config = () =>
  readConfig({
    DATABASE_URL: own.databaseUrl,
    SYNCLINE_PARTNERS_DIR: own.folder,
    SYNCLINE_HOME: own.folder,
    PII_KEY: KEY,
  });
const rows = async (stream = 'customers'): Promise<Record<string, unknown>[]> =>
  (await own.pool.query(`select to_jsonb(t) as row from ${acme.name}.${stream} t order by _event`)).rows.map(
    ({ row }) => row as Record<string, unknown>,
  );
/** Values of the record that no one but the log may have. */
const secrets = ['ann@acme.example', '0612345678', 'NL91ABNA0417164300', '1990-01-31', 'Kade 1', '123456782', '"Lee"'];
const leaks = (text: string): string[] => secrets.filter((secret) => text.includes(secret.replaceAll('"', '')));

describe('docs/transforms.md', () => {
  test('makes the row that it shows, and nothing of what is hidden is in it', async () => {
    const [row] = await rows();
    const { _event, _page, _run, _version, _hash, _loaded_at, _deleted_at, ...said } = row as Record<string, unknown>;
    expect(said).toEqual({
      ...shown,
      email: createHmac('sha256', KEY).update('ann@acme.example').digest('hex'),
      iban: expect.stringMatching(/^enc1:/),
      _transform: expect.stringMatching(/^[0-9a-f]{12}$/),
    });
    expect(leaks(JSON.stringify(row))).toEqual([]);
  });

  test('the log has the record as it came', async () => {
    const { rows: events } = await own.pool.query('select payload::text as payload from events');
    expect(events.map(({ payload }) => JSON.parse(payload as string) as unknown)).toEqual([came]);
  });

  test('decrypts as the command and the snippet do', async () => {
    const { iban } = (await rows())[0] as { iban: string };
    const of = { partner: acme.name, stream: 'customers', lines: [iban, ''] };
    const { text } = await said(config(), {}, (context) => decrypt({ ...context, ...of, field: 'iban' }));
    expect(text.trim()).toBe(fence('console').trim().split('\n').at(-1));
    const other = await said(config(), { key: 'PII_KEY' }, (context) => decrypt({ ...context, ...of, field: 'any' }));
    expect(other.json).toEqual(['NL91ABNA0417164300', '']);
    await expect(said(config(), {}, (context) => decrypt({ ...context, ...of, field: 'email' }))).rejects.toThrow(
      'no field "email" that is encrypted; it encrypts iban',
    );
    await expect(
      said(config(), {}, (context) => decrypt({ ...context, ...of, lines: [iban, 'x'], field: 'iban' })),
    ).rejects.toThrow('line 2: expected a text that begins with enc1:');
    const file = join(own.folder, 'snippet.mjs');
    await writeFile(file, fence('js'));
    const snippet = (await import(pathToFileURL(file).href)) as { decrypt: (secret: string, text: string) => string };
    expect(snippet.decrypt(KEY, iban)).toBe('NL91ABNA0417164300');
  });

  test('the definition in TypeScript computes what it says', async () => {
    const compute = await own.partner(() => ({ body: [{ id: 'a', net: 10, lines: [1, 2] }] }), { orders: defined });
    await compute.write(async (name, baseUrl) =>
      fence('ts')
        .replace(
          "import { definePartner } from 'syncline';",
          'const definePartner = (definition: object) => definition;',
        )
        .replace("'acme'", `'${name}'`)
        .replace('https://api.acme.example', baseUrl),
    );
    await compute.read('orders');
    const { rows: made } = await own.pool.query(
      `select net, gross, line_count, _transform from ${compute.name}.orders`,
    );
    expect(made).toEqual([{ net: '10', gross: '12.1', line_count: '2', _transform: expect.any(String) }]);
  });

  test('nothing that is printed shows what is hidden', async () => {
    served = [came, { ...came, email: 'bob@acme.example', address: { city: 'Delft', street: 'Gracht 2' } }];
    await acme.read('customers', { window: '2026-11-25' });
    const checked = await said(config(), { stream: 'customers' }, (context) =>
      partnersCheck({ ...context, name: acme.name }),
    );
    const of = { partner: acme.name, stream: 'customers', key: ['c1'] };
    const traced = await said(config(), { limit: '50', search: '1000', values: true }, (context) =>
      trace({ ...context, ...of }),
    );
    const odd = await said(config(), { limit: '5' }, (context) => anomaliesShow({ ...context, ...of }));
    for (const { text, json } of [checked, traced, odd])
      expect([...leaks(text + JSON.stringify(json)), ...(text.match(/Gracht|bob@/g) ?? [])]).toEqual([]);
    expect(checked.text).toMatch(/phone +text +\*\*\*\*78/);
    expect(odd.text).toContain('email: (hidden) → (hidden)');
    expect(odd.json).toMatchObject([{ changes: [{ field: 'email' }, { field: 'address.street', after: '(hidden)' }] }]);
    expect(traced.text).toContain('"phone":"(hidden)"');
  });

  test('a record that cannot be cast is held with its place, not its value; a replay makes the row of the reading', async () => {
    served = [{ ...came, Id: 'c2', amount: '12,50 secret' }];
    const { counts } = await acme.read('customers', { window: '2026-11-26' });
    expect(counts).toMatchObject({ fetched: 1, quarantined: 1 });
    const { rows: held } = await own.pool.query('select path, reason from quarantine');
    expect(held).toEqual([
      { path: 'amount', reason: 'expected a value that can be cast to number, found another one' },
    ]);
  });
});

const stamps = async (): Promise<unknown[]> => [...new Set((await rows('moving')).map((row) => row['_transform']))];

const planned = async (stream: string | undefined = 'moving', apply = false) =>
  said(config(), { apply }, (context) => plan({ ...context, partner: acme.name, stream }));

const customer = (id: string, at = 20): Record<string, unknown> => ({
  ...came,
  Id: id,
  changed_at: `2026-11-${at}T10:00:00Z`,
});

describe('when transforms change', () => {
  const transforms = defined.transforms as NonNullable<StreamInput['transforms']>;
  const define = (change: StreamInput['transforms']) =>
    acme.define({
      moving: {
        ...defined,
        transforms: change,
      },
    });
  let day = 0;
  const read = async (...records: unknown[]) => {
    served = records;
    return acme.read('moving', { window: `2026-12-${String((day += 1)).padStart(2, '0')}` });
  };
  test('the plan says so, the next run makes the table anew, and no row of before stays', async () => {
    await define({});
    await read(customer('a'), customer('b'));
    expect(await planned()).toMatchObject({ code: 0, text: expect.stringContaining('nothing changes') });
    await own.pool.query(`create view ${acme.name}.seen as select "Id", email from ${acme.name}.moving`);
    await define({ email: { hash: '${PII_KEY}' }, phone: { drop: true } });
    const { text, code } = await planned();
    const [, ...lines] = fence('console', 1).trim().split('\n');
    expect(code).toBe(0);
    expect(text).toBe(
      lines.join('\n').replaceAll('acme.customers', `${acme.name}.moving`).replace('1 event', '2 events'),
    );
    const dry = await said(config(), { target: 'postgres', dryRun: true }, (context) =>
      rebuild({ ...context, partner: acme.name, stream: 'moving' }),
    );
    expect(dry.json).toMatchObject({ differences: { changed: 2 }, applied: false });
    const report = await read(customer('b'), customer('c'));
    expect(report.reason).toBe(`transforms of ${acme.name}.moving have changed: made again from 2 events of the log`);
    expect(report.counts).toMatchObject({ inserted: 1, unchanged: 1 });
    expect(await stamps()).toHaveLength(1);
    expect((await rows('moving')).map((row) => row['Id'])).toEqual(['a', 'b', 'c']);
    expect((await rows('moving')).map((row) => row['phone'])).toEqual(
      [undefined, undefined, undefined].map(() => null),
    );
    const { rows: viewed } = await own.pool.query(`select email from ${acme.name}.seen`);
    expect(leaks(JSON.stringify(viewed))).toEqual([]);
    expect(viewed).toHaveLength(3);
  });

  test('another type of a column, another name of the key, and none any more', async () => {
    await define({ amount: { cast: 'number' }, email: { hash: '${PII_KEY}' } });
    await read(customer('a'));
    expect(new Set((await rows('moving')).map((row) => row['amount']))).toEqual(new Set([12.5]));
    await own.pool.query(`drop view ${acme.name}.seen`);
    await define({ ...transforms });
    await read(customer('d'));
    expect((await rows('moving')).map((row) => row['customer_id'])).toEqual(['a', 'b', 'c', 'd']);
    expect(leaks(JSON.stringify(await rows('moving')))).toEqual([]);
    await define({});
    await read(customer('d', 21));
    const plain = await rows('moving');
    expect(plain.map(({ Id, email }) => [Id, email])).toEqual('abcd'.split('').map((id) => [id, 'ann@acme.example']));
    const same = await said(config(), { target: 'postgres', dryRun: true }, (context) =>
      rebuild({ ...context, partner: acme.name, stream: 'moving' }),
    );
    expect(same.json).toMatchObject({ differences: { changed: 0, gone: 0, came: 0 } });
  });

  test('a view that needs a column as it was stops the run, and the table stays', async () => {
    await define({});
    await read(customer('a'));
    const before = await rows('moving');
    await own.pool.query(`create view ${acme.name}.amounts as select amount from ${acme.name}.moving`);
    await define({ amount: { cast: 'number' } });
    // Types come with the table that is made anew, not by themselves.
    expect(await planned('moving', true)).toMatchObject({
      code: 0,
      json: { applied: [], plans: [{ retyped: [], remadeFrom: 5 }] },
    });
    await expect(read(customer('e'))).rejects.toThrow('a view needs it as it is: drop the view');
    expect(await rows('moving')).toEqual(before);
    await own.pool.query(`drop view ${acme.name}.amounts`);
    expect((await read(customer('e'))).outcome).toBe('ok');
  });
});
