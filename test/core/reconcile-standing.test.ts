import { describe, expect, test } from '@jest/globals';
import { openKinds, standingOf, type EndedReconciliation } from '../../core/reconcile-standing.ts';

const one = (id: string, day: number, more: Partial<EndedReconciliation> = {}): EndedReconciliation => ({
  id,
  level: 'content',
  windowed: false,
  sampled: false,
  verdict: 'clean',
  reason: null,
  endedAt: `2026-11-0${day}T00:00:00.000Z`,
  findings: [],
  ...more,
});
const found = (count: number, state: 'open' | 'repaired' = 'open') => ({ kind: 'missing', state, count }) as const;

describe('what reconciliations say of a stream', () => {
  const window = { windowed: true };

  test.each<[string, readonly EndedReconciliation[], readonly string[]]>([
    ['a later one takes the place of all before it', [one('a', 1), one('b', 2), one('c', 3, window)], ['b', 'c']],
    ['a window takes that of a window only', [one('a', 1), one('b', 2, window), one('c', 3, window)], ['a', 'c']],
    ['all there is takes that of a sample', [one('a', 1, { sampled: true }), one('b', 2)], ['b']],
    ['counts take that of nothing deeper', [one('a', 1), one('b', 2, { level: 'counts' })], ['a', 'b']],
    ['what is deeper takes that of counts', [one('a', 1, { level: 'counts' }), one('b', 2, { level: 'keys' })], ['b']],
  ])('%s', (_, ended, standing) => {
    expect(standingOf(ended).map(({ id }) => id)).toEqual(standing);
  });

  test('open findings are counted by kind', () => {
    const open = openKinds([
      one('a', 1, { findings: [found(3), found(9, 'repaired')] }),
      one('b', 2, { ...window, findings: [found(2)] }),
    ]);
    expect([...open]).toEqual([['missing', 3]]);
  });
});
