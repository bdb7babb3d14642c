import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';

const document = readFileSync('docs/endings.md', 'utf8');
const rows = [...document.matchAll(/^\| (?!what|-)(.+?) +\| .+ \| `(.+)` +\|$/gm)].map(([, wrong = '', name = '']) => ({
  wrong,
  name,
}));
const tests = readdirSync('test', { recursive: true, encoding: 'utf8' })
  .filter((file) => /^(pull|sources)\/.*\.test\.ts$/.test(file))
  .map((file) => readFileSync(`test/${file}`, 'utf8'))
  .join('\n');

test('the table of docs/endings.md has its rows', () => {
  expect(rows.length).toBeGreaterThan(20);
});

test.each(rows)('what a partner may do wrong is tested: $wrong', ({ name }) => {
  expect(tests).toContain(name);
});
