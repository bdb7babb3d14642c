import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { fieldKinds, formNames, readForm } from '../../core/match-form.ts';
import { defaultLevels, levelRules, readLevel } from '../../core/match-level.ts';
import { checkDuplicates, type KnownStreams } from '../../definitions/check-duplicates.ts';
import {
  duplicatesFile,
  survivorOf,
  type DuplicateSettings,
  type DuplicatesInput,
} from '../../definitions/duplicates.ts';
import { loadDuplicates } from '../../definitions/load-duplicates.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { withFiles } from './partner-files.ts';
import { findPartner } from '../../definitions/find.ts';

type Settings = DuplicatesInput[string];

const contacts = { stream: 'crm.contacts', fields: { name: 'full_name', email: 'email', born: 'birth_date' } };
const people: Settings = {
  from: [contacts],
  compare: { name: { as: 'name' }, email: { as: 'email' }, born: { as: 'date' } },
  exact: [{ name: 'same-email', fields: ['email'] }],
  block: [['name~phonetic', 'born~year'], ['email']],
};

const parsed = (settings: Settings): DuplicateSettings =>
  duplicatesFile.parse({ people: settings })['people'] as DuplicateSettings;
const problems = (changes: Partial<Settings>, known?: KnownStreams): readonly string[] =>
  checkDuplicates(parsed({ ...people, ...changes }), known).map(({ path, says }) => `${path.join('.')}: ${says}`);

const keyed = { disposition: 'merge', primaryKey: ['id'] };

/** What the check looks at of a stream. */
const stream = (columns: Readonly<Record<string, string>>, definition: object = keyed): CompiledStream =>
  ({
    columns: Object.entries(columns).map(([name, type]) => ({ name, type })),
    definition,
  }) as unknown as CompiledStream;
const known: KnownStreams = {
  streams: new Map([
    ['crm.contacts', stream({ id: 'integer', full_name: 'text', email: 'text', birth_date: 'date', seen: 'text' })],
    ['crm.visits', stream({ email: 'text' }, { disposition: 'replace', primaryKey: [] })],
    ['shop.customers', stream({ id: 'integer', mail: 'text', updated_at: 'timestamp' })],
  ]),
  unreadable: ['broken'],
};
const customers = { stream: 'shop.customers', fields: { email: 'mail' } };

describe('duplicates.yaml', () => {
  test('what is right has no problems, and gets its defaults', () => {
    expect(problems({}, known)).toEqual([]);
    const settings = parsed(people);
    expect(settings).toMatchObject({ merge: 0.99, review: 0.8, largest: 50, largestBlock: 1000, weights: 'estimated' });
    expect(survivorOf(settings, 'name')).toBe('newest');
    expect(survivorOf(parsed({ ...people, survivors: { default: 'longest', name: 'source' } }), 'name')).toBe('source');
  });

  const cases: readonly (readonly [string, Partial<Settings>, readonly string[]])[] = [
    [
      'an unknown stream',
      { from: [{ ...contacts, stream: 'crm.contact' }] },
      ['from.0.stream: there is no stream "crm.contact"; did you mean "crm.contacts"?'],
    ],
    ['a stream of a partner that cannot be read', { from: [{ ...contacts, stream: 'broken.contacts' }] }, []],
    [
      'a stream twice',
      { from: [contacts, contacts], survivors: { default: 'longest' } },
      ['from.1.stream: crm.contacts is named twice; name it once'],
    ],
    [
      'an unknown column',
      { from: [{ ...contacts, fields: { ...contacts.fields, name: 'fullname' } }] },
      ['from.0.fields.name: the table of crm.contacts has no column "fullname"; did you mean "full_name"?'],
    ],
    [
      'an unknown column of changes',
      { from: [{ ...contacts, changed: 'sen' }] },
      ['from.0.changed: the table of crm.contacts has no column "sen"; did you mean "seen"?'],
    ],
    [
      'changes in a text',
      { from: [{ ...contacts, changed: 'seen' }] },
      ['from.0.changed: "seen" is a column of type text; name a column of type timestamp, date, integer or number'],
    ],
    [
      'newest of several streams without changed',
      { from: [contacts, { ...customers, changed: 'updated_at' }] },
      [
        'from.0: the newest of several streams is taken for name, email, born, and nothing says when a row here was changed; name its column under changed, or choose another rule under survivors',
      ],
    ],
    [
      'other rules need no changed',
      { from: [contacts, customers], survivors: { default: 'source', email: { function: 'mine.pick' } } },
      [],
    ],
    [
      'a replace without a key',
      { from: [contacts, { stream: 'crm.visits', fields: { email: 'email' } }], survivors: { default: 'longest' } },
      [
        'from.1.stream: rows of crm.visits have no key and are written anew by each run, so nothing can be known of them; give the stream a primaryKey',
      ],
    ],
    [
      'a survivor for no field',
      { survivors: { nam: 'longest' } },
      ['survivors.nam: no source has a field "nam"; did you mean "name"?'],
    ],
    [
      'a comparison of no field',
      { compare: { ...people.compare, phone: { as: 'phone', levels: ['exact'] } } },
      ['compare.phone: no source has a field "phone"; there are name, email, born'],
    ],
    [
      'a rule with no field',
      { exact: [{ name: 'same', fields: ['mail'] }] },
      ['exact.0.fields.0: no source has a field "mail"; did you mean "email"?'],
    ],
    [
      'a form that does not fit',
      { block: [['name~year'], ['email']] },
      ['block.0.0: a field that is compared as name has no form ~year'],
    ],
    [
      'a prefix of nothing',
      { block: [['name~prefix0'], ['email']] },
      ['block.0.0: "name~prefix0" is no form of a field; a prefix or suffix has 1 to 20 characters'],
    ],
    [
      'equality of many words',
      { exact: [{ name: 'word', fields: ['name~words'] }] },
      ['exact.0.fields.0: ~words has several values for a row, so rows cannot be equal by it; use it under block'],
    ],
    [
      'two rules of one name',
      {
        exact: [
          { name: 'same', fields: ['email'] },
          { name: 'same', fields: ['name'] },
        ],
      },
      ['exact.1.name: "same" is the name of another rule; take another one'],
    ],
    [
      'nothing to compare by',
      { exact: [], block: [] },
      [': nothing says which rows to compare; add a rule under exact, or fields under block'],
    ],
    [
      'blocks that nothing weighs',
      { compare: {}, block: [['email']] },
      ['block: nothing weighs the pairs of these blocks; say under compare how fields are compared'],
    ],
    [
      'a field in every block',
      {
        exact: [],
        block: [
          ['email', 'name'],
          ['born', 'email~prefix3'],
        ],
      },
      [
        'compare.email: every block and exact rule has "email", so how often it differs between duplicates cannot be estimated; add a block without it, or give its weights',
      ],
    ],
    [
      'that field with weights',
      {
        exact: [],
        block: [
          ['email', 'name'],
          ['born', 'email~prefix3'],
        ],
        compare: { ...people.compare, email: { as: 'email', levels: ['exact'] } },
        weights: { email: { exact: 9, else: -2 } },
      },
      [],
    ],
    [
      'weights of other levels',
      {
        weights: {
          name: { exact: 3 },
          born: { exact: 9, swapped: 3, 'edits 1': 4, 'edits 2': 2, 'days 366': 1, near: 2, else: -5 },
        },
      },
      [
        ...['words', 'nickname', 'similar 0.92', 'initial', 'similar 0.88', 'similar 0.7', 'else'].map(
          (level) => `weights.name: the weight of the level "${level}" is missing`,
        ),
        'weights.born.near: "born" has no level "near"; there are exact, swapped, edits 1, edits 2, days 366, else',
      ],
    ],
    [
      'weights of what is not compared',
      { weights: { city: { exact: 1, else: 0 } } },
      ['weights.city: "city" is not compared; add it under compare, or leave its weights out'],
    ],
    [
      'a level of another type',
      { compare: { ...people.compare, name: { as: 'name', levels: ['exact', 'days 3', 'similar'] } } },
      [
        'compare.name.levels.1: "days" does not compare values as name; the levels of name are exact, words, nickname, initial, swapped, similar, overlap, edits, sounds',
        'compare.name.levels.2: "similar": expected a share between 0 and 1, such as "similar 0.9"',
      ],
    ],
    [
      'a swap with no name',
      { compare: { ...people.compare, name: { as: 'name', swapsWith: 'email' } } },
      ['compare.name.swapsWith: "email" is not another field that is compared as a name; add it under compare'],
    ],
    [
      'a country of no phone',
      { compare: { ...people.compare, email: { as: 'email', country: '44' } } },
      ['compare.email.country: only a phone has a country code; leave it out'],
    ],
    [
      'a review above the merge',
      { review: 0.9, merge: 0.8 },
      ['review: review (0.9) is above merge (0.8); pairs are reviewed below what is merged'],
    ],
  ];
  test.each(cases)('%s', (_, changes, expected) => {
    expect(problems(changes, known)).toEqual(expected);
  });

  test('it stands beside the partners, and its errors name file and line', async () => {
    await withFiles({ 'duplicates.yaml': JSON.stringify({ people }) }, async (dir) => {
      const { settings } = await loadDuplicates({ dir, env: {} }, known);
      expect([...settings.keys()]).toEqual(['people']);
    });
    await withFiles(
      { 'duplicates.yaml': 'people:\n  from:\n    - { stream: crm, fields: { name: full_name } }\n' },
      async (dir) => {
        await expect(loadDuplicates({ dir, env: {} })).rejects.toThrow(
          'duplicates.yaml:3:9 people.from.0.stream: expected a partner and a stream, such as crm.contacts, found "crm"',
        );
      },
    );
    await withFiles({}, async (dir) => expect((await loadDuplicates({ dir, env: {} })).settings.size).toBe(0));
  });

  test('a partner may not have its name', async () => {
    await expect(findPartner('duplicates', '.')).rejects.toThrow(InvalidInput);
  });
});

const read = (file: string): string => readFileSync(new URL(`../../${file}`, import.meta.url), 'utf8');

test('the example of docs/duplicates.md is one, for us and for editors', async () => {
  const [example = '', weights = ''] = [...read('docs/duplicates.md').matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, block = '']) => block,
  );
  const { settings } = await withFiles({ 'duplicates.yaml': `${example}${weights.replaceAll(/^/gm, '  ')}` }, (dir) =>
    loadDuplicates({ dir, env: {} }),
  );
  expect(settings.get('people')?.weights).toMatchObject({ email: { exact: 14, else: -3 } });
  const fits = new Ajv({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(
    JSON.parse(read('schema/duplicates.schema.json')) as object,
  );
  fits(parse(example));
  expect(fits.errors).toBeNull();
});

test('docs/duplicates.md names all types, forms and levels', () => {
  const page = read('docs/duplicates.md');
  for (const name of [...fieldKinds, ...formNames, ...Object.keys(levelRules)])
    expect(page).toMatch(new RegExp(`\\b${name}`));
  for (const [kind, levels] of Object.entries(defaultLevels)) {
    const row = new RegExp(`^\\| \`${kind}\` +\\| (\`exact[^|]*)`, 'm').exec(page)?.[1] ?? '';
    const said = row
      .replaceAll(/\([^)]*\)/g, '')
      .replaceAll(/[`|]/g, '')
      .split(',')
      .map((level) => level.trim());
    expect({ kind, said }).toEqual({ kind, said: levels });
  }
});

describe('forms and levels', () => {
  test.each([
    ['name', { field: 'name' }],
    ['name~phonetic', { field: 'name', form: 'phonetic' }],
    ['phone~suffix7', { field: 'phone', form: 'suffix', length: 7 }],
    ['name~prefix', undefined],
    ['name~year2', undefined],
    ['name~sound', undefined],
    ['Name', undefined],
  ])('%s', (text, expected) => expect(readForm(text)).toEqual(expected));

  test('the default levels of each type are levels of it', () => {
    for (const [kind, levels] of Object.entries(defaultLevels))
      for (const text of levels) expect(readLevel(text, kind as keyof typeof defaultLevels)).toMatchObject({ text });
  });
});
