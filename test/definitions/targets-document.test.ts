import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { loadPartner } from '../../definitions/load.ts';
import { loadTargets } from '../../definitions/load-targets.ts';
import { checkNamedTargets, targetsOf } from '../../definitions/named-targets.ts';
import { target } from '../../definitions/targets.ts';
import { withFiles } from './partner-files.ts';

const document = readFileSync(new URL('../../docs/targets.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...document.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'gms'))].map(([, text = '']) => text);
const [declared = '', named = ''] = blocks('yaml');

describe('docs/targets.md', () => {
  test('declares targets as its example says, and names them in the partner beside it', async () => {
    await withFiles({ 'partners/targets.yaml': declared, 'partners/acme.yaml': named }, async (folder) => {
      const dir = join(folder, 'partners');
      const { targets } = await loadTargets({ dir, env: {} });
      expect(targets.get('lake')).toMatchObject({ path: join(folder, 'data/lake.duckdb'), every: 10_000 });
      expect(targets.get('archive')).toMatchObject({ path: '/var/lib/syncline/archive.duckdb', every: 300_000 });
      const acme = await loadPartner('acme', { dir, env: {} });
      await checkNamedTargets(acme, { dir });
      expect(['payments', 'customers'].map((stream) => targetsOf(acme, stream))).toEqual([['lake', 'archive'], []]);
    });
  });

  test('shows a declaration in TypeScript that loads', async () => {
    const [text = ''] = blocks('ts');
    const alone = text.replace("import { defineTargets } from 'syncline';", 'const defineTargets = (given) => given;');
    expect(alone).not.toBe(text);
    await withFiles({ 'package.json': '{ "type": "module" }', 'targets.mjs': alone }, async (dir) => {
      expect([...(await loadTargets({ dir, env: {} })).targets.keys()]).toEqual(['lake']);
    });
  });

  const fields = new Set(target.options.flatMap((option) => Object.keys(option.shape)));
  test.each([...fields])('describes the field %s', (field) => {
    expect(document).toMatch(new RegExp(`^\\| \`${field}\` `, 'm'));
  });

  test.each([...document.matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map(([, path = '']) => path))(
    'links to %s, which is there',
    (path) => {
      expect(existsSync(new URL(`../../docs/${path}`, import.meta.url))).toBe(true);
    },
  );
});
