import { startRepair } from '../../client/start-reconcile.ts';
import { InvalidInput } from '../../core/errors.ts';
import { findingKinds, openOf, repairWords } from '../../core/reconcile.ts';
import { expectRepair } from '../../definitions/expect-repair.ts';
import { readReconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { counted } from '../parts/numbers.ts';
import { reconciliationPath } from '../parts/links.ts';
import type { Deed, DeedDeps, Wanted } from './deed.ts';

/** Repairs what a reconciliation found, of the kinds that are chosen. The command line does the same by the same functions. */
export async function repair(deps: DeedDeps, { target: id, field, by }: Wanted): Promise<Deed> {
  const { pool, names, partnersDir, temporal } = deps;
  const kinds = findingKinds.filter((kind) => field(`kind-${kind}`) === 'yes');
  if (kinds.length === 0) throw new InvalidInput('choose at least one kind of findings to repair');
  const of = await readReconciliation(pool, id);
  // The page has no secrets and needs none: of the definition only its shape counts here.
  await expectRepair(of, kinds, { dir: partnersDir, env: {}, names });
  const open = openOf(of.findings, kinds);
  if (open === 0) throw new InvalidInput(`nothing of these kinds is open in ${id}`);
  const { partner, stream } = of;
  const page = reconciliationPath(id);
  return {
    partner,
    target: `${id}: ${kinds.join(', ')}`,
    page,
    confirm: {
      title: `Repair ${partner} / ${stream}?`,
      says: `${counted(open, 'finding is', 'findings are')} repaired (${kinds.join(', ')}): ${repairWords(kinds)}.`,
      does: kinds.includes('extra')
        ? `Repair ${counted(open, 'finding')}, and delete`
        : `Repair ${counted(open, 'finding')}`,
      back: page,
    },
    work: async () => {
      const input = { partner, stream, reconciliation: id, kinds, by };
      const { repairId } = await temporal((client) => startRepair(client, names, input));
      return `Repair ${repairId} has begun. This page shows what comes of it.`;
    },
  };
}
