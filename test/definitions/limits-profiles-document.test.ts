import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { profileNames } from '../../definitions/limit-profile.ts';
import { timeForms } from '../../core/quota.ts';
import { problemsOf } from './partner-files.ts';

const document = readFileSync(new URL('../../docs/limits-profiles.md', import.meta.url), 'utf8');
const blocks = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map((match) => match[1] as string);
const rest = `name: acme
baseUrl: https://api.acme.example
streams:
  orders: { path: /orders, primaryKey: [id], schema: { type: object, properties: { id: { type: string } } } }
`;

describe('docs/limits-profiles.md', () => {
  test.each(blocks.map((block, index) => ({ example: index + 1, block })))(
    'shows an example $example that loads',
    async ({ block }) => {
      expect(await problemsOf(block.startsWith('# top') ? `${rest}${block}` : block)).toEqual([]);
    },
  );

  test.each(profileNames)('describes the profile %s', (name) => {
    expect(document).toMatch(new RegExp(`^\\| \`${name}\``, 'm'));
  });

  test.each(timeForms)('names the form of time %s', (form) => {
    expect(document).toMatch(new RegExp(`resetAs:.*\\b${form}\\b`));
  });

  test('has examples, and links that lead somewhere', () => {
    expect(blocks.length).toBe(3);
    for (const [, path = ''] of document.matchAll(/\]\((?!https?:|#)([^)#]+)/g))
      expect(existsSync(new URL(`../../docs/${path}`, import.meta.url))).toBe(true);
  });
});

describe('a profile that does not hold', () => {
  test.each([
    ['gihub', 'limits.profile: expected one of "auto", .*did you mean "github"?'],
    ['{ remaning: X-Left, used: X-Used }', 'limits.profile.remaning: unknown field; did you mean "remaining"?'],
    [
      '{ remaining: X-Left, resetAs: minutes }',
      'limits.profile.resetAs: expected one of "seconds", .*, found "minutes"',
    ],
    [
      '{ remaining: X-Left, read: x }',
      'limits.profile.read: expected a function (only in a .ts definition), found "x"',
    ],
    ['{}', 'limits.profile.remaining: missing; expected the name of a header .*'],
  ])('%s is refused in plain words', async (profile, problem) => {
    const problems = await problemsOf(`limits: { profile: ${profile} }\n${rest}`);
    const pattern = problem.replaceAll(/[?()]/g, String.raw`\$&`);
    expect(problems).toEqual([expect.stringMatching(new RegExp(`^acme\\.yaml:\\d+:\\d+ ${pattern}$`))]);
  });
});
