import { explain } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { listPartners } from '../../definitions/load.ts';
import { takesPushes } from '../../definitions/takes-pushes.ts';
import { withAllMade } from '../../landing/made-columns.ts';
import { openPush } from '../../landing/open-push.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { loadWhole } from '../load-whole.ts';

/** Makes what pushed records are written to, so that `syncline ingest` needs no right to make it. Safe to repeat, also while ingest runs. */
export async function partnersPrepare({
  config,
  output,
  names,
}: CommandContext & { readonly names: readonly string[] }): Promise<number> {
  const chosen = names.length > 0 ? names : await listPartners(config.partnersDir);
  const rows = await withDatabase(config, async (pool) => {
    const prepared: { partner: string; stream: string; table: string; problem?: string }[] = [];
    for (const name of chosen)
      try {
        const { partner } = await loadWhole(name, { dir: config.partnersDir, env: config.env });
        const streams = await withAllMade(pool, compilePartner(partner, config.names));
        for (const stream of [...streams.values()].filter(takesPushes)) {
          await openPush(pool, stream);
          prepared.push({ partner: name, stream: stream.name, table: `${stream.schema}.${stream.table}` });
        }
      } catch (error) {
        // One that is broken keeps no other one from being served.
        prepared.push({ partner: name, stream: '', table: '', problem: explain(error) });
      }
    return prepared;
  });
  output.json(rows);
  if (rows.length === 0) output.say(`No stream in ${config.partnersDir} is pushed: nothing to prepare.`);
  for (const { partner, stream, table, problem } of rows)
    output.say(
      problem === undefined
        ? `${partner}/${stream}: ${table} can be written to`
        : `${partner}: not prepared: ${problem}`,
    );
  return rows.some(({ problem }) => problem !== undefined) ? exitCodes.failed : exitCodes.ok;
}
