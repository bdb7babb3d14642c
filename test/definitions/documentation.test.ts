import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { partner, stream } from '../../definitions/definition.ts';
import { problemsOf } from './partner-files.ts';

const document = readFileSync(new URL('../../docs/definitions.md', import.meta.url), 'utf8');
const blocks = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] as string);
const env = { ACME_TOKEN: 't', ACME_CLIENT: 'c', ACME_SECRET: 's', ACME_REFRESH: 'r' };

const indented = (text: string): string => text.replaceAll(/^/gm, '    ');
const SCHEMA =
  'schema: { type: object, properties: { id: { type: string }, changed_at: { type: string, format: date-time } } }\n';

/** A block is a whole definition, or says in its first line where it belongs. */
function definitionOf(block: string): string {
  if (!block.startsWith('#')) return block;
  const top = block.startsWith('# top') ? block : '';
  const own = block.startsWith('# stream') ? block : '';
  const fields = `path: /orders\nprimaryKey: [id]\n${/^schema:/m.test(own) ? '' : SCHEMA}${own}`;
  return `name: acme\nbaseUrl: https://api.acme.example\n${top}\nstreams:\n  orders:\n${indented(fields)}`;
}

describe('docs/definitions.md', () => {
  test('has examples', () => {
    expect(blocks.length).toBeGreaterThan(15);
  });

  test.each([...document.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => [match[1] as string]))(
    'links to %s, which is there',
    (path) => {
      expect(existsSync(new URL(`../../docs/${path}`, import.meta.url))).toBe(true);
    },
  );

  test.each([...document.matchAll(/\]\(#([^)]+)/g)].map((match) => [match[1] as string]))(
    'links to its own heading %s',
    (anchor) => {
      const headings = [...document.matchAll(/^#+ (.+)$/gm)].map((match) => match[1] as string);
      expect(headings.map((heading) => heading.toLowerCase().replaceAll(' ', '-'))).toContain(anchor);
    },
  );

  test.each(blocks.map((block, index) => ({ example: index + 1, block })))(
    'shows an example $example that loads',
    async ({ block }) => {
      expect(await problemsOf(definitionOf(block), env)).toEqual([]);
    },
  );

  test.each([...Object.keys(partner.shape), ...Object.keys(stream.shape)].map((field) => [field]))(
    'describes the field %s',
    (field) => {
      expect(document).toMatch(new RegExp(`^\\|[^|]*\`${field}[\`.]`, 'm'));
    },
  );
});
