import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';

const root = join(import.meta.dirname, '../..');
const document = readFileSync(join(root, 'docs/war-stories.md'), 'utf8');
const stories = document.split(/^\*\*(?=\d+\. )/m).slice(1);

test('docs/war-stories.md tells twenty stories, each with its source', () => {
  expect(stories.map((story) => Number.parseInt(story, 10))).toEqual(Array.from({ length: 20 }, (_, i) => i + 1));
  for (const story of stories) expect(story).toMatch(/\]\(https:\/\/github\.com\/[^)]+\)/);
});

test('each story names a test that is there', () => {
  const missing = stories.flatMap((story) => {
    const [, file = '', title = ''] = /\(`(test\/[^`]+\.test\.ts)`: "([^"]+)"\)/.exec(story) ?? [];
    if (file === '') return [`${story.slice(0, 60)}: names no test`];
    return declares(readFileSync(join(root, file), 'utf8'), title) ? [] : [`${file}: "${title}"`];
  });
  expect(missing).toEqual([]);
});

/** As the name of a test or of a group of them, not in some comment. */
const declares = (source: string, title: string): boolean =>
  ["'", '"', '`'].some((quote) =>
    new RegExp(`\\b(test|scenario|describe)(\\.each[^;]*?)?\\(\\s*${quote}${literal(title)}${quote}`).test(source),
  );

const literal = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`);
