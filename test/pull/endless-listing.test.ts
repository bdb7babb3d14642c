import { expect, test } from '@jest/globals';
import { GiveUp } from '../../core/errors.ts';
import { openGrantBench } from '../support/grant-bench.ts';

const MOST_GRANTS = 5;
const EMPTY_PAGES = 200;

test('a partner that names a new page for ever, and never a record, is given up over several grants', async () => {
  const bench = await openGrantBench({
    answer: (nth) => ({ data: [], next: `page ${nth}` }),
    partner: { grant: { requests: 60 } },
    emptyPages: EMPTY_PAGES,
  });
  try {
    const readOn = async (): Promise<void> => {
      for (let grants = 0; grants < MOST_GRANTS; grants++) expect((await bench.grant()).state).toBe('more');
    };
    await expect(readOn()).rejects.toThrow(GiveUp);
    // More than one grant's worth, and no more than the bound and what was on its way.
    expect(bench.requests()).toBeGreaterThan(60);
    expect(bench.requests()).toBeLessThan(EMPTY_PAGES + 10);
    expect(await bench.report()).toMatchObject({ requests: bench.requests() });
  } finally {
    await bench.close();
  }
});
