import { formatDuration } from './duration.ts';
import type { LimitsView, QueueView } from './limits-view.ts';
import { describePause, resumeCommand, type PersonPause } from './person-pause.ts';

/** Why a stream does not go on, in plain words. */

export const waitingFor = [
  'pause',
  'dependency',
  'elsewhere',
  'approval',
  'worker',
  'permit',
  'quota',
  'outage',
  'partner',
  'retry',
  'queue',
  'work',
  'gone',
] as const;

export interface ExplainedStream {
  readonly waitsFor: (typeof waitingFor)[number];
  readonly says: string;
  /** ISO; null: until somebody or something else acts. */
  readonly until: string | null;
  /** A command that helps; null: it goes on by itself. */
  readonly todo: string | null;
}

/** What Temporal knows of a stream's workflow. */
export interface WorkflowFacts {
  readonly state: 'running' | 'closed' | 'absent';
  /** The grant that is asked for. */
  readonly grant: {
    readonly state: 'scheduled' | 'started' | 'paused';
    readonly attempt: number;
    readonly lastFailure: string | null;
    readonly nextAttemptAt: string | null;
    readonly lastSignAt: string | null;
    readonly worker: string | null;
  } | null;
}

export interface QueueNames {
  readonly workflowQueue: string;
  partnerQueue(partner: string): string;
}

export interface StreamFacts {
  readonly names: QueueNames;
  readonly partner: string;
  readonly stream: string;
  readonly runId: string | null;
  readonly pages: number;
  readonly pause: PersonPause | undefined;
  /** The ledger does not know it yet. */
  readonly begun: boolean;
  /** The stream of the run whose records it needs first, unless that has ended. */
  readonly after: string | null;
  /** The run that reads it already. */
  readonly elsewhere: string | null;
  /** As the ledger has it; over ones are not there. */
  readonly deferred: { readonly until: string; readonly cause: string | null; readonly kind: string | null } | null;
  /** Null: Temporal does not answer. */
  readonly workflow: WorkflowFacts | null;
  /** Queues that no worker asks for work. */
  readonly withoutWorker: readonly string[];
  readonly limits: LimitsView | null;
  readonly queue: QueueView | null;
  readonly nowMs: number;
}

export function explainStream(facts: StreamFacts): ExplainedStream {
  return (
    paused(facts) ??
    gone(facts) ??
    notBegun(facts) ??
    withoutWorkflows(facts) ??
    (facts.workflow?.grant == null ? undefined : ofGrant(facts, facts.workflow.grant)) ??
    deferred(facts) ?? {
      waitsFor: 'work',
      says: `goes on after page ${facts.pages}`,
      until: null,
      todo: null,
    }
  );
}

const paused = ({ pause }: StreamFacts): ExplainedStream | undefined =>
  pause && { waitsFor: 'pause', says: describePause(pause), until: null, todo: resumeCommand(pause) };

function gone({ workflow, begun, partner }: StreamFacts): ExplainedStream | undefined {
  if (!begun || workflow === null || workflow.state === 'running') return undefined;
  return {
    waitsFor: 'gone',
    says: 'its workflow has ended without a word to the ledger: it was terminated, or Temporal has lost it',
    until: null,
    todo: `syncline sync ${partner}, with the window of this run: it goes on from where it stands`,
  };
}

function notBegun(facts: StreamFacts): ExplainedStream | undefined {
  const { begun, after, elsewhere, workflow } = facts;
  if (elsewhere !== null)
    return {
      waitsFor: 'elsewhere',
      says: `${elsewhere} reads it already`,
      until: null,
      todo: `syncline runs show ${elsewhere}`,
    };
  // Its first grant, which writes it into the ledger, may wait for a worker.
  if (begun || workflow?.state === 'running') return undefined;
  if (after !== null)
    return {
      waitsFor: 'dependency',
      says: `needs the records of ${after}, which has not ended`,
      until: null,
      todo: null,
    };
  return withoutWorkflows(facts) ?? { waitsFor: 'work', says: 'is about to begin', until: null, todo: null };
}

/** Nobody decides how runs go on, or begins them. */
export function withoutWorkflows({
  names,
  withoutWorker,
}: Pick<StreamFacts, 'names' | 'withoutWorker'>): ExplainedStream | undefined {
  if (!withoutWorker.includes(names.workflowQueue)) return undefined;
  return {
    waitsFor: 'worker',
    says: `no worker asks for work on the queue ${names.workflowQueue}, which decides how every run goes on`,
    until: null,
    todo: 'syncline worker --role workflows',
  };
}

type Grant = NonNullable<WorkflowFacts['grant']>;

function ofGrant(facts: StreamFacts, grant: Grant): ExplainedStream | undefined {
  if (grant.state === 'paused')
    return {
      waitsFor: 'pause',
      says: 'its activity is paused in Temporal itself',
      until: null,
      todo: 'temporal activity unpause, with the workflow id of the stream',
    };
  if (grant.state === 'started') return atWork(facts, grant);
  const next = grant.nextAttemptAt;
  if (next !== null && Date.parse(next) > facts.nowMs) return retrying(facts, grant, next);
  return notPickedUp(facts);
}

function atWork({ pages, nowMs }: StreamFacts, { lastSignAt, worker, attempt, lastFailure }: Grant): ExplainedStream {
  const sign =
    lastSignAt === null ? '' : `, last sign of life ${formatDuration(Math.max(0, nowMs - Date.parse(lastSignAt)))} ago`;
  const again = attempt > 1 && lastFailure !== null ? `; attempt ${attempt} after: ${lastFailure}` : '';
  return {
    waitsFor: 'work',
    says: `is being read, at page ${pages + 1}, by ${worker ?? 'a worker'}${sign}${again}`,
    until: null,
    todo: null,
  };
}

function retrying(facts: StreamFacts, { attempt, lastFailure }: Grant, until: string): ExplainedStream {
  const down = outage(facts);
  if (down !== undefined) return down;
  return {
    waitsFor: 'retry',
    says: `failed ${attempt - 1 === 1 ? 'once' : `${attempt - 1} times in a row`}: ${lastFailure ?? 'no reason is known'}; the next attempt is at ${until}`,
    until,
    todo: null,
  };
}

function notPickedUp({ names, partner, withoutWorker, queue, pages }: StreamFacts): ExplainedStream {
  const name = names.partnerQueue(partner);
  if (withoutWorker.includes(name))
    return {
      waitsFor: 'worker',
      says: `no worker asks for work on the queue ${name}`,
      until: null,
      todo: `syncline worker --role partner=${partner}`,
    };
  if (queue?.paused != null)
    return {
      waitsFor: 'quota',
      says: `nobody may call ${partner}: ${queue.paused.cause}`,
      until: queue.paused.until,
      todo: null,
    };
  if (queue?.foreign === true && queue.rate === 0)
    return {
      waitsFor: 'pause',
      says: `a person has set the task queue to 0 (${queue.reason === '' || queue.reason === null ? 'no reason given' : queue.reason})`,
      until: null,
      todo: `temporal task-queue config set --task-queue ${name} --task-queue-type activity --queue-rps-limit default`,
    };
  return { waitsFor: 'queue', says: `waits for its turn on ${name}, after page ${pages}`, until: null, todo: null };
}

function outage({ partner, limits, deferred: wait }: StreamFacts): ExplainedStream | undefined {
  const circuit = limits?.circuit ?? null;
  if (circuit === null || circuit.state === 'closed') return undefined;
  const until = circuit.openUntil ?? wait?.until ?? null;
  const probe = until === null ? 'a probe is under way' : `the next probe is at ${until}`;
  return { waitsFor: 'outage', says: `${partner} does not answer: ${circuit.lastError}; ${probe}`, until, todo: null };
}

function deferred(facts: StreamFacts): ExplainedStream | undefined {
  const { deferred: wait, limits } = facts;
  if (wait === null || Date.parse(wait.until) <= facts.nowMs) return undefined;
  const down = wait.kind === 'outage' || wait.kind === 'failure' ? outage(facts) : undefined;
  if (down !== undefined) return down;
  const { until } = wait;
  const cause = wait.cause ?? 'a short wait that nobody wrote down';
  if (wait.kind === 'failure' || wait.kind === 'outage')
    return { waitsFor: 'retry', says: `failed: ${cause}; the next attempt is at ${until}`, until, todo: null };
  if (wait.kind === 'approval')
    return { waitsFor: 'approval', says: cause, until, todo: `syncline approvals list ${facts.partner}` };
  if (wait.kind === 'job') return { waitsFor: 'partner', says: `${cause}; asks again at ${until}`, until, todo: null };
  const bucket = limits?.buckets.find(({ name, kind }) => kind === 'quota' && endsWithWord(cause, name));
  if (bucket !== undefined)
    return {
      waitsFor: 'quota',
      says: `the quota ${bucket.name} is used up or kept for others (${bucket.used} of ${bucket.effective}); it resets at ${bucket.resetsAt ?? until}`,
      until,
      todo: `syncline limits show ${facts.partner}`,
    };
  return { waitsFor: 'permit', says: `${cause}; asks again at ${until}`, until, todo: null };
}

/** `waiting for the limit: daily`, `… daily: kept for critical work`. */
const endsWithWord = (cause: string, name: string): boolean =>
  cause.split(/[:;,] ?/).some((part) => part.trim() === name || part.trim().startsWith(`${name} `));
