import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { companyOf } from '../../activities/pull/company.ts';
import { MINUTE } from '../../core/duration.ts';
import { openGrantBench, type GrantBench } from '../support/grant-bench.ts';

const PAGES = 24;

/** How many pages each transaction took, in their order. */
async function groups(bench: GrantBench): Promise<number[]> {
  const { rows } = await bench.pool.query<{ pages: number }>(
    'select count(*)::integer as pages from pages group by xmin::text order by min(page_no)',
  );
  return rows.map(({ pages }) => pages);
}

/** The speed of the first answer is not known yet when the writer begins. */
test.each([
  ['fast', 'eight', 29, [4, 8, 8, 4]],
  ['slow', 'four', 30, [4, 4, 4, 4, 4, 4]],
])('pages of a %s partner share transactions in groups of %s', async (_what, _many, answerMs, sizes) => {
  const ends = sizes.map((_, i) => sizes.slice(0, i + 1).reduce((sum, size) => sum + size, 0));
  // The partner answers no page of a group before the group in front of it is committed.
  const bench: GrantBench = await openGrantBench({
    answer: async (nth) => {
      const before = ends.findLast((end) => end < nth) ?? 0;
      while (((await bench.report())?.pages ?? 0) < before) await sleep(5);
      return { data: [{ id: `thing ${nth}` }], next: nth === PAGES ? null : `page ${nth}` };
    },
  });
  try {
    // Endless patience: how fast this machine is does not matter.
    await bench.grant({ answerMs, gather: (tookMs) => ({ ...companyOf(tookMs), waitMs: MINUTE }) });
    expect(await groups(bench)).toEqual(sizes);
  } finally {
    await bench.close();
  }
});

test('pages share no transaction where a limit counts requests', async () => {
  const bench = await openGrantBench({
    answer: (nth) => ({ data: [{ id: `thing ${nth}` }], next: nth === 6 ? null : `page ${nth}` }),
    partner: { limits: { rate: 1000, burst: 100 } },
  });
  try {
    await bench.grant({
      answerMs: 1,
      gather: () => {
        throw new Error('the writer waits for nothing');
      },
    });
    expect(await groups(bench)).toEqual([1, 1, 1, 1, 1, 1]);
  } finally {
    await bench.close();
  }
});
