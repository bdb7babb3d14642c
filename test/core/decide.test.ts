import { describe, expect, test } from '@jest/globals';
import { decide } from '../../core/decide.ts';

const head = { version: '2', hash: 'aa', event: 7 };

describe('decide', () => {
  test.each([
    ['the first record of a key', { version: '1', hash: 'aa' }, undefined, 'inserted', false],
    ['the same content', { version: '2', hash: 'aa' }, head, 'unchanged', false],
    ['the same content under another version', { version: '1', hash: 'aa' }, head, 'unchanged', false],
    ['an older version', { version: '1', hash: 'bb' }, head, 'stale', false],
    ['a newer version', { version: '3', hash: 'bb' }, head, 'updated', false],
    ['the same version with other content', { version: '2', hash: 'bb' }, head, 'updated', true],
    [
      'other content where no version is declared',
      { version: null, hash: 'bb' },
      { ...head, version: null },
      'updated',
      false,
    ],
    [
      'a version where none was declared before',
      { version: '1', hash: 'bb' },
      { ...head, version: null },
      'updated',
      false,
    ],
    ['no version where one was declared before', { version: null, hash: 'bb' }, head, 'updated', false],
    ['a record whose version fields are all absent', { version: '', hash: 'bb' }, head, 'stale', false],
  ])('%s', (_what, arrival, known, fate, conflict) => {
    expect(decide(arrival, known)).toEqual({ fate, conflict });
  });
});
