import type { Client } from '@temporalio/client';
import { tellTarget } from '../../client/tell-target.ts';
import type { ApplyTargetTimes } from '../../messages/apply-target.ts';
import type { Names } from '../../messages/names.ts';
import { isHistory } from '../../core/table-name.ts';
import { tablesOf } from '../../definitions/named-targets.ts';
import type { TargetsAccess } from './targets-access.ts';

export interface TellTargets {
  readonly names: Names;
  readonly targets: Pick<TargetsAccess, 'of'>;
  readonly times?: Partial<ApplyTargetTimes>;
}

/**
 * Tells all targets of a stream, or of one of its tables, that its log has grown. Who cannot be told now hears of the next commit, or is found behind by the
 * worker of the target.
 */
export async function tellTargets(
  client: () => Client,
  { names, targets, times }: TellTargets,
  { partner, stream }: { readonly partner: string; readonly stream: string },
): Promise<void> {
  await Promise.allSettled(
    (isHistory(stream) ? [stream] : tablesOf(stream)).map(async (table) => {
      const wanted = await targets.of(partner, table).catch(() => []);
      await Promise.allSettled(
        wanted.map(async (target) =>
          tellTarget(client(), { names, target, partner, stream: table, ...(times === undefined ? {} : { times }) }),
        ),
      );
    }),
  );
}
