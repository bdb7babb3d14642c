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

describe('the JSON Schemas for editors', () => {
  test.each(Object.keys(schemas))('%s is what the definitions make: else run scripts/write-schemas.ts', (name) => {
    expect(JSON.parse(read(`schema/${name}`))).toEqual(JSON.parse(JSON.stringify(schemas[name])));
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
