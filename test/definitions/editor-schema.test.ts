import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { Ajv, type ValidateFunction } from 'ajv';
import { parse } from 'yaml';
import { editorSchemas } from '../../scripts/editor-schema.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const schemas = editorSchemas();
// The editor knows formats; here their texts are what counts.
const ajv = new Ajv({ allErrors: true, strict: true, allowUnionTypes: true, validateFormats: false });
const check = (name: string): ValidateFunction => ajv.compile(JSON.parse(read(`schema/${name}`)) as object);
const isPartner = check('partner.schema.json');
const isTargets = check('targets.schema.json');

const yamlsIn = (folder: string): string[] =>
  readdirSync(new URL(folder, root), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.ya?ml$/.test(name) && !name.startsWith('targets.'))
    .map((name) => `${folder}/${name}`);

const blocksOf = (page: string): string[] =>
  [...read(page).matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] as string);
const indented = (text: string): string => text.replaceAll(/^/gm, '    ');
const SCHEMA = 'schema: { type: object }\n';
/** As test/definitions/documentation.test.ts reads a block. */
function definitionOf(block: string): string {
  if (!block.startsWith('# top') && !block.startsWith('# stream')) return block;
  const own = block.startsWith('# stream') ? block : '';
  const path = /^path:/m.test(own) ? '' : 'path: /orders\n';
  const fields = `${path}${/^schema:/m.test(own) ? '' : SCHEMA}${own}`;
  return `name: acme\nbaseUrl: https://api.acme.example\n${block.startsWith('# top') ? block : ''}\nstreams:\n  orders:\n${indented(fields)}`;
}

type Json = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is Json => typeof value === 'object' && value !== null;
/** All fields that a schema knows, however deep, by their places. */
function fieldsIn(schema: unknown, at: string): { at: string; name: string; field: Json }[] {
  if (!isObject(schema)) return [];
  return Object.entries(schema).flatMap(([keyword, value]) => {
    if (keyword !== 'properties') return fieldsIn(value, /^\d+$/.test(keyword) ? `${at}|${keyword}` : at);
    return Object.entries(value as Readonly<Record<string, Json>>).flatMap(([name, field]) => [
      { at: `${at}.${name}`, name, field },
      ...fieldsIn(field, `${at}.${name}`),
    ]);
  });
}
const branchesOf = (field: Json): Json[] =>
  [field['anyOf'], field['oneOf'], field['allOf']].flatMap((branches) => (branches ?? []) as Json[]);
const repeats = ({ field }: { field: Json }): boolean =>
  branchesOf(field).some((branch) => branch['description'] === field['description']);
const isLong = (words = ''): boolean => words.length > 160 || /\n|\.$/.test(words);
/** What is left of a description that only says the name: "the page size" of `pageSize`. */
const beyond = (name: string, description: string): string =>
  description
    .toLowerCase()
    .replaceAll(/\b(the|a|an|of|its|their)\b|[^a-z0-9]/g, '')
    .replace(name.toLowerCase(), '');

describe('the JSON Schemas for editors', () => {
  test.each(Object.keys(schemas))('%s is what the definitions make: else run scripts/write-schemas.ts', (name) => {
    expect(JSON.parse(read(`schema/${name}`))).toEqual(JSON.parse(JSON.stringify(schemas[name])));
  });

  describe.each(Object.keys(schemas))('%s says of each field', (file) => {
    const fields = fieldsIn(JSON.parse(read(`schema/${file}`)), '');
    const said = fields.map(({ at, name, field }) => ({ at, name, words: field['description'] as string | undefined }));

    test('what it is', () => {
      expect(fields.length).toBeGreaterThan(10);
      expect(said.filter(({ words }) => words === undefined).map(({ at }) => at)).toEqual([]);
    });
    test('something beyond its name', () => {
      expect(said.filter(({ name, words = '' }) => beyond(name, words) === '')).toEqual([]);
    });
    test('no more than an editor shows at a glance, and as one phrase', () => {
      expect(said.filter(({ words }) => isLong(words))).toEqual([]);
    });
    test('that once, and not in its branches again', () => {
      expect(fields.filter(repeats)).toEqual([]);
      expect(schemas[file]?.['definitions']).not.toHaveProperty('environment.description');
    });
  });

  test.each([
    ['timeout', 'the longest time of one request, from connecting to the last byte (default 30s)', '30s'],
    ['auth', 'how requests are authorized (default { type: none })', { type: 'none' }],
    ['traceparent', 'whether the header `traceparent` is sent, which names the trace a request is part of', false],
    ['targets', "names of targets.yaml that its streams are written to, besides the store's own PostgreSQL", undefined],
  ])('say the default of %s as a definition would write it', (name, description, fallback) => {
    const { properties } = schemas['partner.schema.json'] as { properties: Readonly<Record<string, Json>> };
    expect([properties[name]?.['description'], properties[name]?.['default']]).toEqual([description, fallback]);
  });

  test.each([...yamlsIn('examples/partners'), ...yamlsIn('partners'), ...yamlsIn('templates/project/partners')])(
    'take %s, which names its schema',
    (file) => {
      isPartner(parse(read(file)));
      expect(isPartner.errors).toBeNull();
      expect(read(file)).toMatch(/^# yaml-language-server: \$schema=\S+partner\.schema\.json\n/);
    },
  );

  test.each(
    ['docs/definitions.md', 'docs/requests.md', 'docs/jobs.md', 'docs/polling.md'].flatMap((page) =>
      blocksOf(page).map((block, index) => ({ page, example: index + 1, block })),
    ),
  )('take the example $example of $page', ({ block }) => {
    isPartner(parse(definitionOf(block)));
    expect(isPartner.errors).toBeNull();
  });

  test('take the targets of docs/targets.md', () => {
    const [declared = ''] = blocksOf('docs/targets.md').filter((block) => block.includes('targets:\n'));
    isTargets(parse(declared));
    expect(isTargets.errors).toBeNull();
  });

  const base = { path: '/orders', schema: { type: 'object' } };
  test.each<[string, object, object]>([
    ['a field that there is not', { ...base, pagnation: {} }, {}],
    ['a kind that there is not', { ...base, pagination: { type: 'tokens' } }, {}],
    ['a text for a number', { ...base, pagination: { type: 'offset', limit: 'many' } }, {}],
    ['no duration', base, { timeout: 'soon' }],
    ['no schema', { path: '/orders' }, {}],
    ['a mapping where a placeholder was meant', { ...base, query: { since: { start: null } } }, {}],
    ['a name that is none', base, { name: 'Acme Inc' }],
  ])('mark %s', (_, stream, top) => {
    const definition = { name: 'acme', baseUrl: 'https://api.acme.example', ...top, streams: { orders: stream } };
    expect(isPartner(definition)).toBe(false);
  });

  test('take whatever may come from the environment', () => {
    const pagination = { type: 'offset', limit: '${SIZE:-100}' };
    const streams = { orders: { ...base, pagination, conditional: '${ON}', lane: '${LANE}' } };
    const limits = { rate: '${RATE}', per: '${PER}' };
    isPartner({ name: 'acme', baseUrl: '${URL}', limits, streams });
    expect(isPartner.errors).toBeNull();
  });
});
