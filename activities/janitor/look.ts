import { leftoverKinds, type Leftover } from '../../core/leftover.ts';
import type { JanitorTally } from '../../messages/janitor.ts';
import { findLeftovers } from '../../store/janitor/leftovers.ts';
import { noteRemovedOnce, removeStored } from '../../store/janitor/remove-leftovers.ts';
import { readReport, type JanitorReport } from '../../store/janitor/reports.ts';
import type { AskTemporal, JanitorDeps } from './janitor-deps.ts';
import { removeStagingFiles, stagingLeftovers } from './staging-files.ts';
import { undeclared, type Undeclared } from './undeclared.ts';

/** All that has stayed behind, in the order of the kinds. Changes nothing. */
export async function findAll(deps: JanitorDeps, temporal: AskTemporal): Promise<Undeclared> {
  const { found, troubles } = await undeclared(deps, temporal);
  const all: readonly Leftover[] = [...(await findLeftovers(deps.pool)), ...(await stagingLeftovers(deps)), ...found];
  return { found: leftoverKinds.flatMap((kind) => all.filter((one) => one.kind === kind)), troubles };
}

/** Removes what nobody needs, and notes it in the report. Returns what could not be removed, in words. Safe to repeat, and to kill. */
export async function removeAll(deps: JanitorDeps, report: number): Promise<readonly string[]> {
  const { pool } = deps;
  const troubles = await removeStored(pool, report);
  const { findings } = await readReport(pool, report);
  const open = findings.filter(({ kind, removed }) => kind === 'staging-file' && removed === 0);
  const gone = await removeStagingFiles(
    deps,
    open.map(({ place }) => place),
  );
  for (const place of gone) await noteRemovedOnce(pool, { report, kind: 'staging-file', place });
  return troubles;
}

export const tallyOf = ({ report, findings, troubles }: JanitorReport): JanitorTally => ({
  report,
  kinds: leftoverKinds.flatMap((kind) => {
    const those = findings.filter((one) => one.kind === kind);
    if (those.length === 0) return [];
    const sum = (of: 'count' | 'removed'): number => those.reduce((total, one) => total + one[of], 0);
    return [{ kind, places: those.length, count: sum('count'), removed: sum('removed') }];
  }),
  troubles,
});
