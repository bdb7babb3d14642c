import { describe, expect, test } from '@jest/globals';
import { setInBody } from '../../definitions/body-path.ts';

const search = { filterGroups: [{ filters: [{ propertyName: 'updated', operator: 'GTE', value: '0' }] }], limit: 100 };

describe('setInBody', () => {
  test.each<[string, Record<string, unknown>, string, unknown]>([
    ['makes the objects that are missing', {}, 'variables.page.after', { variables: { page: { after: 7 } } }],
    ['keeps what stands beside', { page: { sort: 'id' } }, 'page.offset', { page: { sort: 'id', offset: 7 } }],
    ['replaces a value', { limit: 1 }, 'limit', { limit: 7 }],
    [
      'goes into lists by their index',
      search,
      'filterGroups.0.filters.0.value',
      {
        filterGroups: [{ filters: [{ propertyName: 'updated', operator: 'GTE', value: 7 }] }],
        limit: 100,
      },
    ],
    ['replaces an item', { range: ['', 'now'] }, 'range.0', { range: [7, 'now'] }],
    ['takes a number for a name where an object has it', { a: { 0: 'x' } }, 'a.0', { a: { 0: 7 } }],
    ['knows no inherited names', {}, 'constructor.name', { constructor: { name: 7 } }],
  ])('%s', (_, body, path, expected) => {
    const before = structuredClone(body);
    expect(setInBody(body, path, 7)).toEqual({ body: expected });
    expect(body).toEqual(before);
  });

  test.each<[string, Record<string, unknown>, string, string]>([
    [
      'an index beyond the list',
      search,
      'filterGroups.1.filters',
      '"filterGroups" is a list of 1: expected an index from 0 to 0, found "1"',
    ],
    [
      'a name where a list is',
      search,
      'filterGroups.filters',
      '"filterGroups" is a list of 1: expected an index from 0 to 0, found "filters"',
    ],
    ['an empty list', { a: [] }, 'a.0', 'the list at "a" is empty; write the item into the body'],
    [
      'an index without a list',
      {},
      'filters.0.value',
      'there is no list at "filters" that "0" could be an index of; write it into the body',
    ],
    ['a text on the way', { a: 'x' }, 'a.b', '"a" is a text, which has no "b" in it'],
    ['null on the way', { a: null }, 'a.b', '"a" is null, which has no "b" in it'],
    [
      'a list to be replaced',
      { a: { b: [1] } },
      'a.b',
      '"a.b" is a list, which the value would replace; name the place in it',
    ],
    [
      'a mapping to be replaced',
      { a: {} },
      'a',
      '"a" is a mapping, which the value would replace; name the place in it',
    ],
  ])('refuses %s', (_, body, path, says) => {
    expect(setInBody(body, path, 7)).toEqual({ says });
  });
});
