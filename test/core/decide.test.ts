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

  const last = { ...head, version: null, received: { page: 7, ordinal: 3 } };
  const bad = { version: null, hash: 'bb' };
  test.each([
    ['received before the head', { ...bad, received: { page: 6, ordinal: 9 } }, last, 'stale'],
    ['received before the head on its page', { ...bad, received: { page: 7, ordinal: 2 } }, last, 'stale'],
    ['received after the head on its page', { ...bad, received: { page: 7, ordinal: 4 } }, last, 'updated'],
    ['received after the head', { ...bad, received: { page: 8, ordinal: 0 } }, last, 'updated'],
    ['that equals the head', { version: null, hash: 'aa', received: { page: 1, ordinal: 0 } }, last, 'unchanged'],
    [
      'of a version, by its version alone',
      { version: '3', hash: 'bb', received: { page: 6, ordinal: 9 } },
      head,
      'updated',
    ],
  ])('takes a replayed record %s as its place says', (_what, arrival, known, fate) => {
    expect(decide(arrival, known)).toEqual({ fate, conflict: false });
  });

  test.each([
    ['after the head', { page: 8, ordinal: 0 }, last, true],
    ['before the head, whose event says so', { page: 6, ordinal: 0 }, last, undefined],
    ['of a key without a row', { page: 8, ordinal: 0 }, undefined, true],
  ])('never lets a superseded record win, received %s', (_what, received, known, silent) => {
    const decision = decide({ ...bad, received, superseded: true }, known);
    expect(decision).toEqual({ fate: 'stale', conflict: false, ...(silent === undefined ? {} : { silent }) });
  });
});
