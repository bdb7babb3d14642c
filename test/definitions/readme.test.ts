import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { problemsOf } from './partner-files.ts';

const root = new URL('../../', import.meta.url);
const read = (file: string): string => readFileSync(new URL(file, root), 'utf8');
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...readdirSync(new URL('docs', root)).flatMap((name) => (name.endsWith('.md') ? [`docs/${name}`] : [])),
];

describe('README.md', () => {
  test('shows a first partner that loads as it stands', async () => {
    const blocks = [...read('README.md').matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] as string);
    expect(blocks).toHaveLength(1);
    expect(await problemsOf(blocks[0] as string, { ACME_TOKEN: 't' })).toEqual([]);
  });

  test('names only scripts that there are', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = [...read('README.md').matchAll(/npm run ([\w-]+)/g)].map((match) => match[1] as string);
    expect(named.filter((name) => !(name in scripts))).toEqual([]);
  });
});

test.each(pages)('the links of %s lead somewhere', (page) => {
  const links = [...read(page).matchAll(/\]\((?!https?:|#)([^)#]+)/g)].map((match) => match[1] as string);
  expect(links.filter((link) => !existsSync(new URL(link, new URL(page, root))))).toEqual([]);
});
