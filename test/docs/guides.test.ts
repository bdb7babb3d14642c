import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { problemsOf } from '../definitions/partner-files.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): string => readFileSync(join(root, file), 'utf8');
const docs = readdirSync(join(root, 'docs')).filter((name) => name.endsWith('.md'));

/** As GitHub makes them of headings. */
const anchorsOf = (text: string): ReadonlySet<string> =>
  new Set(
    [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
      heading
        .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
        .toLowerCase()
        .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );

test('every link between pages leads to a heading that is there', () => {
  const anchors = new Map(docs.map((name) => [name, anchorsOf(read(`docs/${name}`))]));
  const dead = docs.flatMap((page) =>
    [...read(`docs/${page}`).matchAll(/\]\(([\w-]+\.md)?#([^)]+)\)/g)]
      .filter(([, file = page, anchor = '']) => anchors.get(file)?.has(anchor) !== true)
      .map(([link]) => `${page}: ${link}`),
  );
  expect(dead).toEqual([]);
});

test('README.md has at most 150 lines, and every page of docs/ can be reached from it', () => {
  expect(read('README.md').split('\n').length).toBeLessThanOrEqual(151);
  const seen = new Set<string>();
  const visit = (file: string): void => {
    for (const [, link = ''] of read(file).matchAll(/\]\((?:docs\/)?([\w-]+\.md)(?:#[^)]*)?\)/g))
      if (docs.includes(link) && !seen.has(link)) {
        seen.add(link);
        visit(`docs/${link}`);
      }
  };
  visit('README.md');
  expect(docs.filter((name) => !seen.has(name))).toEqual([]);
});

test('the definition and the schedule of docs/trusted-night.md load', async () => {
  const [definition = '', schedule = ''] = [...read('docs/trusted-night.md').matchAll(/^```yaml\n(.*?)^```$/gms)].map(
    ([, block = '']) => block,
  );
  expect(await problemsOf(`${definition}${schedule}`, { ACME_TOKEN: 't' })).toEqual([]);
});
