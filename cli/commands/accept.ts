import { compileStream } from '../../definitions/compile.ts';
import { loadPartner } from '../../definitions/load.ts';
import { acceptCount } from '../../store/ledger/accept-count.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { controlTarget } from '../control-target.ts';
import { exitCodes } from '../exit.ts';
import { givenReason, whoami } from '../person.ts';

interface AcceptContext extends CommandContext<{ readonly stream: string; readonly reason: string }> {
  readonly id: string;
}

/** Takes the records of a suspect run for all there are. */
export async function runsAccept({ config, output, options, id }: AcceptContext): Promise<number> {
  const reason = givenReason(options.reason);
  const [accepted, run] = await withDatabase(config, async (pool) => {
    const target = await controlTarget(pool, config.names, { id, stream: options.stream });
    const partner = await loadPartner(target.partner, { dir: config.partnersDir, env: config.env });
    const stream = compileStream(partner, options.stream, config.names);
    return [await acceptCount(pool, { syncId: target.id, stream, by: whoami(), reason }), target.run] as const;
  });
  output.json(accepted);
  const { partner, stream, fetched, before } = accepted;
  const again =
    run === null
      ? `\`syncline sync ${partner} ${stream} --force\``
      : `\`syncline runs retry ${run.runId} --stream ${stream}\``;
  output.say(`${partner}.${stream}: ${fetched} records are taken for right now; there were ${before} before.`);
  output.say(`This run stays as it ended. The next one is compared with it: ${again} reads the stream now.`);
  return exitCodes.ok;
}
