import { changeDuplicates } from '../../activities/duplicates/change-duplicates.ts';
import { openPool } from '../../landing/postgres-warehouse.ts';

/** A process of its own that makes changes to their end: `change-process URL CHANGE…`. */
const [, , url = '', ...changes] = process.argv;
const pool = openPool(url);
process.stdout.write('begins\n');
await changeDuplicates(
  {
    pool,
    partners: { streams: () => Promise.resolve(new Map()) },
    settings: () => Promise.resolve(new Map()),
    ensureViews: () => Promise.resolve(),
    findPairs: () => Promise.reject(new Error('nothing is to be found')),
  },
  changes.map(Number),
  { signal: new AbortController().signal, progress: () => {} },
);
await pool.end();
