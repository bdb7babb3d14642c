import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FieldKind } from '../../core/match-form.ts';
import { duplicatesFile, type DuplicatesInput, type DuplicateSettings } from '../../definitions/duplicates.ts';
import { candidatesSql, comparedColumns, countPasses } from '../../matching/candidates.ts';
import { levelOf, rawOf } from '../../matching/columns.ts';
import { compileMatch } from '../../matching/compiled-match.ts';
import { levelsSql } from '../../matching/level-sql.ts';
import { makeRows } from '../../matching/make-rows.ts';
import { normalForm } from '../../matching/normal-form.ts';
import { openSession, type Session } from '../../matching/session.ts';
import { sortedWords, sounds } from '../../matching/word-forms.ts';
import { temporaryFolder, type TemporaryFolder } from '../support/temporary-folder.ts';

let folder: TemporaryFolder;
let session: Session;
beforeAll(async () => {
  folder = await temporaryFolder();
  session = await openSession({ folder: folder.path, memoryLimit: '256MB', threads: 1 });
});
afterAll(async () => {
  await session.close();
  await folder.remove();
});

const text = (value: string | null): string => (value === null ? 'null' : `'${value.replaceAll("'", "''")}'`);

/** What an expression makes of texts. */
async function made(expression: string, texts: readonly string[]): Promise<readonly unknown[]> {
  const values = texts.map((value, at) => `(${at}, ${text(value)})`).join(', ');
  const rows = await session.rows(`select ${expression} from (values ${values}) as t(i, x) order by i`);
  return rows.map((row) => row[0]);
}

describe('normal forms', () => {
  const cases: readonly (readonly [FieldKind, string | undefined, readonly (readonly [string, unknown])[]])[] = [
    [
      'name',
      undefined,
      [
        ['  Zoë  O’Brien-Łukasz ', 'zoe obrien lukasz'],
        ['GROSSMANN, Jörg', 'grossmann jorg'],
        ['Großmann', 'grossmann'],
        ['Ægir Ørsted', 'aegir orsted'],
        ['山田 太郎', '山田 太郎'],
        [' -- ', null],
      ],
    ],
    [
      'email',
      undefined,
      [
        ['Jo.Hn+news@GoogleMail.com ', 'john@gmail.com'],
        ['jo.hn+news@outlook.com', 'jo.hn@outlook.com'],
        // Nobody says what this provider does with them.
        ['jo.hn+news@acme.example', 'jo.hn+news@acme.example'],
        ['mailto:a@b.example', 'a@b.example'],
        ['n/a', 'n/a'],
        [' ', null],
      ],
    ],
    [
      'phone',
      '44',
      [
        ['+44 (0)20 7946 0958', '442079460958'],
        ['020 7946-0958 ext. 12', '442079460958'],
        ['0044 20 7946 0958', '442079460958'],
        ['44 20 7946 0958', '442079460958'],
        ['+49 30 123456', '4930123456'],
        ['n/a', null],
      ],
    ],
    [
      'phone',
      undefined,
      [
        ['+1 (415) 555-0123', '14155550123'],
        ['0415 555 0123', '4155550123'],
      ],
    ],
    [
      'date',
      undefined,
      [
        ['1980-02-03T00:00:00Z', '1980-02-03'],
        ['19800203', '1980-02-03'],
        ['3.2.1980', '1980-02-03'],
        ['2/3/1980', '1980-02-03'],
        // No day, and still near one.
        ['19801302', '1980-13-02'],
        ['', null],
      ],
    ],
    [
      'amount',
      undefined,
      [
        ['12.50 €', 12.5],
        ['-3e2', -300],
        ['none', null],
      ],
    ],
    [
      'id',
      undefined,
      [
        [' 00-12 a', '12A'],
        ['12A', '12A'],
        ['000', '0'],
        ['--', null],
      ],
    ],
    [
      'address',
      undefined,
      [
        ['12 North Road, Flat 3', '12 n rd flat 3'],
        ['Hauptstraße 5', 'hauptstr 5'],
        ['Street', 'st'],
      ],
    ],
    ['text', undefined, [['New  YORK', 'new york']]],
  ];
  test.each(cases)('%s (country %s)', async (kind, country, pairs) => {
    expect(
      await made(
        normalForm('x', { kind, country }),
        pairs.map(([from]) => from),
      ),
    ).toEqual(pairs.map(([, to]) => to));
  });

  test('words in order, without titles and legal forms, unless nothing is left', async () => {
    const words = `array_to_string(${sortedWords('x', 'name')}, ' ')`;
    expect(await made(words, ['dr john smith', 'smith john', 'smith and sons ltd', 'the company'])).toEqual([
      'john smith',
      'john smith',
      'smith sons',
      'company the',
    ]);
  });

  test.each([
    ['katherine', 'catherine', true],
    ['smith', 'smyth', true],
    ['stephen', 'steven', true],
    ['philip', 'filip', true],
    ['knight', 'night', true],
    ['wright', 'right', true],
    ['schmidt', 'smit', true],
    ['john smith', 'smyth jon', true],
    ['robert', 'rupert', true],
    ['tot', 'to', false],
    ['anna', 'hannah', false],
    ['miller', 'mueller', true],
    ['smith', 'jones', false],
  ])('%s and %s sound alike: %s', async (a, b, alike) => {
    const [left, right] = await made(sounds('x'), [a, b]);
    expect(left === right).toBe(alike);
  });
});

/** The levels of pairs of texts, by the whole way that rows go. */
async function levels(
  compare: DuplicatesInput[string]['compare'],
  pairs: readonly (readonly (readonly (string | null)[])[])[],
) {
  const fields = Object.keys(compare ?? {});
  const settings = duplicatesFile.parse({
    made: {
      from: [{ stream: 'a.b', fields: Object.fromEntries(fields.map((field) => [field, field])) }],
      compare,
      block: [[fields[0] as string]],
      exact: [{ name: 'none', fields: [fields.at(-1) as string] }],
    },
  })['made'] as DuplicateSettings;
  const match = compileMatch(settings);
  const rows = pairs
    .flat()
    .map(
      (values, at) =>
        `(0, '${String(at).padStart(4, '0')}', ${at}, ${match.fields.map(({ name }) => text(values[fields.indexOf(name)] ?? null)).join(', ')})`,
    );
  await session.run(
    `create table raw as select s::utinyint as s, id, event::bigint as event, ${match.fields.map(({ name }) => `${rawOf(name)}::varchar as ${rawOf(name)}`).join(', ')} from (values ${rows.join(', ')}) as t(s, id, event, ${match.fields.map(({ name }) => rawOf(name)).join(', ')})`,
  );
  await makeRows(session, match, 'true');
  const columns = ['n', ...comparedColumns(match.scored)];
  const selected = columns.flatMap((column) => [`l.${column} as l_${column}`, `r.${column} as r_${column}`]).join(', ');
  const from = `select ${selected} from rows l join rows r on r.n = l.n + 1 where l.n % 2 = 0`;
  const found = await session.rows(
    `select ${match.scored.map(({ name }) => levelOf(name)).join(', ')} from (${levelsSql(match.scored, { from, carry: ['l_n'] })}) order by l_n`,
  );
  await session.run('drop table rows');
  return found.map((row) =>
    row.map((level, at) =>
      Number(level) < 0 ? Number(level) : (match.scored[at]?.levels[Number(level)]?.text ?? 'else'),
    ),
  );
}

describe('levels', () => {
  const cases: readonly (readonly [
    FieldKind,
    readonly string[] | undefined,
    readonly (readonly [string | null, string | null, string | number])[],
  ])[] = [
    [
      'name',
      undefined,
      [
        ['Ann Smith', 'ANN  SMITH', 'exact'],
        ['Smith, Ann', 'Ann Smith', 'words'],
        ['Acme Ltd', 'Acme GmbH', 'words'],
        ['Bill Smith', 'Smith William', 'nickname'],
        ['Jonathan Smith', 'Jonathan Smyth', 'similar 0.92'],
        ['Smyth Jonathan', 'Jonathan Smith', 'similar 0.92'],
        ['J Smith', 'John Smith', 'initial'],
        ['J', 'John', 'initial'],
        ['Ann Smith', 'Peter Jones', 'else'],
        ['Ann', null, -1],
      ],
    ],
    [
      'text',
      ['exact', 'sounds', 'overlap 0.5'],
      [
        ['Meyer Street', 'Maier Street', 'sounds'],
        ['red blue green', 'blue red', 'overlap 0.5'],
        ['red', 'blue', 'else'],
      ],
    ],
    [
      'email',
      undefined,
      [
        ['a@gmail.com', 'A+x@gmail.com', 'exact'],
        ['ann@a.example', 'ann@b.test', 'local'],
        ['ann.smith@a.example', 'ann.smth@a.example', 'similar 0.92'],
        ['x@a.example', 'hugo@b.test', 'else'],
      ],
    ],
    [
      'phone',
      undefined,
      [
        ['+44 20 79460958', '20 7946 0958', 'end 8'],
        ['5550123', '5550132', 'edits 1'],
        ['5550123', '5559923', 'edits 2'],
        ['5550123', '9999999', 'else'],
      ],
    ],
    [
      'date',
      undefined,
      [
        ['1980-02-03', '3.2.1980', 'exact'],
        ['1980-02-03', '1980-03-02', 'swapped'],
        ['1980-02-03', '1980-02-08', 'edits 1'],
        ['1980-02-03', '1981-02-08', 'edits 2'],
        ['1980-02-28', '1980-11-11', 'days 366'],
        ['1980-02-03', '1999-12-31', 'else'],
      ],
    ],
    [
      'amount',
      undefined,
      [
        ['10', '10.0', 'exact'],
        ['100', '100.9', 'near 0.01'],
        ['100', '109', 'near 0.1'],
        ['100', '-100', 'else'],
      ],
    ],
    [
      'id',
      undefined,
      [
        ['00123', '123', 'exact'],
        ['12345', '12435', 'edits 1'],
        ['12345', '1234567', 'edits 2'],
        ['12345', '54321', 'else'],
      ],
    ],
    [
      'address',
      undefined,
      [
        ['1 High Street', '1 high st', 'exact'],
        ['High St 1', '1 High St', 'words'],
        ['1 High Street', '1 Hihg St', 'similar 0.92'],
        ['1 High Street', '99 Park Avenue', 'else'],
      ],
    ],
  ];
  test.each(cases)('%s by %j', async (kind, own, pairs) => {
    const found = await levels(
      { field: { as: kind, ...(own === undefined ? {} : { levels: [...own] }) } },
      pairs.map(([a, b]) => [[a], [b]]),
    );
    expect(found.map(([level]) => level)).toEqual(pairs.map(([, , level]) => level));
  });

  test('two names that are swapped are one thing that is alike, and the second says no more', async () => {
    const compare = { given: { as: 'name', swapsWith: 'family' }, family: { as: 'name' } } as const;
    const found = await levels(compare, [
      [
        ['Ann', 'Smith'],
        ['Smith', 'Ann'],
      ],
      [
        ['Ann', 'Smith'],
        ['Ann', 'Smith'],
      ],
      [
        ['Kim', 'Kim'],
        ['Kim', 'Kim'],
      ],
      [
        ['Ann', 'Smith'],
        ['Smith', 'Jones'],
      ],
    ]);
    expect(found).toEqual([
      ['swapped', -2],
      ['exact', 'exact'],
      ['exact', 'exact'],
      ['else', 'else'],
    ]);
  });
});

test('blocks: a pair comes once, a group that is too large is counted and left to other blocks, of an exact rule it is a star', async () => {
  const settings = duplicatesFile.parse({
    made: {
      from: [{ stream: 'a.b', fields: { name: 'name', city: 'city', code: 'code' } }],
      compare: { name: { as: 'name' }, city: { as: 'text' }, code: { as: 'id' } },
      exact: [{ name: 'same-code', fields: ['code'] }],
      block: [['city'], ['name~words'], ['name~trigram']],
      largestBlock: 3,
    },
  })['made'] as DuplicateSettings;
  const match = compileMatch(settings);
  const rows = [
    ...['ann smith', 'anne smith', 'bob smith', 'tom smith'].map((name) => [name, 'bath', null]),
    ['peter jones', 'leeds', null],
    ['peter johns', 'leeds', null],
    ['supercalifragilistic', 'bonn', null],
    ['supercalifragilistik', 'kiel', null],
    ...[1, 2, 3, 4, 5].map((at) => [`unique${at * 7919}`, `city${at}`, '77']),
  ];
  await session.run(
    `create table raw as select 0::utinyint as s, id, 1::bigint as event, name::varchar as raw_name, city::varchar as raw_city, code::varchar as raw_code from (values ${rows.map((row, at) => `('${String.fromCharCode(97 + at)}', ${row.map((value) => text(value)).join(', ')})`).join(', ')}) as t(id, name, city, code)`,
  );
  await makeRows(session, match, 'true');
  const passes = await countPasses(session, match, { largestBlock: settings.largestBlock, since: false });
  const pairs: string[][] = [];
  for (const [at, pass] of passes.entries()) {
    const found = await session.rows(
      candidatesSql(pass, { columns: ['id'], besides: passes.slice(0, at), since: false }),
    );
    pairs.push(found.map((row) => row.join('')).toSorted());
  }
  expect(passes.map(({ name, large }) => [name, large.tooLarge, large.rowsTooLarge, large.pairsTooLarge])).toEqual([
    ['same-code', 1, 5, 10],
    ['city', 1, 4, 6],
    ['name~words', 1, 4, 6],
    ['name~trigram', expect.any(Number), expect.any(Number), expect.any(Number)],
  ]);
  expect(pairs.slice(0, 3)).toEqual([['ij', 'ik', 'il', 'im'], ['ef'], []]);
  expect(pairs[3]).toContain('gh');
  expect(pairs.flat()).toHaveLength(new Set(pairs.flat()).size);
});
