import { explain } from '../../core/errors.ts';
import type { CallLog } from '../../core/call.ts';
import type { Failpoint } from '../../core/failpoint.ts';
import type { Metrics } from '../../core/metrics.ts';
import type { Spans } from '../../core/spans.ts';
import { readingOf } from '../../core/reading.ts';
import type { Warehouse } from '../../landing/warehouse.ts';
import type { StreamJob } from '../../messages/grant.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { PartnerAccess } from '../access.ts';
import { callsBy } from './calls-by.ts';
import { permittedBy } from './permitted-by.ts';
import { positionOf } from './position-of.ts';
import type { PullContext } from './pull-deps.ts';
import { sendOne } from './send-one.ts';
import { sentPosition } from './sent-position.ts';

export interface AbandonDeps {
  readonly access: PartnerAccess;
  readonly warehouse: Warehouse;
  readonly failpoint: Failpoint;
  readonly metrics?: Metrics;
  readonly calls?: CallLog;
  readonly spans?: Spans;
  readonly now: () => number;
  readonly warn: (message: string) => void;
}

/**
 * A run was cancelled: what was begun for it at the partner, and would go on for nobody, is ended. A request for each open partition,
 * tried once; what cannot be ended is said and left to the partner.
 */
export async function abandonStream(
  deps: AbandonDeps,
  input: StreamJob,
  { signal, writer }: Pick<PullContext, 'signal' | 'writer'>,
): Promise<number> {
  const { access, warehouse } = deps;
  const { stream } = access;
  const { abandon } = sourceOf(stream);
  if (abandon === undefined) return 0;
  const opened = await warehouse.openStream({ ...input, stream, windowLabel: input.window });
  if (opened.report.state === 'done' || opened.checkpoint.done) return 0;
  const run = { stream, syncId: input.syncId, window: input.window, range: opened.range };
  let requests = 0;
  let ended = 0;
  const { calls: log, ...rest } = deps;
  const calls = callsBy(log, { ...writer, syncId: input.syncId, runId: input.runId });
  const fetching = {
    ...rest,
    ...access,
    ...calls,
    signal,
    throttledBackoffMs: () => 0,
    onRequest: () => (requests += 1),
  };
  const permitted = permittedBy(fetching, stream);
  for (const part of readingOf(opened.checkpoint).open) {
    try {
      const position = await sentPosition(positionOf(run, part), access.authorizer, permitted);
      const request = abandon(position);
      if (request === undefined) continue;
      const asked = { stream, position, pageNo: 0, known: null, beyond: false, resumed: true, restarts: 0 };
      const { verdict } = await sendOne(fetching, request, { ...asked, permitted });
      if (verdict.action === 'ok') ended += 1;
      else deps.warn(`${input.syncId}: what was begun at the partner could not be ended: ${verdict.message}`);
    } catch (error) {
      deps.warn(`${input.syncId}: what was begun at the partner could not be ended: ${explain(error)}`);
    }
  }
  if (requests > 0) await warehouse.bookRequests(opened.run, { requests, unsure: [], writer });
  return ended;
}
