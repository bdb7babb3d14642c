import { startRepair } from '../../client/start-reconcile.ts';
import { InvalidInput } from '../../core/errors.ts';
import { findingKinds, kindsNamed, openOf, repairWords, type FindingKind } from '../../core/reconcile.ts';
import { expectRepair } from '../../definitions/expect-repair.ts';
import { waitingApproval } from '../../store/approvals.ts';
import { readFindings, readReconciliation } from '../../store/reconcile/read-reconciliations.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { whoami } from '../person.ts';
import { findingColumns, findingRow } from '../reconcile-lines.ts';
import { leaveRunning, untilInterrupted } from '../until-interrupted.ts';
import { setTimeout as wait } from 'node:timers/promises';
import { SECOND } from '../../core/duration.ts';
import { tracedTemporal } from '../traced-temporal.ts';

export interface RepairOptions {
  readonly kinds: string;
  readonly yes?: boolean;
}

type Context = CommandContext<RepairOptions> & { readonly id: string };

const SHOWN = 50;

/** Without --yes it says what would be done. */
export async function reconcileRepair(context: Context): Promise<number> {
  const { config, output, options, id } = context;
  const kinds = kindsOf(options.kinds);
  return withDatabase(config, async (pool) => {
    const of = await readReconciliation(pool, id);
    await expectRepair(of, kinds, { dir: config.partnersDir, env: config.env, names: config.names });
    const count = openOf(of.findings, kinds);
    if (options.yes !== true) {
      const each = (await readFindings(pool, { id, states: ['open'], limit: 10_000 })).filter(({ kind }) =>
        kinds.includes(kind),
      );
      output.json({ id, kinds, applied: false, findings: each });
      if (each.length > 0) output.table(each.slice(0, SHOWN).map(findingRow), findingColumns);
      output.say(
        count === 0
          ? `Nothing of these kinds is open in ${id}.`
          : `${count} findings would be repaired: ${repairWords(kinds)}. Nothing was changed: --yes does it.`,
      );
      return exitCodes.ok;
    }
    if (count === 0) {
      output.json({ id, kinds, applied: true, repaired: 0, left: 0 });
      output.say(`Nothing of these kinds is open in ${id}.`);
      return exitCodes.ok;
    }
    const { partner, stream } = of;
    const facts = { partner, stream };
    return tracedTemporal({ config, output }, { name: 'reconcile repair', facts }, async (client) => {
      const { repairId, handle } = await startRepair(client, config.names, {
        partner,
        stream,
        reconciliation: id,
        kinds,
        by: whoami(),
      });
      output.say(`Repair ${repairId}`);
      const interrupted = untilInterrupted();
      const held = untilHeld(() => waitingApproval(pool, `${repairId}/run`));
      const done = await Promise.race([handle.result(), interrupted.signal, held.signal]).finally(() => {
        interrupted.forget();
        held.forget();
      });
      if (done === 'interrupted') return leaveRunning({ output }, repairId, { group: 'reconcile' });
      if (typeof done === 'number') {
        output.json({ id, kinds, repair: repairId, approval: done });
        output.say(`It would delete so much that a person has to look at it first: syncline approvals show ${done}`);
        return exitCodes.deferred;
      }
      output.json({ id, kinds, applied: true, ...done });
      output.say(`${done.repaired} repaired, ${done.left} still open.`);
      return done.left === 0 ? exitCodes.ok : exitCodes.partial;
    });
  });
}

function kindsOf(text: string): readonly FindingKind[] {
  const kinds = kindsNamed(text.split(',').map((kind) => kind.trim()));
  if (kinds !== undefined) return kinds;
  throw new InvalidInput(`--kinds: expected some of ${findingKinds.join(', ')}, found ${JSON.stringify(text)}`);
}

/** The number of the question that a person has to answer, as soon as there is one. */
function untilHeld(look: () => Promise<number | undefined>): {
  readonly signal: Promise<number>;
  readonly forget: () => void;
} {
  let over = false;
  const signal = (async (): Promise<number> => {
    for (;;) {
      const found = over ? undefined : await look().catch(() => undefined);
      if (found !== undefined) return found;
      if (over) return new Promise(() => {});
      await wait(SECOND / 2, undefined, { ref: false });
    }
  })();
  return { signal, forget: () => (over = true) };
}
