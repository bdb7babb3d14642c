import { expect, test } from '@jest/globals';
import { fewTogether } from '../../activities/pull/in-flight.ts';
import type { StagedPage } from '../../core/staged.ts';

const pages = (...records: readonly number[]): StagedPage[] =>
  records.map((length) => ({ records: Array.from({ length }), rejected: [] }) as unknown as StagedPage);

test.each([
  ['all that fit', pages(1000, 900), 2],
  ['those that fit', pages(1000, 1000, 1000), 2],
  ['one that is larger than what goes together', pages(5000, 1), 1],
])('beside pushes %s share a transaction', (_what, of, together) => {
  expect(fewTogether(of)).toBe(together);
});
