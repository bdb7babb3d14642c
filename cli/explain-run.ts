import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { missingPollers } from '../client/missing-pollers.ts';
import { readQueueRate, viewOfQueue } from '../client/queue-rate.ts';
import { workflowFacts } from '../client/workflow-facts.ts';
import { explain } from '../core/errors.ts';
import { explainStream, withoutWorkflows, type ExplainedStream, type WorkflowFacts } from '../core/explain-wait.ts';
import type { LimitsView, QueueView } from '../core/limits-view.ts';
import type { Names } from '../messages/names.ts';
import { pauseOn, type PersonPause } from '../core/person-pause.ts';
import type { Partner } from '../definitions/definition.ts';
import { loadPartner } from '../definitions/load.ts';
import { readLimits } from '../limits/watch/usage.ts';
import { showRun, type RunSummary, type StreamDetail } from '../store/inspect/inspect.ts';
import { readPauses } from '../store/pauses.ts';
import type { CommandContext } from './command.ts';
import { withTemporal } from './context.ts';

export interface StreamExplained extends ExplainedStream {
  readonly stream: string;
}

/** Why each stream that has not ended does not go on. Temporal and the definition are asked too, but not needed. */
export async function explainRun(
  context: Pick<CommandContext, 'config'>,
  pool: Pool,
  of: { readonly run: RunSummary | null; readonly streams: readonly StreamDetail[] },
): Promise<{ readonly streams: readonly StreamExplained[]; readonly trouble: string | null }> {
  const open = await openParts(pool, { names: context.config.names, ...of });
  const partner = of.run?.partner ?? of.streams[0]?.partner;
  if (open.length === 0 || partner === undefined) return { streams: [], trouble: null };
  const [definition, pauses] = await Promise.all([
    loadPartner(partner, { dir: context.config.partnersDir, env: context.config.env }).catch(() => undefined),
    readPauses(pool, partner),
  ]);
  const [limits, temporal] = await Promise.all([
    definition === undefined ? null : readLimits(pool, definition),
    withTemporal(context.config, (client) =>
      askTemporal(client, { names: context.config.names, partner, parts: open }),
    ).catch(explain),
  ]);
  const known = typeof temporal === 'string' ? nothing : temporal;
  const ended = new Set(of.streams.filter(({ state }) => state !== 'running').map(({ stream }) => stream));
  return {
    streams: open.map((part) =>
      explained(part, {
        names: context.config.names,
        partner,
        definition,
        pauses,
        limits,
        ended,
        ...known,
        run: of.run,
      }),
    ),
    trouble: typeof temporal === 'string' ? temporal : null,
  };
}

interface Part {
  readonly stream: string;
  readonly syncId: string;
  readonly row: StreamDetail | undefined;
  readonly elsewhere: string | null;
}

/** The streams of a run that have not ended, begun or not. */
async function openParts(
  pool: Pool,
  { names, run, streams }: { readonly names: Names } & Parameters<typeof explainRun>[2],
): Promise<readonly Part[]> {
  if (run !== null && run.finishedAt !== null) return [];
  const rows = streams.filter(({ state }) => state === 'running');
  const begun = rows.map((row): Part => ({ stream: row.stream, syncId: row.syncId, row, elsewhere: null }));
  if (run === null) return begun;
  const { partner, window, generation } = run;
  const missing = run.streams.filter((stream) => !streams.some((row) => row.stream === stream));
  const others = await Promise.all(
    missing.map(async (stream): Promise<Part> => {
      const syncId = names.streamSyncId({ partner, stream, window, generation });
      const found = await showRun(pool, syncId).catch(() => ({ streams: [] as readonly StreamDetail[] }));
      return { stream, syncId, row: undefined, elsewhere: found.streams[0]?.runId ?? null };
    }),
  );
  return [...begun, ...others];
}

interface FromTemporal {
  readonly workflows: ReadonlyMap<string, WorkflowFacts>;
  readonly withoutWorker: readonly string[];
  readonly queue: QueueView | null;
}
const nothing: FromTemporal = { workflows: new Map(), withoutWorker: [], queue: null };

async function askTemporal(
  client: Client,
  { names, partner, parts }: { readonly names: Names; readonly partner: string; readonly parts: readonly Part[] },
): Promise<FromTemporal> {
  const { workflowService } = client;
  const { namespace } = client.options;
  return client.withDeadline(Date.now() + 10_000, async () => {
    const [workflows, withoutWorker, queue] = await Promise.all([
      Promise.all(parts.map(async ({ syncId }) => [syncId, await workflowFacts(client, syncId)] as const)),
      missingPollers(client, names, [partner]),
      // Servers before 1.29 cannot tell.
      readQueueRate({ workflowService, namespace, taskQueue: names.partnerQueue(partner) }).then(
        viewOfQueue,
        () => null,
      ),
    ]);
    return { workflows: new Map(workflows), withoutWorker, queue };
  });
}

function explained(
  { stream, syncId, row, elsewhere }: Part,
  known: Omit<FromTemporal, 'workflows'> & {
    readonly workflows: ReadonlyMap<string, WorkflowFacts>;
    readonly names: Names;
    readonly partner: string;
    readonly definition: Partner | undefined;
    readonly pauses: readonly PersonPause[];
    readonly limits: LimitsView | null;
    readonly ended: ReadonlySet<string>;
    readonly run: RunSummary | null;
  },
): StreamExplained {
  const { names, partner, definition, pauses, limits, ended, workflows, withoutWorker, queue, run } = known;
  const runId = run?.runId ?? row?.runId ?? null;
  const own = definition?.streams[stream];
  const parent = own?.parent?.stream ?? own?.deletes?.of;
  const needs = parent !== undefined && run?.streams.includes(parent) === true && !ended.has(parent);
  return {
    stream,
    ...explainStream({
      names,
      partner,
      stream,
      runId,
      pages: row?.pages ?? 0,
      pause: pauseOn(pauses, { partner, runId, syncId }),
      begun: row !== undefined,
      after: needs ? parent : null,
      elsewhere,
      deferred:
        row?.deferredUntil == null
          ? null
          : { until: row.deferredUntil, cause: row.deferredCause, kind: row.deferredKind },
      workflow: workflows.get(syncId) ?? null,
      withoutWorker,
      limits,
      queue,
      nowMs: Date.now(),
    }),
  };
}

/** A run that Temporal has and no worker has written into the ledger yet; undefined: Temporal has none that goes on. */
export async function explainUnknown(
  { config }: Pick<CommandContext, 'config'>,
  id: string,
): Promise<ExplainedStream | undefined> {
  return withTemporal(config, async (client) => {
    const workflow = await workflowFacts(client, id);
    if (workflow.state !== 'running') return undefined;
    const withoutWorker = await missingPollers(client, config.names, []);
    return (
      withoutWorkflows({ names: config.names, withoutWorker }) ?? {
        waitsFor: 'work',
        says: 'is about to begin',
        until: null,
        todo: null,
      }
    );
  });
}
