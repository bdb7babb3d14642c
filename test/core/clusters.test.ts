import { describe, expect, test } from '@jest/globals';
import { Clusters } from '../../core/clusters.ts';
import { compareRows } from '../../core/duplicates.ts';

const link = (left: number, right: number, largest = 10) => ({ left, right, largest });

describe('who belongs together', () => {
  test('rows that links connect, also through others', () => {
    const clusters = new Clusters(5);
    expect([link(0, 1), link(1, 2), link(0, 2)].map((each) => clusters.join(each))).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect([0, 1, 2, 3, 4].map((row) => clusters.sizeOf(row))).toEqual([3, 3, 3, 1, 1]);
    expect(new Set([0, 1, 2].map((row) => clusters.rootOf(row))).size).toBe(1);
  });

  test('a link that would make the cluster too large holds nothing', () => {
    const clusters = new Clusters(4);
    expect([link(0, 1, 3), link(2, 3, 3), link(1, 2, 3), link(1, 2, 4)].map((each) => clusters.join(each))).toEqual([
      undefined,
      undefined,
      'large',
      undefined,
    ]);
  });

  test('rows that never merge stay apart, also through others and after clusters have grown', () => {
    const clusters = new Clusters(6, [
      [0, 5],
      [2, 4],
    ]);
    expect(
      [link(0, 1), link(4, 5), link(2, 1), link(1, 5), link(2, 3), link(3, 4)].map((each) => clusters.join(each)),
    ).toEqual([undefined, undefined, undefined, 'never', undefined, 'never']);
  });
});

test('rows are in the order of code points, as PostgreSQL and DuckDB have them', () => {
  const rows = ['a', 'b', 'aa', '', '\u{ffee}', '\u{1f600}', 'é'].map((row) => ({ stream: 'crm.people', row }));
  expect(rows.toSorted(compareRows).map(({ row }) => row)).toEqual(['', 'a', 'aa', 'b', 'é', '\u{ffee}', '\u{1f600}']);
});
