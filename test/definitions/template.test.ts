import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import { parseTemplate, placeholdersIn, type Template } from '../../definitions/template.ts';
import { bodyKind } from '../../definitions/templates-of.ts';

const p = (name: string, format?: string, quoting?: string): object => ({ name, format, quoting });

describe('a template', () => {
  test.each<[string, unknown[]]>([
    ['a plain text', ['a plain text']],
    ['{start}', [p('start')]],
    ['{start:epochMs}', [p('start', 'epochMs')]],
    ['{parent.id|soql}', [p('parent.id', undefined, 'soql')]],
    ['{start:iso|soql} and {end}', [p('start', 'iso', 'soql'), ' and ', p('end')]],
    ['{parent.Release Date}', [p('parent.Release Date')]],
    ['{parent.owner.login}/{parent.name}', [p('parent.owner.login'), '/', p('parent.name')]],
    ['{{start}}', ['{start}']],
    ['a {{ b }} c', ['a { b } c']],
    ['{{"a":{{"b":{start}}}}}', ['{"a":{"b":', p('start'), '}}']],
    ['{"a":{"b":1}}', ['{"a":{"b":1}}']],
    ['{"a":{"b":{start}}}', ['{"a":{"b":', p('start'), '}}']],
    ['[["at",">=","{start}"]]', ['[["at",">=","', p('start'), '"]]']],
    ['{ orders { id } }', ['{ orders { id } }']],
    ['${start}', ['${start}']],
    ['a{?,b={cursor}} c', ['a', { optional: [',b=', p('cursor')] }, ' c']],
    ['{?a {{x}} {"y":{limit}} z}!', [{ optional: ['a {x} {"y":', p('limit'), '} z'] }, '!']],
    ['{?a{?b{cursor}}}', [{ optional: ['a', { optional: ['b', p('cursor')] }] }]],
  ])('%s', (text, pieces) => {
    expect(parseTemplate(text, 'text')).toEqual(pieces);
  });

  test('whose optional part is not closed cannot be read', () => {
    expect(parseTemplate('a {? b {cursor}', 'text')).toBeUndefined();
  });

  test('of a path takes whatever is in braces for a placeholder', () => {
    expect(parseTemplate('/a/{customer id}/{x|path}', 'path')).toEqual([
      '/a/',
      p('customer id'),
      '/',
      p('x', undefined, 'path'),
    ]);
  });

  test('of a GraphQL query leaves braces to GraphQL', () => {
    const query = 'query($a:Int){orders(first:$a,after:{cursor|graphql}){nodes{id}pageInfo{cursor}}}';
    expect(placeholdersIn(parseTemplate(query, 'graphql') as Template)).toEqual([
      { ...p('cursor', undefined, 'graphql'), optional: false },
    ]);
    expect((parseTemplate(query, 'graphql') as Template).filter((piece) => typeof piece === 'string').join('…')).toBe(
      'query($a:Int){orders(first:$a,after:…){nodes{id}pageInfo{cursor}}}',
    );
  });

  test('keeps every text without placeholders that is JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        fc.pre(!/\{(\?|\{|[A-Za-z_])/.test(text) && !/"[^"]*[{}][^"]*"/.test(text));
        expect(parseTemplate(text, 'text')).toEqual([text]);
      }),
    );
  });
});

test.each([
  ['query { orders { id } }', 'graphql'],
  ['{ orders(query: "x") { id } }', 'graphql'],
  ['# all orders\nquery Orders($after: String) { orders { id } }', 'graphql'],
  ['{start}', 'text'],
  ['{start} and {end}', 'text'],
  ['{"updated":{"$gte":"{start}"}}', 'text'],
  ['select id from orders', 'text'],
  ['query', 'text'],
] as const)('the text %j at "query" of a body is %s', (text, kind) => {
  expect(bodyKind(['query'], text)).toBe(kind);
  expect(bodyKind(['variables', 'query'], text)).toBe('text');
});
