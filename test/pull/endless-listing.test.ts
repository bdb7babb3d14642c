import { expect, test } from '@jest/globals';
import { GiveUp } from '../../core/errors.ts';
import { openGrantBench } from '../support/grant-bench.ts';

const MOST_GRANTS = 5;

test('a partner that names a new page for ever, and never a record, is given up over several grants', async () => {
  const bench = await openGrantBench({
    answer: (nth) => ({ data: [], next: `page ${nth}` }),
    partner: { grant: { requests: 60 } },
  });
  try {
    const readOn = async (): Promise<void> => {
      for (let grants = 0; grants < MOST_GRANTS; grants++) expect((await bench.grant()).state).toBe('more');
    };
    await expect(readOn()).rejects.toThrow(GiveUp);
    // More than one grant's worth, and no more than the bound of 200 and what was on its way.
    expect(bench.requests()).toBeGreaterThan(60);
    expect(bench.requests()).toBeLessThan(210);
    expect(await bench.report()).toMatchObject({ requests: bench.requests() });
  } finally {
    await bench.close();
  }
});
