import { readFile, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { ReadRow, Target } from '../../targets/target.ts';
import { kinds, useKind, type Kind } from './kinds.ts';
import { openLandBench, type LandBench } from './land-bench.ts';
import type { Scenario } from './scenario.ts';
import { scenarios, naming } from './scenarios.ts';

let bench: LandBench;
beforeAll(async () => {
  bench = await openLandBench();
});
afterAll(() => bench.close());

const shown = new Map<string, Set<Kind>>();
let streams = 0;

async function take(stream: string, step: Scenario['steps'][number]): Promise<void> {
  if (step === 'replay') await bench.replay(stream);
  else if ('define' in step) await bench.define({ [stream]: step.define });
  else await bench.pull(stream, step.pages);
}

/** The store's own table fits a new definition from the next reading on: until then the target may be ahead of it. */
const expected = (stream: string, step: Scenario['steps'][number], target: Target): Promise<readonly ReadRow[]> =>
  step !== 'replay' && 'define' in step ? bench.landed(stream, target) : bench.shown(stream);

describe.each(kinds)('what lands in a %s target is what the store has', (kind) => {
  const warehouse = useKind(kind);

  test.each(scenarios)('$name', async ({ name, stream: definition, steps, rows }) => {
    const stream = `s${(streams += 1)}`;
    await bench.define({ [stream]: naming(stream, definition) });
    const target = await warehouse.fresh();
    for (const step of steps) {
      await take(stream, step);
      // Small loads: each range begins where the last one ended.
      expect(await bench.apply(stream, target, 2)).toMatchObject({ state: 'caughtUp', unfit: 0, building: null });
      expect(await bench.landed(stream, target)).toEqual(await expected(stream, step, target));
    }
    expect(await bench.shown(stream)).toHaveLength(rows);
    // Nothing is left to do, and nothing changes.
    expect(await bench.apply(stream, target)).toMatchObject({ state: 'caughtUp', loads: 0 });
    // One that begins now, from the log alone.
    const late = await warehouse.fresh();
    expect(await bench.apply(stream, late)).toMatchObject({ state: 'caughtUp' });
    expect(await bench.landed(stream, late)).toEqual(await bench.shown(stream));
    // Its checksums are those of the store.
    expect(await bench.compare(stream, late)).toMatchObject({ verdict: 'clean', bucketsDiffer: 0, storeRows: rows });
    shown.set(name, (shown.get(name) ?? new Set()).add(kind));
  });
});

const MATRIX = new URL('../../docs/targets-matrix.md', import.meta.url);

function matrix(): string {
  const head = ['what lands', ...kinds];
  const rows = scenarios.map(({ name }) => [name, ...kinds.map((kind) => (shown.get(name)?.has(kind) ? 'yes' : 'no'))]);
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return `# What each kind of target can do

Written by \`test/targets/landing.test.ts\`: each line is read from a partner into the store and loaded into a target of each kind, step by
step and once more from the log alone, and every row of the target is compared with the store's own table, value by value.
Write it anew with \`SYNCLINE_WRITE_MATRIX=1 npm test -- test/targets/landing.test.ts\`.

${lines.join('\n')}
`;
}

test('docs/targets-matrix.md says what was shown', async () => {
  if (process.env['SYNCLINE_WRITE_MATRIX'] === '1') await writeFile(MATRIX, matrix());
  expect(squeezed(await readFile(MATRIX, 'utf8'))).toBe(squeezed(matrix()));
});

/** Prettier pads the cells of tables. */
const squeezed = (page: string): string => page.replace(/ +/g, ' ').replace(/-{3,}/g, '---');
