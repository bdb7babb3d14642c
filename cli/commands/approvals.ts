import { describeWave, type Approval } from '../../core/approval.ts';
import { explain } from '../../core/errors.ts';
import { visible } from '../../core/visible.ts';
import { decideApproval, readApproval, readApprovals } from '../../store/approvals.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { exitCodes } from '../exit.ts';
import { givenReason, whoami } from '../person.ts';
import { positive } from '../positive.ts';

interface ListContext extends CommandContext<{ readonly all?: boolean }> {
  readonly partner: string | undefined;
}

export async function approvalsList({ config, output, options, partner }: ListContext): Promise<number> {
  const all = options.all === true;
  const found = await withDatabase(config, (pool) => readApprovals(pool, { partner, all }));
  output.json(found);
  if (found.length === 0) output.say(all ? 'Nothing was ever held.' : 'Nothing waits for approval.');
  else
    output.table(
      found.map((approval) => ({
        ...approval,
        id: String(approval.id),
        stream: `${approval.partner}.${approval.stream}`,
        gone: `${approval.gone} of ${approval.of}`,
        asked: minute(approval.askedAt),
        until: minute(approval.until),
        by: approval.decidedBy,
      })),
      ['id', 'stream', 'kind', 'gone', 'state', 'asked', 'until', ...(all ? ['by', 'reason'] : [])],
    );
  return exitCodes.ok;
}

type OneContext<O = object> = CommandContext<O> & { readonly id: string };

export async function approvalsShow({ config, output, id }: OneContext): Promise<number> {
  const found = await withDatabase(config, (pool) => readApproval(pool, positive('ID', id)));
  output.json(found);
  for (const line of linesOf(found)) output.say(line);
  return exitCodes.ok;
}

function linesOf(approval: Approval): string[] {
  const { id, partner, stream, syncId, examples, state, askedAt, until, decidedBy, decidedAt, reason } = approval;
  const answer =
    state === 'waiting'
      ? [
          `The run waits until ${minute(until)}: \`syncline approvals approve ${id} --reason …\` deletes them, \`syncline approvals reject ${id} --reason …\` keeps them.`,
        ]
      : [
          decidedBy === null
            ? `${state}: nobody has answered it.`
            : `${state} by ${decidedBy} at ${minute(decidedAt ?? askedAt)}: ${reason}`,
        ];
  return [
    `${partner}.${stream}: ${describeWave(approval)}`,
    ...(examples.length === 0 ? [] : [`  for example ${examples.map(visible).join('; ')}`]),
    `  asked at ${minute(askedAt)} by run ${syncId}`,
    ...answer,
  ];
}

interface DecideContext extends OneContext<{ readonly reason: string }> {
  readonly answer: 'approve' | 'reject';
}

/** The database holds the answer; the run that waits is told of it, and otherwise sees it when it looks by itself. */
export async function approvalsDecide({ config, output, options, id, answer }: DecideContext): Promise<number> {
  const reason = givenReason(options.reason);
  const number = positive('ID', id);
  const state = answer === 'approve' ? 'approved' : 'rejected';
  const decided = await withDatabase(config, async (pool) => {
    const { syncId } = await readApproval(pool, number);
    // A question that is none any more is put anew by the run, at once.
    const wake = (): Promise<{ readonly woken: boolean; readonly trouble: string | null }> =>
      withTemporal(config, async (client) =>
        (await import('../../client/governor.ts')).wakeStreams(client, [syncId]),
      ).then(
        (told) => ({ woken: told.length > 0, trouble: null }),
        (error: unknown) => ({ woken: false, trouble: explain(error) }),
      );
    try {
      const approval = await decideApproval(pool, { id: number, state, by: whoami(), reason });
      return { approval, ...(await wake()) };
    } catch (error) {
      await wake();
      throw error;
    }
  });
  output.json(decided);
  output.say(`${state}: ${decided.approval.partner}.${decided.approval.stream}: ${describeWave(decided.approval)}`);
  if (decided.woken) output.say(`Asked to go on now: ${decided.approval.syncId}`);
  else if (decided.trouble === null)
    output.say(`${decided.approval.syncId} does not run now: it goes on with this answer when it is started again.`);
  else
    output.say(
      `Temporal could not be reached (${decided.trouble}): the run sees it when it looks by itself, at ${minute(decided.approval.until)} at the latest.`,
    );
  return exitCodes.ok;
}

const minute = (at: string): string => `${at.slice(0, 16).replace('T', ' ')} UTC`;
