import { Context, getClient, log } from '@temporalio/activity';
import { SECOND } from '../core/duration.ts';
import { PartnerDown, WarehouseUnavailable } from '../core/errors.ts';
import type { GrantInput, GrantResult, StreamJob } from '../messages/grant.ts';
import type { HintsRound } from '../messages/follow-hints.ts';
import type { AskKeysInput, AskedKeys } from '../messages/reconcile.ts';
import { tellTargets } from './apply/tell-targets.ts';
import { toFailure, type RetryRules } from './failures.ts';
import { abandonStream } from './pull/abandon-stream.ts';
import { fetchHints } from './pull/fetch-hints.ts';
import { pullStream } from './pull/pull-stream.ts';
import { askKeysOf } from './reconcile/ask-keys.ts';
import { readingDeps } from './reconcile/listing-deps.ts';
import { defaultRules, translated, translatedAlive } from './translated.ts';
import type { ActivityDeps } from './activity-deps.ts';
import { targetRules, tellingOf } from './apply/telling.ts';

/** Activities of a partner's queue: the only ones that call the partner. */
export function createPartnerActivities(deps: ActivityDeps) {
  return {
    pullStream: async (input: GrantInput): Promise<GrantResult> => {
      const context = Context.current();
      const { info } = context;
      let beat: GrantBeat = { page: 0, rows: 0, ...failuresSoFar(info.heartbeatDetails) };
      const heartbeat = (next: Partial<GrantBeat>): void => {
        beat = { ...beat, ...next };
        context.heartbeat(beat);
      };
      // Waiting for a slow answer is no sign of death.
      const alive = setInterval(() => heartbeat({}), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      const reads = input.kind === 'reconcile';
      let grown = false;
      /** Streams whose logs the pages may have made grow, too: what waited there is released, or is gone. */
      let others: readonly string[] = [];
      try {
        const access = await deps.partners.access(input.partner, input.stream);
        const { relations, definition } = access.stream;
        others = [
          ...(relations?.dependents ?? []),
          ...(definition.deletes?.of === undefined ? [] : [definition.deletes.of]),
          ...(relations?.needs ?? []).flatMap(({ stream, fetch }) =>
            fetch === undefined ? [] : [stream, ...(relations?.stream(stream).relations?.dependents ?? [])],
          ),
        ];
        const result = await pullStream(
          {
            ...deps,
            ...(await readingDeps(deps, access, input)),
            accessOf: (stream) => deps.partners.access(input.partner, stream),
          },
          input,
          {
            signal: context.cancellationSignal,
            writer: { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt },
            askedAtMs: info.currentAttemptScheduledTimestampMs,
            heartbeat: (progress) => {
              grown = true;
              heartbeat({ ...progress, ...noFailures });
            },
          },
        );
        // The end of a complete listing is a part of the log, too.
        grown ||= result.state === 'done';
        return result;
      } catch (error) {
        // Cancelled, or the worker is leaving: Temporal decides which, and gives the grant to somebody else if need be.
        if (context.cancellationSignal.aborted) await context.cancelled;
        const nowMs = deps.now();
        // That our own database is away says nothing of the partner.
        if (!(error instanceof WarehouseUnavailable))
          heartbeat({
            failures: beat.failures + (error instanceof PartnerDown ? 0 : 1),
            failingSinceMs: beat.failingSinceMs ?? nowMs,
          });
        throw toFailure(error, {
          attempt: Math.max(1, beat.failures),
          failingForMs: nowMs - (beat.failingSinceMs ?? nowMs),
          retry: await retryRules(deps, input),
          nowMs,
          random: deps.random(),
        });
      } finally {
        if (grown && !reads)
          for (const stream of new Set([input.stream, ...others]))
            await tellTargets(getClient, tellingOf(deps), { partner: input.partner, stream });
        clearInterval(alive);
      }
    },
    /** One round: fetches records that webhooks have named. */
    fetchHints: async ({ partner }: { readonly partner: string }): Promise<HintsRound> => {
      const context = Context.current();
      const { info } = context;
      const alive = setInterval(() => context.heartbeat(), Math.min(5 * SECOND, deps.heartbeatTimeoutMs / 4));
      const written = new Set<string>();
      try {
        return await fetchHints(deps, partner, {
          signal: context.cancellationSignal,
          writer: { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt },
          heartbeat: () => context.heartbeat(),
          onWritten: ({ name, relations }) => {
            for (const stream of [name, ...(relations?.dependents ?? [])]) written.add(stream);
          },
        });
      } catch (error) {
        if (context.cancellationSignal.aborted) await context.cancelled;
        const nowMs = deps.now();
        throw toFailure(error, {
          attempt: info.attempt,
          failingForMs: 0,
          retry: targetRules,
          nowMs,
          random: deps.random(),
        });
      } finally {
        for (const stream of written) await tellTargets(getClient, tellingOf(deps), { partner, stream });
        clearInterval(alive);
      }
    },
    /** One grant of a reconciliation that asks for records one by one. */
    askKeys: (input: AskKeysInput): Promise<AskedKeys> => translatedAlive(deps, () => askKeysOf(deps, input)),
    /** A run was cancelled while the partner was at work for it. */
    abandonStream: (input: StreamJob): Promise<number> =>
      translated(deps, async () => {
        const access = await deps.partners.access(input.partner, input.stream);
        const { cancellationSignal: signal, info } = Context.current();
        const writer = { workflowRunId: info.workflowExecution?.runId ?? '', attempt: info.attempt };
        return abandonStream({ ...deps, access, warn }, input, { signal, writer });
      }),
  };
}

export type PartnerActivities = ReturnType<typeof createPartnerActivities>;

const warn = (message: string): void => log.warn(message);

interface Failures {
  /** In a row. Temporal's own count of attempts also holds the ends of workers, which are no fault of the partner. */
  readonly failures: number;
  /** Epoch ms of the first of them. */
  readonly failingSinceMs: number | null;
}

const noFailures: Failures = { failures: 0, failingSinceMs: null };

interface GrantBeat extends Failures {
  readonly page: number;
  readonly rows: number;
}

/** What the last attempt left of itself with its heartbeat. */
function failuresSoFar(details: unknown): Failures {
  if (typeof details !== 'object' || details === null || !('failures' in details)) return noFailures;
  const { failures, failingSinceMs } = details as Failures;
  return { failures, failingSinceMs: failingSinceMs ?? null };
}

async function retryRules(deps: ActivityDeps, input: GrantInput): Promise<RetryRules> {
  try {
    return (await deps.partners.access(input.partner, input.stream)).stream.partner.retry;
  } catch {
    return defaultRules;
  }
}
