import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { writeParent } from '../../core/parent-values.ts';
import type { PageRequest } from '../../core/page.ts';
import type { StreamDefinition } from '../../definitions/definition.ts';
import { parentFields } from '../../definitions/mentions.ts';
import { quotings } from '../../definitions/quotings.ts';
import { buildRequest } from '../../sources/declared/build-request.ts';
import { loadAcme } from './partner-files.ts';

const document = readFileSync(new URL('../../docs/requests.md', import.meta.url), 'utf8');
const blocks = [...document.matchAll(/^```(yaml|http)( .*)?\n([^]*?)^```$/gm)].map(
  ([, kind, info = '', text = '']) => ({ kind, info: info.trim(), text }),
);
const examples = blocks.flatMap(({ kind, info, text }, index) =>
  kind === 'http'
    ? [
        {
          info,
          asked: text.trimEnd(),
          stream: blocks.slice(0, index).findLast((block) => block.kind === 'yaml')?.text ?? '',
        },
      ]
    : [],
);

const range = { from: '2026-01-01T00:00:00.000Z', to: '2026-02-01T00:00:00.000Z' };
const names = ['id', 'owner', 'name', 'folder', 'updated', 'updatedAt', 'modifiedon', 'SystemModstamp'];
const properties = names
  .map((name) => `${name}: { type: string${/^(u|m|S)/.test(name) ? ', format: date-time' : ''} }`)
  .join(', ');
const SCHEMA = `schema: { type: object, properties: { ${properties} } }`;

const definitionOf = (stream: string): string =>
  `name: acme\nbaseUrl: https://api.acme.example\nstreams:\n  parents:\n    path: /parents\n    primaryKey: [id]\n    ${SCHEMA}\n` +
  `  orders:\n${`primaryKey: [id]\n${SCHEMA}\n${stream}`.replaceAll(/^/gm, '    ')}`;

/** `cursor=…`, `parents=` with a text or an object for each parent, or `first` for a reading without bounds. */
function positionOf(info: string, stream: StreamDefinition) {
  const cursor = /^cursor=(.*)$/.exec(info)?.[1] ?? null;
  const given = JSON.parse(/^parents=(.*)$/.exec(info)?.[1] ?? '[]') as (string | Record<string, string>)[];
  const fields = parentFields(stream);
  const parents = given.map((one) =>
    typeof one === 'string'
      ? one
      : writeParent(
          fields,
          fields.map((field) => one[field] ?? ''),
        ),
  );
  return { cursor, parents, range: info === 'first' ? null : range };
}

function shown({ method, url, headers, body = '' }: PageRequest, like: string) {
  const { pathname, search } = new URL(url);
  const [head = '', ...rest] = like.split('\n\n');
  const wanted = head
    .split('\n')
    .slice(1)
    .map((line) => line.split(':')[0] as string);
  const isJson = headers['content-type'] === 'application/json';
  const parsed = (text: string): unknown => (isJson ? JSON.parse(text) : text);
  return {
    built: {
      first: `${method} ${decodeURIComponent((pathname + search).replaceAll('+', ' '))}`,
      headers: wanted.map((name) => `${name}: ${headers[name]}`),
      body: parsed(body),
    },
    like: { first: head.split('\n')[0], headers: head.split('\n').slice(1), body: parsed(rest.join('\n\n')) },
  };
}

describe('docs/requests.md', () => {
  test('has an example of each language that is quoted', () => {
    expect(examples.length).toBeGreaterThan(9);
    for (const quoting of quotings) expect(document).toMatch(new RegExp(`^\\| \`${quoting}\``, 'm'));
  });

  test.each(examples)('$asked', async ({ info, asked, stream }) => {
    const partner = await loadAcme(definitionOf(stream));
    const definition = partner.streams['orders'] as StreamDefinition;
    const request = buildRequest({ partner, stream: definition, position: positionOf(info, definition) });
    const { built, like } = shown(request, asked);
    expect(built).toEqual(like);
  });
});
