import { describeWave, type Approval } from '../../core/approval.ts';
import { ageText, describeLateness, type Freshness } from '../../core/freshness.ts';
import { brokenRulesWords } from '../../core/ledger-rule.ts';
import { differenceKinds } from '../../core/target-comparison.ts';
import type { DifferingTable } from '../../store/comparisons/differing-tables.ts';
import type { StreamStatus } from '../../store/inspect/stream-status.ts';
import type { Level, Todo, Trouble, TroubleKind } from './trouble.ts';

/** A stream and all that is known of it. */
export interface StreamFacts {
  readonly status: StreamStatus;
  readonly freshness: Freshness | null;
  /** The run of its partner, or its own, that `lastOutcome` is of; null: unknown. */
  readonly lastRun: string | null;
  /** Since when its runs have not ended `ok`; null: the last one has. */
  readonly notOk: { readonly since: string; readonly runs: number } | null;
  readonly broken: readonly { readonly rule: string; readonly places: number }[];
  readonly approval: Approval | null;
  readonly targets: readonly TargetTrouble[];
  /** Its tables in targets that differ from the store. */
  readonly differing: readonly DifferingTable[];
  /** Names of the schedules that read it; null: its definition is not known. */
  readonly schedules: readonly string[] | null;
  readonly nowMs: number;
}

export interface TargetTrouble {
  readonly target: string;
  readonly behind: number;
  readonly behindSince: string | null;
  readonly error: string | null;
}

/** All that is late or wrong with a stream. Empty: it is as it should be. */
export const troublesOf = (facts: StreamFacts): readonly Trouble[] => [
  ...(isLate(facts) ? [late(facts)] : ended(facts)),
  ...rules(facts),
  ...approval(facts),
  ...overdue(facts),
  ...facts.targets.flatMap((target) => ofTarget(facts, target)),
  ...facts.differing.map((table) => differs(facts, table)),
  ...undone(facts),
];

const isLate = ({ freshness }: StreamFacts): boolean => freshness?.late === true;

const of = (
  { status }: StreamFacts,
  trouble: { readonly level: Level; readonly kind: TroubleKind } & Pick<Trouble, 'what' | 'why' | 'since' | 'todo'> & {
      readonly run?: string | null;
    },
): Trouble => ({ partner: status.partner, stream: status.stream, run: null, ...trouble });

const todo = (says: string, command: string | null = null): Todo => ({ says, command });

function late(facts: StreamFacts): Trouble {
  const { freshness, lastRun } = facts;
  const { freshAt, promiseMs } = freshness as Freshness;
  const since =
    freshAt === null ? (facts.notOk?.since ?? null) : new Date(Date.parse(freshAt) + promiseMs).toISOString();
  const base = {
    level: 'bad',
    kind: 'late',
    what: `Late: ${describeLateness(freshness as Freshness)}`,
    since,
  } as const;
  return of(facts, { ...base, ...whyLate(facts), run: facts.status.openRun ?? lastRun });
}

/** What keeps it from being up to date: what goes on now comes before how the last run ended. */
function whyLate(facts: StreamFacts): Pick<Trouble, 'why' | 'todo'> {
  const { status, schedules, nowMs } = facts;
  const { partner, lastOutcome, lastReason, lastFinishedAt } = status;
  if (status.deferredUntil !== null) return whyItWaits(facts);
  if (status.running)
    return {
      why:
        lastOutcome === 'failed' && lastReason !== null
          ? `a run is under way; the one before it failed: ${lastReason}`
          : 'a run is under way and has not ended',
      todo: todo(
        'Wait for its end, or look at what it does now.',
        status.openRun === null ? null : `syncline runs show ${status.openRun}`,
      ),
    };
  if (lastOutcome === 'failed' || lastOutcome === 'suspect' || lastOutcome === 'deferred')
    return {
      why: `the last run ended as ${lastOutcome}: ${lastReason ?? 'no reason is known'}`,
      todo: againAfter(facts),
    };
  const none =
    lastFinishedAt === null
      ? 'no run of it has ended yet'
      : `the last run ended ${ageText(Math.max(0, nowMs - Date.parse(lastFinishedAt)))} ago as ${lastOutcome ?? 'unknown'}, and none has ended since`;
  if (schedules === null)
    return {
      why: `${none}; its definition is not known here`,
      todo: todo('Start it by hand, or give its definition back.', `syncline sync ${partner} ${status.stream}`),
    };
  if (schedules.length === 0)
    return {
      why: `${none}; no schedule of its definition reads it`,
      todo: todo('Start it now, and give it a schedule.', `syncline sync ${partner} ${status.stream}`),
    };
  return {
    why: `${none}, though the schedule ${schedules.join(', ')} reads it`,
    todo: todo(
      'Look whether the schedule is paused and whether workers run; then start it.',
      `syncline schedule list ${partner}`,
    ),
  };
}

function whyItWaits({ status }: StreamFacts): Pick<Trouble, 'why' | 'todo'> {
  const { partner, deferredUntil, deferredCause, deferredKind } = status;
  const until = `${deferredUntil?.slice(0, 16).replace('T', ' ')} UTC`;
  const why = `its run waits until ${until}: ${deferredCause ?? 'a short wait that nobody wrote down'}`;
  if (deferredKind === 'paused')
    return {
      why,
      todo: todo('Resume it when the reason of the pause is gone.', `syncline partners resume ${partner} --reason …`),
    };
  if (deferredKind === 'approval')
    return { why, todo: todo('Approve or reject what it would delete.', `syncline approvals list ${partner}`) };
  if (deferredKind === 'limit')
    return {
      why,
      todo: todo('Nothing, it goes on by itself; or look at the limits.', `syncline limits show ${partner}`),
    };
  if (deferredKind === 'outage' || deferredKind === 'failure')
    return {
      why,
      todo: todo('Nothing while the partner recovers: it is tried again by itself. Ask the partner if it lasts.', null),
    };
  return { why, todo: todo('Nothing: it goes on by itself.', null) };
}

/** How the last run ended, of a stream that is not late. */
function ended(facts: StreamFacts): readonly Trouble[] {
  const { status, notOk, lastRun } = facts;
  const { lastOutcome, lastReason, partner, stream, quarantined } = status;
  const since = notOk?.since ?? status.lastFinishedAt;
  const times = notOk === null || notOk.runs < 2 ? '' : `, ${notOk.runs} runs in a row`;
  if (lastOutcome === 'failed')
    return [
      of(facts, {
        level: 'bad',
        kind: 'failed',
        what: `The last run failed${times}`,
        why: lastReason,
        since,
        run: lastRun,
        todo: againAfter(facts),
      }),
    ];
  if (lastOutcome === 'suspect')
    return [
      of(facts, {
        level: 'bad',
        kind: 'suspect',
        what: `What the last run brought may not be complete or true${times}`,
        why: lastReason,
        since,
        run: lastRun,
        todo: isRefused(lastReason)
          ? refusedTodo(facts)
          : isShrunk(lastReason) && lastRun !== null
            ? todo(
                'Compare with the partner. If the listing is really so short, accept it, and read it again.',
                `syncline runs accept ${lastRun} --stream ${facts.status.stream} --reason WHY`,
              )
            : todo('Compare with the partner. If the figures are right there, read it again.', readAgain(facts)),
      }),
    ];
  if (lastOutcome === 'partial')
    return [
      of(facts, {
        level: 'warning',
        kind: 'partial',
        what: `Some records did not come through${times}`,
        why: lastReason,
        since,
        run: lastRun,
        todo:
          quarantined > 0 && /quarantin/.test(lastReason ?? '')
            ? todo(
                'Look at the records, correct the schema, and replay them.',
                `syncline quarantine list ${partner} ${stream}`,
              )
            : refusedTodo(facts),
      }),
    ];
  return [];
}

/** As core/outcome.ts says it. */
const isShrunk = (reason: string | null): boolean => /\d the last time$/.test(reason ?? '');
const isRefused = (reason: string | null): boolean => /\brefused\b/.test(reason ?? '');

/** The run's page lists the calls. */
const refusedTodo = (facts: StreamFacts): Todo =>
  todo('Look at the calls that the partner refused, remove the cause, and read it again.', readAgain(facts));

function againAfter(facts: StreamFacts): Todo {
  const { status } = facts;
  if (/\b40[13]\b|unauthori[sz]ed|forbidden|token|credential|certificate/i.test(status.lastReason ?? ''))
    return todo(
      'Renew the credentials with the partner, give them to the workers, and read it again.',
      readAgain(facts),
    );
  return todo('Mend the cause, and read it again: it goes on from where it stands.', readAgain(facts));
}

const readAgain = ({ status, lastRun }: StreamFacts): string =>
  // A run of the stream alone is no partner's run, which a retry is of.
  lastRun === null || !lastRun.startsWith('sync/') || lastRun.split('/')[2] === status.stream
    ? `syncline sync ${status.partner} ${status.stream}`
    : `syncline runs retry ${lastRun} --stream ${status.stream}`;

function rules(facts: StreamFacts): readonly Trouble[] {
  const { status, broken } = facts;
  if (broken.length === 0) return [];
  return [
    of(facts, {
      level: 'bad',
      kind: 'rules',
      what: 'Its rows break a rule of the definition',
      why: brokenRulesWords(broken, status).replace(/: `.*$/, ''),
      since: null,
      todo: todo(
        'Look at the rows, and correct them at the partner.',
        `syncline anomalies list ${status.partner} ${status.stream}`,
      ),
    }),
  ];
}

function approval(facts: StreamFacts): readonly Trouble[] {
  const held = facts.approval;
  if (held === null) return [];
  return [
    of(facts, {
      level: 'warning',
      kind: 'approval',
      what: 'Deletes are held until a person has looked at them',
      why: describeWave(held),
      since: held.askedAt,
      run: held.syncId,
      todo: todo(
        `Approve or reject it before ${held.until.slice(0, 16).replace('T', ' ')} UTC.`,
        `syncline approvals show ${held.id}`,
      ),
    }),
  ];
}

function overdue(facts: StreamFacts): readonly Trouble[] {
  const { partner, stream, overdue: records, waiting } = facts.status;
  if (records === 0) return [];
  return [
    of(facts, {
      level: 'warning',
      kind: 'overdue',
      what: `${count(records)} ${records === 1 ? 'record waits' : 'records wait'} for longer than allowed`,
      why: `${count(waiting)} in all wait for records of other streams that have not come`,
      since: null,
      todo: todo(
        'Look at what they wait for, and sync the stream that has it.',
        `syncline waiting list ${partner} ${stream}`,
      ),
    }),
  ];
}

function ofTarget(facts: StreamFacts, { target, behind, behindSince, error }: TargetTrouble): readonly Trouble[] {
  if (behind === 0 && error === null) return [];
  const events = behind === 0 ? '' : `${count(behind)} ${behind === 1 ? 'event' : 'events'} behind`;
  return [
    of(facts, {
      level: error === null ? 'note' : 'bad',
      kind: 'target',
      what:
        error === null
          ? `The target ${target} is ${events}`
          : `Loads into the target ${target} fail${events === '' ? '' : `: it is ${events}`}`,
      why: error,
      since: behindSince,
      todo:
        error === null
          ? todo('Nothing if it is short: look whether a worker of the target runs.', `syncline targets list`)
          : todo('Mend the cause: loads are tried again by themselves.', `syncline targets list`),
    }),
  ];
}

function differs(facts: StreamFacts, table: DifferingTable): Trouble {
  const { target, partner, stream, comparison, since } = table;
  const found = differenceKinds.flatMap((kind) => (table[kind] === 0 ? [] : [`${count(table[kind])} ${kind}`]));
  return of(facts, {
    level: 'bad',
    kind: 'target',
    what: `${partner}.${stream} in the target ${target} has other rows than the store: ${found.join(', ')}`,
    why: 'No load explains it: somebody has changed the table, put back an older copy, or lost a disk',
    since,
    todo: todo(
      `Look at the rows (syncline targets compared ${comparison}), then make the table anew from the log.`,
      `syncline targets compare ${target} ${partner}.${stream} --heal`,
    ),
  });
}

function undone(facts: StreamFacts): readonly Trouble[] {
  const { undone: found, partner, stream } = facts.status;
  if (found === null) return [];
  return [
    of(facts, {
      level: 'note',
      kind: 'undone',
      what: found.isBack
        ? 'An undo was taken back, and nothing was read since'
        : 'A run was undone, and nothing was read since',
      why: found.isBack
        ? `what runs found unchanged meanwhile is not read again yet (${found.run})`
        : `what ${found.run} had read is not read again yet`,
      since: null,
      run: found.run,
      todo: todo('Read it again, or wait for the next run.', `syncline sync ${partner} ${stream}`),
    }),
  ];
}

const count = (n: number): string => n.toLocaleString('en-US');
