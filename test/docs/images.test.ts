import { readdir, readFile } from 'node:fs/promises';
import { expect, test } from '@jest/globals';

const root = new URL('../../', import.meta.url);
const pages = [
  'README.md',
  ...(await readdir(new URL('docs', root))).filter((name) => name.endsWith('.md')).map((name) => `docs/${name}`),
];
const images: { readonly image: string; readonly page: string }[] = [];
for (const page of pages)
  for (const [, image = ''] of (await readFile(new URL(page, root), 'utf8')).matchAll(
    /!\[[^\]]*\]\((?!https?:)([^)]+)\)/g,
  ))
    images.push({ image, page });

const PNG = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');

test.each(images.filter(({ image }) => image.endsWith('.svg')))(
  '$image of $page is a drawing that loads fast, says what it shows, and is readable on dark pages',
  async ({ image, page }) => {
    const content = await readFile(new URL(image, new URL(page, root)), 'utf8');
    expect(content).toMatch(/^<svg [^>]*role="img"[^>]*>\n<title [^>]*>.+<\/title>\n<desc [^>]*>.+<\/desc>/);
    expect(content).toContain('@media (prefers-color-scheme: dark)');
    expect(content.length).toBeLessThan(150_000);
  },
);

test.each(images.filter(({ image }) => !image.endsWith('.svg')))(
  '$image of $page is a PNG that loads fast',
  async ({ image, page }) => {
    const content = await readFile(new URL(image, new URL(page, root)));
    expect(content.subarray(0, 8)).toEqual(PNG);
    expect(content.length).toBeLessThan(150_000);
    // Written by the computer that has made it: no author, no path of its own.
    for (const chunk of ['tEXt', 'iTXt', 'zTXt', 'eXIf']) expect(content.includes(chunk)).toBe(false);
  },
);

test('every image is shown somewhere', async () => {
  const files = await readdir(new URL('docs/images', root));
  expect(
    files.map((name) => `images/${name}`).filter((name) => !images.some(({ image }) => image.endsWith(name))),
  ).toEqual([]);
});
