import type { ClientBase } from 'pg';
import { keyParts } from '../core/key-text.ts';
import type { StreamRun } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { brokenOf, lookAtAll, noteChecked, openPlaces } from '../store/rules/broken-rules.ts';
import { hasColumns } from '../targets/postgres/present.ts';
import { judgeRule } from './judge-rules.ts';
import type { LockedStream } from './related-locks.ts';

/**
 * Which rules do not hold at the end of a run. All of the table is looked at where more than commits have changed it, or the rules have; otherwise only
 * what was broken before, since a needed record that limited it may be gone.
 */
export async function brokenRules(
  client: ClientBase,
  {
    stream,
    run: { streamId, runNo },
    checked,
    swept,
  }: {
    readonly stream: CompiledStream;
    readonly run: Pick<StreamRun, 'streamId' | 'runNo'>;
    /** By which rules all of the table was looked at. */
    readonly checked: string | null;
    /** Rows that the end of the run took out. */
    readonly swept: number;
  },
): Promise<readonly { readonly rule: string; readonly places: number }[]> {
  const { rules } = stream;
  if (rules === undefined) {
    if (checked !== null) await noteChecked(client, { streamId, stamp: null, rules: [] });
    return [];
  }
  const isWhole = checked !== rules.stamp || swept > 0;
  for (const rule of rules.rules) {
    const places = async (): Promise<readonly (readonly string[])[]> =>
      (await openPlaces(client, { streamId, rule: rule.name })).map((of) => keyParts(of, rule.per.length));
    await judgeRule(client, rule, { stream, streamId, runNo, ...(isWhole ? {} : { places: await places() }) });
  }
  if (isWhole) await noteChecked(client, { streamId, stamp: rules.stamp, rules: rules.rules.map(({ name }) => name) });
  return brokenOf(client, streamId);
}

/** More than a commit has changed the tables of these streams: all of them is looked at. A table that has to be made fit first waits for the next run. */
export async function judgeAnew(client: ClientBase, locked: Iterable<LockedStream>): Promise<void> {
  for (const { stream, streamId, isFitted } of locked) {
    const { rules } = stream;
    if (rules === undefined) continue;
    const columns = rules.rules.flatMap(({ per, sum }) => [...per, ...(sum === undefined ? [] : [sum])]);
    if (!isFitted || !(await hasColumns(client, { stream, columns: [...new Set(columns)] }))) {
      await lookAtAll(client, streamId);
      continue;
    }
    for (const rule of rules.rules) await judgeRule(client, rule, { stream, streamId, runNo: null });
    await noteChecked(client, { streamId, stamp: rules.stamp, rules: rules.rules.map(({ name }) => name) });
  }
}
