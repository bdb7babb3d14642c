import { readdir } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { makePeople, peopleColumns, type MadeRow } from '../../bench/duplicate-rows.ts';
import { changedFields } from '../../core/duplicate-drift.ts';
import { compareRows, type FoundPair } from '../../core/duplicates.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { duplicatesFile, type DuplicateSettings, type DuplicatesInput } from '../../definitions/duplicates.ts';
import { weighPairs, type GivenPair } from '../../matching/weigh-pairs.ts';
import { findPairs, type FindInput, type Found } from '../../matching/find-pairs.ts';
import { defineStream } from '../support/define-stream.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';
import { usePool } from '../support/use-pool.ts';

const used = usePool(2);
let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder();
  await used.pool.query('create schema crm; create schema shop');
});
afterAll(() => folder.remove());

const ROWS = 400;
const fields = Object.fromEntries(peopleColumns.map((column) => [column, column]));

const streamOf = (partner: string, key: readonly string[], columns: readonly string[]): CompiledStream =>
  defineStream(
    {
      primaryKey: [...key],
      schema: {
        type: 'object',
        required: [...key],
        properties: Object.fromEntries(
          [...key, ...columns].map((name) => [name, { type: key.includes(name) ? 'string' : ['string', 'null'] }]),
        ),
      },
    },
    { name: partner },
  );
const crm = streamOf('crm', ['id'], peopleColumns);
const shop = streamOf('shop', ['region', 'id'], peopleColumns);
const streams = new Map([
  ['crm.orders', crm],
  ['shop.orders', shop],
]);

/** A table as landing makes it, as far as finding reads it, with rows that are numbered as events from 1. */
async function land({ schema, table, keyColumns }: CompiledStream, rows: readonly MadeRow[]): Promise<void> {
  const keys = keyColumns.map(({ name }) => name);
  const name = `"${schema}"."${table}"`;
  const columns = [...keys, ...peopleColumns];
  await used.pool.query(
    `drop table if exists ${name}; create table ${name} (${columns.map((column) => `"${column}" text`).join(', ')}, _event bigint, _deleted_at timestamptz, primary key (${keys.map((key) => `"${key}"`).join(', ')}))`,
  );
  await used.pool.query(
    `insert into ${name} (${columns.map((column) => `"${column}"`).join(', ')}, _event) select ${columns.map((_, at) => `nullif(v->>${at}, '')`).join(', ')}, n from jsonb_array_elements($1::jsonb) with ordinality as t(v, n)`,
    [JSON.stringify(rows.map(({ id, values }) => [...keys.slice(1).map(() => 'eu'), id, ...values]))],
  );
}

const settingsOf = (record: Omit<DuplicatesInput[string], 'from'>, from = ['crm.orders']): DuplicateSettings =>
  duplicatesFile.parse({ people: { ...record, from: from.map((stream) => ({ stream, fields })) } })[
    'people'
  ] as DuplicateSettings;

const scored: Omit<DuplicatesInput[string], 'from'> = {
  compare: {
    given: { as: 'name', swapsWith: 'family' },
    family: { as: 'name' },
    email: { as: 'email' },
    phone: { as: 'phone', country: '44' },
    born: { as: 'date' },
    street: { as: 'address' },
    postcode: { as: 'id' },
  },
  block: [['email'], ['phone'], ['born'], ['family~phonetic', 'given~prefix1'], ['postcode']],
  review: 0.5,
};

async function find(
  settings: DuplicateSettings,
  more: Partial<FindInput> = {},
): Promise<Omit<Found, 'pairs' | 'close'> & { readonly pairs: readonly FoundPair[] }> {
  const found = await findPairs({
    pool: used.pool,
    settings,
    name: 'people',
    streams,
    folder: folder.path,
    memoryLimit: '256MB',
    threads: 1,
    ...more,
  });
  try {
    const pairs: FoundPair[] = [];
    for await (const batch of found.pairs) pairs.push(...batch);
    return { ...found, pairs };
  } finally {
    await found.close();
  }
}

const nameOf = ({ left, right }: FoundPair): string => JSON.stringify([left, right]);

describe('rows that are known to mean the same thing', () => {
  const made = [...makePeople(ROWS, 7)];
  const truth = new Map(made.map(({ id, truth: who }) => [id, who]));
  let first: Awaited<ReturnType<typeof find>>;
  beforeAll(async () => {
    await land(crm, made);
    first = await find(settingsOf(scored));
  });

  test('most of them are found, and little else', async () => {
    const { pairs, weights, rows, counts } = first;
    const all = made.reduce(
      (sum, row, at) => sum + made.slice(0, at).filter(({ truth: who }) => who === row.truth).length,
      0,
    );
    const right = pairs.filter(({ left, right: other }) => truth.get(left.row) === truth.get(other.row));
    expect(right.length / pairs.length).toBeGreaterThan(0.97);
    expect(right.length / all).toBeGreaterThan(0.93);
    expect(rows).toEqual({ 'crm.orders': { rows: ROWS, lastEvent: ROWS } });
    expect(counts.rows).toBe(ROWS);
    expect(counts.blocks.map(({ block }) => block)).toEqual(scored.block?.map((forms) => forms.join(', ')));
    // What a pair weighs is what its levels weigh, on top of the prior.
    for (const { weight, probability, levels } of pairs) {
      const sum = Object.values(levels).reduce((total, level) => total + level.weight, 0);
      expect(weight).toBeCloseTo(sum + Math.log2(weights.prior / (1 - weights.prior)), 6);
      expect(probability).toBeCloseTo(1 / (1 + 2 ** -weight), 6);
    }
    expect(new Set(pairs.map(nameOf)).size).toBe(pairs.length);
    expect(pairs.every(({ left, right: other }) => compareRows(left, other) < 0)).toBe(true);
    // A name and an address say less than an e-mail address, and a rare thing more than a common one.
    const of = (field: string, level: string): number =>
      weights.fields[field]?.find((each) => each.level === level)?.weight ?? NaN;
    expect(of('email', 'exact')).toBeGreaterThan(of('family', 'exact'));
    expect(of('family', 'exact')).toBeGreaterThan(of('given', 'exact'));
    expect(of('family', 'else')).toBeLessThan(0);
  });

  test('the same rows give the same weights and pairs, and weights that are given are not estimated again', async () => {
    const again = await find(settingsOf(scored));
    expect(again.weights).toEqual(first.weights);
    expect(new Map(again.pairs.map((pair) => [nameOf(pair), pair]))).toEqual(
      new Map(first.pairs.map((pair) => [nameOf(pair), pair])),
    );
    const doubled = { ...first.weights, prior: first.weights.prior * 2 };
    const given = await find(settingsOf(scored), { weights: doubled });
    expect(given.weights).toEqual(doubled);
    expect(given.pairs.length).toBeGreaterThanOrEqual(first.pairs.length);
  });

  test('of rows that came later, exactly the pairs that they are in', async () => {
    const { pairs, weights } = first;
    const from = 300;
    const later = new Set(made.slice(from).map(({ id }) => id));
    const since = await find(settingsOf(scored), { weights, since: new Map([['crm.orders', from]]) });
    const expected = pairs.filter(({ left, right }) => later.has(left.row) || later.has(right.row));
    expect(expected.length).toBeGreaterThan(0);
    expect(since.pairs.map(nameOf).toSorted()).toEqual(expected.map(nameOf).toSorted());
    expect((await find(settingsOf(scored), { weights, since: new Map([['crm.orders', ROWS]]) })).pairs).toEqual([]);
  });
});

const names = (pairs: readonly FoundPair[]): string[] => pairs.map(nameOf).toSorted();
const has =
  (rows: ReadonlySet<string>) =>
  ({ left, right }: FoundPair): boolean =>
    rows.has(left.row) || rows.has(right.row);

describe('pairs that were found, weighed anew', () => {
  const made = [...makePeople(ROWS, 7)];
  const settings = settingsOf({ ...scored, exact: [{ name: 'same-phone', fields: ['phone', 'family~phonetic'] }] });
  let first: Awaited<ReturnType<typeof find>>;
  beforeAll(async () => {
    await land(crm, made);
    first = await find(settings);
  });

  /** Pairs of which a field says something else and that nothing holds any more, those of which only another rule holds them, and those of rows that are gone. */
  async function weighed() {
    const { pairs, weights } = first;
    async function* given(): AsyncGenerator<readonly GivenPair[]> {
      yield pairs.map((pair, at) => ({ ...pair, plan: 1, pair: at }));
    }
    const input = { pool: used.pool, settings, name: 'people', streams, weights, pairs: given() };
    const found = await weighPairs({ ...input, folder: folder.path, memoryLimit: '256MB', threads: 1 });
    try {
      const lost: FoundPair[] = [];
      const held: FoundPair[] = [];
      for await (const some of found.lost())
        for (const { pair: at, levels: now, held: isHeld, apart } of some) {
          const pair = pairs[at] as FoundPair;
          const changed = changedFields({ before: pair.levels, now, apart: apart[pair.rule] ?? [] });
          if (changed.length > 0) (isHeld ? held : lost).push(pair);
        }
      const gone: FoundPair[] = [];
      for await (const some of found.gone()) gone.push(...some.map(({ pair: at }) => pairs[at] as FoundPair));
      return { pairs: found.pairs, lost: names(lost), held: names(held), gone: names(gone) };
    } finally {
      await found.close();
    }
  }

  test('exactly the pairs of rows that were made somebody else are lost, and those of rows that are gone are told apart', async () => {
    const { pairs } = first;
    expect(await weighed()).toEqual({ pairs: pairs.length, lost: [], held: [], gone: [] });
    const paired = [...new Set(pairs.flatMap(({ left, right }) => [left.row, right.row]))].toSorted();
    const inTurn = (turn: number): ReadonlySet<string> => new Set(paired.filter((_, at) => at % 8 === turn));
    const [edited, gone] = [inTurn(0), inTurn(3)];
    expect([edited.size, gone.size].every((size) => size > 10)).toBe(true);
    // People whom no row of the first ones means.
    const others = [...makePeople(3 * ROWS, 1234)].slice(ROWS);
    await land(
      crm,
      made.map((each, at) => {
        if (edited.has(each.id)) return { ...each, values: others[2 * at]?.values ?? [] };
        // Written otherwise, it says the same.
        return { ...each, values: each.values.map((value) => value.toUpperCase()) };
      }),
    );
    await used.pool.query(`update "${crm.schema}"."${crm.table}" set _deleted_at = now() where id = any ($1)`, [
      [...gone],
    ]);
    const isGone = has(gone);
    expect(await weighed()).toEqual({
      pairs: pairs.length,
      lost: names(pairs.filter((pair) => has(edited)(pair) && !isGone(pair))),
      held: [],
      gone: names(pairs.filter(isGone)),
    });
  });

  test('a pair that only its exact rule does not hold any more is held otherwise', async () => {
    const { pairs } = first;
    const certain = pairs.filter(
      ({ rule, levels }) =>
        rule === 'same-phone' && levels['email']?.level === 'exact' && levels['born']?.level === 'exact',
    );
    const moved = new Set(certain.slice(0, 3).map(({ left }) => left.row));
    expect(moved.size).toBeGreaterThan(0);
    const phone = peopleColumns.indexOf('phone');
    await land(
      crm,
      made.map((each) => (moved.has(each.id) ? { ...each, values: each.values.with(phone, '020 1111 9999') } : each)),
    );
    const { lost, held } = await weighed();
    expect(held).toEqual(expect.arrayContaining(names(certain.filter(({ left }) => moved.has(left.row)))));
    expect(lost).toEqual([]);
  });
});

const row = (id: string, given: string, email: string, born = ''): MadeRow => ({
  id,
  truth: 0,
  values: peopleColumns.map((column) => ({ given, email, born })[column as string] ?? ''),
});
const crmRow = (id: string): FoundPair['left'] => ({ stream: 'crm.orders', row: id });

describe('rules', () => {
  beforeAll(async () => {
    await land(crm, [
      row('1', 'Ann', 'ann@gmail.com', '1980-01-01'),
      row('2', 'Ann', 'A.nn+x@gmail.com', '1980-01-01'),
      row('10', 'Bob\t\\ "x"', 'bob@a.example', '1970-05-05'),
      row('4', 'Bobby', 'BOB@a.example', ''),
      row('5', 'Ann', '', '1980-01-01'),
      row('gone', 'Ann', 'ann@gmail.com', '1980-01-01'),
    ]);
    await used.pool.query(`update "${crm.schema}"."${crm.table}" set _deleted_at = now() where id = 'gone'`);
    await land(shop, [row('a\n"b"\\', 'Annie', 'ann@gmail.com'), row('z', 'Zoe', 'zoe@a.example')]);
  });
  const exact = { name: 'same-email', fields: ['email'] };
  const compare = { email: { as: 'email' }, given: { as: 'name' }, born: { as: 'date' } } as const;
  const both = ['shop.orders', 'crm.orders'];

  test('equality is exact, goes across streams, and does not see what is deleted', async () => {
    const { pairs, counts, rows } = await find(settingsOf({ compare, exact: [exact] }, both));
    // The key of the other stream has two columns; its text is JSON, with whatever is in it.
    const other = { stream: 'shop.orders', row: '["eu", "a\\n\\"b\\"\\\\"]' };
    expect(pairs.map(nameOf).toSorted()).toEqual(
      [
        [crmRow('1'), crmRow('2')],
        [crmRow('1'), other],
        [crmRow('10'), crmRow('4')],
        [crmRow('2'), other],
      ].map((pair) => JSON.stringify(pair)),
    );
    expect(pairs.every(({ rule, probability }) => rule === 'same-email' && probability === 1)).toBe(true);
    expect(counts.exact).toEqual({ 'same-email': 4 });
    expect(rows).toEqual({ 'crm.orders': { rows: 5, lastEvent: 5 }, 'shop.orders': { rows: 2, lastEvent: 2 } });
  });

  test('a pair comes once, by its best rule; a rule for review proposes nothing by itself', async () => {
    const born = { name: 'same-birthday', fields: ['born'], review: true };
    const weights = {
      email: { exact: 3, local: 1, 'similar 0.92': 1, 'similar 0.88': 1, else: -1 },
      born: { exact: 2, swapped: 1, 'edits 1': 1, 'edits 2': 1, 'days 366': 0, else: -1 },
      given: {
        exact: 2,
        words: 2,
        nickname: 2,
        'similar 0.92': 1,
        initial: 1,
        'similar 0.88': 1,
        'similar 0.7': 0,
        else: -2,
      },
    };
    const settings = settingsOf({
      compare,
      exact: [exact, born],
      block: [['given']],
      weights,
      prior: 0.001,
      merge: 0.9,
      review: 0.7,
    });
    const { pairs } = await find(settings);
    const said = pairs.map(({ left, right, rule, probability }) => [left.row, right.row, rule, probability]);
    expect(said).toHaveLength(4);
    expect(said).toEqual(
      expect.arrayContaining([
        ['1', '2', 'same-email', 1],
        ['1', '5', 'same-birthday', 0.7],
        ['10', '4', 'same-email', 1],
        ['2', '5', 'same-birthday', 0.7],
      ]),
    );
    // With a better prior the score alone says the same, and more than the rule.
    const better = await find({ ...settings, prior: 0.5 });
    expect(better.pairs.filter(({ rule }) => rule === 'score').map(({ left, right }) => [left.row, right.row])).toEqual(
      expect.arrayContaining([
        ['1', '5'],
        ['2', '5'],
      ]),
    );
  });

  test('each row of a group that is too large is paired with the first one, and the others are learnt from', async () => {
    const record = { compare, exact: [exact], block: [['born']], largestBlock: 2 };
    const { pairs, counts, weights } = await find(settingsOf(record, both));
    const certain = pairs.filter(({ rule }) => rule === 'same-email').map(({ left, right }) => [left.row, right.row]);
    expect(certain).toHaveLength(3);
    expect(certain).toEqual(
      expect.arrayContaining([
        ['1', '2'],
        ['1', '["eu", "a\\n\\"b\\"\\\\"]'],
        ['10', '4'],
      ]),
    );
    expect(counts.exact).toEqual({ 'same-email': 3 });
    expect(counts.blocks).toEqual([{ block: 'born', pairs: 0, tooLarge: 1, rowsTooLarge: 3, pairsTooLarge: 3 }]);
    const other = { ...weights, fields: { ...weights.fields, born: [] } };
    await expect(find(settingsOf(record, both), { weights: other })).rejects.toThrow(
      'are of other levels of born than its settings, which have exact, swapped, edits 1, edits 2, days 366, else',
    );
  });

  test('nothing stays behind: not after all pairs, not after some, not after an abort, not after a fault', async () => {
    const settings = settingsOf({ compare, exact: [exact] }, both);
    const controller = new AbortController();
    const progress = (): void => controller.abort(new Error('enough'));
    await expect(find(settings, { signal: controller.signal, progress })).rejects.toThrow('enough');
    await expect(find(settings, { streams: new Map() })).rejects.toThrow(
      'duplicates "people" reads shop.orders, and there is no such stream',
    );
    const absent = streamOf('crm', ['id'], ['nothing']);
    const wrong = duplicatesFile.parse({
      people: { from: [{ stream: 'crm.orders', fields: { email: 'nothing' } }], exact: [exact] },
    })['people'] as DuplicateSettings;
    await expect(find(wrong, { streams: new Map([['crm.orders', absent]]) })).rejects.toThrow('nothing');
    const some = await findPairs({
      pool: used.pool,
      settings,
      name: 'people',
      streams,
      folder: folder.path,
      memoryLimit: '256MB',
      threads: 1,
    });
    for await (const batch of some.pairs) {
      expect(batch.length).toBeGreaterThan(0);
      break;
    }
    await some.close();
    await some.close();
    expect(await readdir(folder.path)).toEqual([]);
    // The pool's connections are free, and none is in a transaction.
    expect(used.pool.idleCount).toBe(used.pool.totalCount);
  });

  test('a stream that has not landed yet has no rows', async () => {
    const { rows, pairs } = await find(settingsOf({ compare, exact: [exact], block: [['email', 'given'], ['born']] }), {
      streams: new Map([['crm.orders', streamOf('later', ['id'], peopleColumns)]]),
    });
    expect({ rows, pairs }).toEqual({ rows: { 'crm.orders': { rows: 0, lastEvent: 0 } }, pairs: [] });
  });
});
