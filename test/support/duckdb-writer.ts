import { openDuckdb } from '../../targets/duckdb/open-duckdb.ts';
import { applySeries } from './duckdb-series.ts';

/** Applies the series, and kills itself when it comes to a place for the nth time: `duckdb-writer PATH POINT NTH`. */
const [, , path = '', point, nth] = process.argv;
let times = 0;
const target = await openDuckdb({
  name: 'duck',
  path,
  reached: async (reached) => {
    if (reached !== point || (times += 1) !== Number(nth)) return;
    process.kill(process.pid, 'SIGKILL');
    await new Promise(() => setInterval(() => {}, 60_000));
  },
});
if (point === 'hold') {
  await target.check();
  process.stdout.write('held\n');
  setInterval(() => {}, 60_000);
} else {
  await applySeries(target);
  await target.close();
}
