import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { compilePartner } from '../../definitions/compile.ts';
import { plainNames } from '../../messages/names.ts';
import { loadAcme } from '../definitions/partner-files.ts';

const document = readFileSync('docs/deletes.md', 'utf8');
const blocks = [...document.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text = '']) => text);

const SCHEMA =
  'schema: { type: object, properties: { id: { type: string }, changed_at: { type: string, format: date-time } } }';
const definitionOf = (block: string): string =>
  block.startsWith('# stream')
    ? `name: acme\nbaseUrl: https://api.acme.example\nstreams:\n  orders:\n${`path: /orders\nprimaryKey: [id]\n${SCHEMA}\n${block}`.replaceAll(/^/gm, '    ')}`
    : block;

const records = [
  { id: 'there', changed_at: '2026-01-01T00:00:00Z', deleted_at: null, status: 'active', op: 'update' },
  {
    id: 'gone',
    changed_at: '2026-01-01T00:00:00Z',
    deleted_at: '2026-01-01T00:00:00Z',
    status: 'purged',
    op: 'delete',
  },
];

describe('docs/deletes.md', () => {
  test('has examples', () => {
    expect(blocks.length).toBeGreaterThan(3);
  });

  test.each(blocks.map((block) => ({ block })))(
    'shows an example that tells what is gone: $block',
    async ({ block }) => {
      const streams = [...compilePartner(await loadAcme(definitionOf(block)), plainNames).values()];
      expect(streams.some(({ definition }) => definition.deletes !== undefined)).toBe(true);
      const tests = streams.flatMap(({ isDelete }) => isDelete ?? []);
      expect(tests.map((isDelete) => records.filter(isDelete).map(({ id }) => id))).toEqual(tests.map(() => ['gone']));
    },
  );
});
