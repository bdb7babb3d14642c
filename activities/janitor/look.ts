import { hostname } from 'node:os';
import { leftoverKinds, type JanitorMode, type Leftover } from '../../core/leftover.ts';
import type { JanitorTally } from '../../messages/janitor.ts';
import { findLeftovers } from '../../store/janitor/leftovers.ts';
import { leaveOutFiles, noteRemovedOnce, removeStored } from '../../store/janitor/remove-leftovers.ts';
import { readReport, type JanitorReport } from '../../store/janitor/reports.ts';
import type { AskTemporal, JanitorDeps } from './janitor-deps.ts';
import { notedStaging } from '../../store/janitor/staging-notes.ts';
import { placeOfFile, removeStagingFiles, stagingLeftovers } from './staging-files.ts';
import { undeclared, type Undeclared } from './undeclared.ts';

/** All that has stayed behind, in the order of the kinds. Changes nothing. `apply`: also what workers of other machines have removed and no report has said yet. */
export async function findAll(
  deps: JanitorDeps,
  temporal: AskTemporal,
  { mode = 'report' }: { readonly mode?: JanitorMode } = {},
): Promise<Undeclared> {
  const { found, troubles } = await undeclared(deps, temporal);
  const here = await stagingLeftovers(deps);
  const all: readonly Leftover[] = [
    ...(await findLeftovers(deps.pool)),
    ...here,
    ...(await notedByWorkers(deps, here, mode)),
    ...found,
  ];
  return { found: leftoverKinds.flatMap((kind) => all.filter((one) => one.kind === kind)), troubles };
}

async function notedByWorkers(
  { pool }: Pick<JanitorDeps, 'pool'>,
  here: readonly Leftover[],
  mode: JanitorMode,
): Promise<readonly Leftover[]> {
  const seen = new Set(here.map(({ place }) => place));
  return (await notedStaging(pool)).flatMap(({ host, path, since, removed }): Leftover[] => {
    const place = placeOfFile(path, host);
    // What is on this machine is seen here.
    if (removed ? mode === 'report' : seen.has(place) || host === hostname()) return [];
    return [{ kind: 'staging-file', place, count: 1, since }];
  });
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
  const elsewhere = (await notedStaging(pool)).flatMap(({ host, path, removed }) =>
    removed ? [placeOfFile(path, host)] : [],
  );
  const named = new Set(open.map(({ place }) => place));
  const places = [...new Set([...gone, ...elsewhere.filter((each) => named.has(each))])];
  for (const place of places) await noteRemovedOnce(pool, { report, kind: 'staging-file', place });
  await leaveOutFiles(pool, report, places);
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
