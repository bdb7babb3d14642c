import { openDuckdb } from '../../targets/duckdb/open-duckdb.ts';
import { applySeries } from './duckdb-series.ts';
import { orders } from './target-rows.ts';

/**
 * Makes the live table anew beside, as loads do with one that somebody changed, and kills itself when it comes to a place for the nth time, or right before or
 * behind the swap: `anew-writer PATH POINT NTH`.
 */
const [, , path = '', point, nth] = process.argv;
let times = 0;
const die = async (): Promise<void> => {
  process.kill(process.pid, 'SIGKILL');
  await new Promise(() => setInterval(() => {}, 60_000));
};
const target = await openDuckdb({
  name: 'duck',
  path,
  reached: async (reached) => {
    if (reached === point && (times += 1) === Number(nth)) await die();
  },
});
const { id: over, changed } = await target.open(orders);
if (changed !== undefined) {
  const fill = { ...orders, place: 'fill' } as const;
  await applySeries(target, fill);
  const { id } = await target.open(fill);
  if (point === 'swap') await die();
  await target.swap(orders, { from: 'fill', id, over });
  if (point === 'swapped') await die();
}
await target.close();
