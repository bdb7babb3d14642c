import { cancelWorkflow } from '../../client/control.ts';
import { SECOND } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { endPauses, orderPause } from '../../store/pauses.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { controlTarget, refuseEnded } from '../control-target.ts';
import { exitCodes } from '../exit.ts';
import { whenAtRest } from '../pausing.ts';
import { whoami } from '../person.ts';
import { concernedBy, pausesOf } from './pauses.ts';

/** A page under way is waited for so long; then it is broken off, and fetched again when the run is started again. */
const PAGE_PATIENCE_MS = 30 * SECOND;

/** Its workflows write down how it ended. */
const END_PATIENCE_MS = 30 * SECOND;

/** Stops a run at the end of its pages by pausing it first; should this die in between, the run stays paused. */
export async function runsCancel({
  config,
  output,
  options,
  id,
}: CommandContext<{ stream?: string; now?: boolean }> & { readonly id: string }): Promise<number> {
  return withDatabase(config, (pool) =>
    withTemporal(config, async (client) => {
      const target = await controlTarget(pool, config.names, { id, stream: options.stream });
      refuseEnded(target, 'cancel');
      const by = whoami();
      const concerned = concernedBy(target);
      if (options.now !== true) {
        const reason = 'being cancelled at the end of its page';
        const { scope, id: name, partner } = target;
        await orderPause(pool, { scope, target: name, partner, reason, by, atOnce: false });
        await whenAtRest(pool, concerned, PAGE_PATIENCE_MS);
      }
      const came = await cancelWorkflow(client, target.id, END_PATIENCE_MS);
      await endPauses(pool, { targets: pausesOf(target), by, reason: 'cancelled' });
      if (came === 'absent')
        throw new InvalidInput(
          `Temporal has no run ${target.id} under way: it has not begun yet, or was terminated. \`syncline runs show ${target.run?.runId ?? id}\` tells; \`syncline sync\` starts it again`,
        );
      output.json({ cancelled: target.id, ended: came === 'ended' });
      output.say(
        came === 'ended'
          ? `${target.id} has ended. Start it again to go on from where it stands.`
          : `${target.id} ends. Start it again when it has ended (\`syncline runs show ${target.run?.runId ?? id}\`), to go on from where it stands.`,
      );
      return exitCodes.ok;
    }),
  );
}
