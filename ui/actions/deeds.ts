import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import { showPauses } from '../../client/control.ts';
import { tellGovernor, wakeLooks, wakeStreams } from '../../client/governor.ts';
import { startRetry } from '../../client/start-retry.ts';
import { alertKey, placeWords } from '../../core/alert.ts';
import { matchWords } from '../../core/alert-silence.ts';
import { describeWave, type Approval } from '../../core/approval.ts';
import { DAY, parseDuration } from '../../core/duration.ts';
import { explain, InvalidInput } from '../../core/errors.ts';
import { describePause } from '../../core/person-pause.ts';
import { readAlerts } from '../../store/alerts/alerts.ts';
import { endSilence, readSilences, silenceAlerts } from '../../store/alerts/silences.ts';
import { decideApproval, readApproval } from '../../store/approvals.ts';
import { showRun, type RunSummary } from '../../store/inspect/inspect.ts';
import { isKnownPartner } from '../../store/inspect/partner-standing.ts';
import { openStreamRuns, type OpenStreamRun } from '../../store/ledger/open-runs.ts';
import { openLooks } from '../../store/reconcile/open-looks.ts';
import { pausesByRun } from '../../store/ledger/pauses-by-run.ts';
import { endPauses, orderPause, readPauses } from '../../store/pauses.ts';
import type { Deed, DeedDeps, Wanted } from './deed.ts';
import { duplicateDeeds } from './duplicate-deeds.ts';
import { repair } from './repair-deed.ts';

const MOST_SILENCE_MS = 30 * DAY;

/** What can be done on the pages. Each looks at first whether it can be done at all. */
export const deeds = {
  pause,
  resume,
  retry,
  approve: decides('approved'),
  reject: decides('rejected'),
  silence,
  unsilence,
  repair,
  ...duplicateDeeds,
} as const satisfies Record<string, (deps: DeedDeps, wanted: Wanted) => Promise<Deed>>;

async function pause(deps: DeedDeps, { target, by, reason }: Wanted): Promise<Deed> {
  const { scope, partner } = await placeOf(deps.pool, target, 'pause');
  return {
    partner,
    work: async () => {
      const { pause: held, isNew } = await orderPause(deps.pool, { scope, target, partner, by, reason, atOnce: false });
      return `${isNew ? 'Now' : 'Already'} ${describePause(held)}. ${await told(deps, showAll(deps, partner))}`;
    },
  };
}

async function resume(deps: DeedDeps, { target, by, reason }: Wanted): Promise<Deed> {
  const { scope, partner } = await placeOf(deps.pool, target, 'resume');
  const { pool } = deps;
  return {
    partner,
    work: async () => {
      const streams = (): Promise<readonly OpenStreamRun[]> =>
        openStreamRuns(pool, scope === 'partner' ? { partner } : { partner, runId: target });
      const ofStreams = scope === 'run' ? await streams() : [];
      const targets = [
        { scope, target },
        ...ofStreams.map(({ syncId }) => ({ scope: 'stream' as const, target: syncId })),
      ];
      const ended = await endPauses(pool, { targets, by, reason });
      if (ended.length === 0) return 'It was not paused.';
      // As they are now: until this moment, one more may have come to stand still.
      const woken = (await streams())
        .filter(({ rests, kind }) => !rests || kind === 'paused')
        .map(({ syncId }) => syncId);
      const looks = scope === 'partner' ? await openLooks(pool, partner) : [];
      return `No longer ${ended.map(describePause).join('; ')}. ${await told(deps, async (client) => {
        await wakeStreams(client, woken);
        await wakeLooks(client, looks);
        await showAll(deps, partner)(client);
      })}`;
    },
  };
}

async function retry(deps: DeedDeps, { target, stream }: Wanted): Promise<Deed> {
  const run = await runNamed(deps.pool, target);
  if (run.finishedAt === null) throw new InvalidInput(`${target} has not ended: wait for its end`);
  if (!run.streams.includes(stream)) throw new InvalidInput(`${target} reads no stream ${JSON.stringify(stream)}`);
  const { runId, partner, window, kind } = run;
  return {
    partner,
    work: async () => {
      await deps.temporal((client) => startRetry(client, { names: deps.names, runId, partner, stream, window, kind }));
      return `${stream} of ${runId} is read once more. The run's page shows what comes of it.`;
    },
  };
}

function decides(state: 'approved' | 'rejected'): (deps: DeedDeps, wanted: Wanted) => Promise<Deed> {
  return async (deps, { target, by, reason }) => {
    const id = Number(target);
    if (!Number.isSafeInteger(id) || id < 1)
      throw new InvalidInput(`expected the number of an approval, found ${JSON.stringify(target)}`);
    const asked = await readApproval(deps.pool, id);
    return {
      partner: asked.partner,
      work: async () => {
        try {
          const decided = await decideApproval(deps.pool, { id, state, by, reason });
          return `${state}: ${decided.partner}.${decided.stream}: ${describeWave(decided)}. ${await wakes(deps, asked)}`;
        } catch (error) {
          // A question that is none any more is put anew by the run, at once.
          await wakes(deps, asked);
          throw error;
        }
      },
    };
  };
}

/** Tells the run that waits for an answer, and returns what came of it. */
const wakes = (deps: DeedDeps, { syncId, until }: Approval): Promise<string> =>
  told(
    deps,
    async (client) =>
      (await wakeStreams(client, [syncId])).length > 0
        ? undefined
        : 'The run does not go on now: it does with this answer when it is started again.',
    `the run sees it when it looks by itself, at ${until.slice(0, 16).replace('T', ' ')} UTC at the latest`,
  );

async function silence({ pool }: DeedDeps, { target, for: lasts, by, reason }: Wanted): Promise<Deed> {
  const [alert] = /^\d{1,15}$/.test(target) ? await readAlerts(pool, [Number(target)]) : [];
  if (alert === undefined || alert.resolvedAt !== null)
    throw new InvalidInput(`there is no open alert ${JSON.stringify(target)}`);
  const ms = parseDuration(lasts) ?? 0;
  if (ms <= 0 || ms > MOST_SILENCE_MS) throw new InvalidInput('a silence lasts up to 30 days');
  const until = new Date(Date.now() + ms).toISOString();
  return {
    partner: alert.partner ?? '',
    work: async () => {
      await silenceAlerts(pool, { match: { key: alertKey(alert) }, reason, until, by });
      return `Nobody is told of ${alert.rule} of ${placeWords(alert)} before ${until.slice(0, 16).replace('T', ' ')} UTC.`;
    },
  };
}

/** Ends a silence before its time. */
async function unsilence({ pool }: DeedDeps, { target, by }: Wanted): Promise<Deed> {
  const found = (await readSilences(pool)).find(({ id }) => String(id) === target);
  if (found === undefined) throw new InvalidInput(`there is no silence ${JSON.stringify(target)} that holds`);
  return {
    partner: found.match.partner ?? '',
    work: async () => {
      await endSilence(pool, { id: found.id, by });
      return `People are told again of ${matchWords(found.match)}.`;
    },
  };
}

/** A partner that the store knows, or one of its runs. */
async function placeOf(
  pool: Pool,
  target: string,
  verb: string,
): Promise<{ readonly scope: 'partner' | 'run'; readonly partner: string }> {
  if (!target.includes('/')) {
    if (!(await isKnownPartner(pool, target))) throw new InvalidInput(`there is no partner ${JSON.stringify(target)}`);
    return { scope: 'partner', partner: target };
  }
  const run = await runNamed(pool, target);
  if (run.finishedAt !== null) throw new InvalidInput(`${target} has ended: there is nothing to ${verb}`);
  return { scope: 'run', partner: run.partner };
}

async function runNamed(pool: Pool, id: string): Promise<RunSummary> {
  const { run } = await showRun(pool, id);
  if (run === null) throw new InvalidInput(`${id} is the run of one stream: name the run of its partner, which has it`);
  return run;
}

const showAll =
  ({ pool, names }: DeedDeps, partner: string) =>
  async (client: Client): Promise<void> => {
    await showPauses(client, await pausesByRun(pool, partner, await readPauses(pool, partner)));
    await tellGovernor(client, { names, partner, signal: 'refresh', news: null });
  };

/** The database holds what was done, whatever becomes of this. */
async function told(
  { temporal }: DeedDeps,
  work: (client: Client) => Promise<string | void>,
  otherwise = 'runs see it by themselves within 10 minutes',
): Promise<string> {
  try {
    return (await temporal(work)) ?? 'Runs were told.';
  } catch (error) {
    return `Temporal could not be reached (${explain(error)}): ${otherwise}.`;
  }
}
