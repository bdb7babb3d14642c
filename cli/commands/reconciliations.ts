import type { FindingState } from '../../core/reconcile.ts';
import { listReconciliations, readFindings, readReconciliation } from '../../store/reconcile/read-reconciliations.ts';
import { InvalidInput } from '../../core/errors.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { positive } from '../positive.ts';
import {
  boundLines,
  countOf,
  findingColumns,
  findingLines,
  findingRow,
  exitCodeOf,
  labelOf,
  summaryColumns,
  summaryOf,
  whatToDo,
} from '../reconcile-lines.ts';

export async function reconcileList({
  config,
  output,
  options,
  partner,
}: CommandContext<{ limit: string }> & { readonly partner: string | undefined }): Promise<number> {
  const limit = positive('--limit', options.limit);
  const found = await withDatabase(config, (pool) => listReconciliations(pool, { partner, limit }));
  output.json(found);
  if (found.length === 0) output.say('Nothing was reconciled yet: `syncline reconcile PARTNER` does it.');
  else
    output.table(
      found.map((of) => ({
        reconciliation: of.id,
        level: of.level,
        differ: countOf(of, 'open'),
        verdict: of.verdict ?? of.state,
      })),
      ['reconciliation', 'level', 'differ', 'verdict'],
    );
  return exitCodes.ok;
}

export async function reconcileShow({
  config,
  output,
  options,
  id,
}: CommandContext<{ state?: string; limit: string }> & { readonly id: string }): Promise<number> {
  const limit = positive('--limit', options.limit);
  const states = options.state === undefined ? {} : { states: [options.state as FindingState] };
  return withDatabase(config, async (pool) => {
    const of = await readReconciliation(pool, id);
    const each = await readFindings(pool, { id, limit, ...states });
    output.json({ ...of, each });
    output.table([summaryOf(of)], summaryColumns);
    if (of.partnerTotal !== null && of.storeTotal !== null)
      output.say(
        `The partner has ${of.partnerTotal} records, the store ${of.storeTotal}; ${of.requests} requests were made.`,
      );
    if (of.reason !== null) output.say(of.reason);
    if (of.syncedBy !== null) output.say(`Between the two looks ran ${of.syncedBy}.`);
    for (const line of [...boundLines(of), ...findingLines(of)]) output.say(line);
    if (of.findingsRemovedAt !== null)
      output.say(
        `Its findings were removed on ${of.findingsRemovedAt.slice(0, 10)} (docs/retention.md); these are their counts.`,
      );
    if (each.length > 0) output.table(each.map(findingRow), findingColumns);
    for (const line of whatToDo(of)) output.say(line);
    return exitCodeOf([of]);
  });
}

export async function reconcileCancel({
  config,
  output,
  id,
}: CommandContext & { readonly id: string }): Promise<number> {
  // Temporal takes the order for one that has ended, too.
  const { state } = await withDatabase(config, (pool) => readReconciliation(pool, id));
  if (state !== 'running')
    throw new InvalidInput(
      `${id} does not run now, it is ${state}: \`syncline reconcile show ${id}\` says how it ended`,
    );
  await withTemporal(config, async (client) =>
    (await import('../../client/start-reconcile.ts')).cancelReconcile(client, id),
  );
  output.say(`${id} ends after the pages it is at. Started again with --label ${labelOf(id)}, it goes on from there.`);
  output.json({ cancelled: id });
  return exitCodes.ok;
}
