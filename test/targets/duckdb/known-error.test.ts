import { describe, expect, test } from '@jest/globals';
import { explain, NeedsAttention, RetryLater } from '../../../core/errors.ts';
import { knownError } from '../../../targets/duckdb/known-error.ts';

describe('errors of DuckDB', () => {
  test.each([
    [
      'IO Error: Could not set lock on file "/d/a.duckdb": Conflicting lock is held in /usr/bin/node (PID 4711). See also',
      RetryLater,
      'in use by process 4711 (/usr/bin/node)',
    ],
    [
      'IO Error: Could not set lock on file "/d/a.duckdb": Resource temporarily unavailable',
      RetryLater,
      'another process',
    ],
    [
      'IO Error: Trying to read a database file with version number 99, but we can only read versions between 64 and 68.',
      NeedsAttention,
      "has version 99 of DuckDB's format, which this driver does not read: install a newer @duckdb/node-api",
    ],
    [
      'Out of Memory Error: failed to allocate data of size 16.0 MiB (488.2 MiB/488.2 MiB used)',
      RetryLater,
      'memoryLimit',
    ],
    ['IO Error: Could not write file "/d/a.duckdb.wal": No space left on device', RetryLater, 'make room on its disk'],
    ['IO Error: Cannot open file "/d/a.duckdb": Permission denied', NeedsAttention, 'cannot be opened for writing'],
  ])('%s', (message, kind, says) => {
    const error = knownError(new Error(message), { path: '/d/a.duckdb' });
    expect(error).toBeInstanceOf(kind);
    expect(explain(error)).toContain(says);
  });

  test('a file in use is tried again after a second, however often it was: one of several workers has it', () => {
    const inUse = 'IO Error: Could not set lock on file "/d/a.duckdb": Conflicting lock is held in node (PID 4711)';
    expect(knownError(new Error(inUse), { path: '/d/a.duckdb' })).toMatchObject({ afterMs: 1000 });
  });

  test.each([
    `Conversion Error: Could not convert string 'secret' to INT32`,
    'Constraint Error: Duplicate key "status: secret" violates unique constraint',
  ])('a refused value is not quoted: %s', (message) => {
    const error = knownError(new Error(message), { path: '/d/a' });
    expect(error).toBeInstanceOf(NeedsAttention);
    expect(explain(error)).not.toContain('secret');
  });

  test('one that is not known stays as it is', () => {
    const error = new Error('Catalog Error: something new');
    expect(knownError(error, { path: '/d/a' })).toBe(error);
  });
});
