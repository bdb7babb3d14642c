/** What stays behind when something ends half-way, and what is done about it. */
export const leftoverKinds = [
  'locked-key',
  'expired-lease',
  'shadow-table',
  'build-table',
  'staging-file',
  'unended-search',
  'stuck-run',
  'stuck-hint',
  'unended-reconcile',
  'unended-change',
  'unended-export',
  'overdue-waiting',
  'old-quarantine',
  'unused-key',
  'stale-links',
  'stray-schedule',
  'forgotten-stream',
  'forgotten-target',
] as const;
export type LeftoverKind = (typeof leftoverKinds)[number];

/** `report`: names it. `apply`: removes what nobody needs as well. */
export const janitorModes = ['report', 'apply'] as const;
export type JanitorMode = (typeof janitorModes)[number];

/** What stays behind. Each is a fact of the store, of the definitions beside it, or of this machine. */
export interface Leftover {
  readonly kind: LeftoverKind;
  /** Where: a stream, a caller, a table, a plan. The same only once of a kind. */
  readonly place: string;
  readonly count: number;
  /** ISO, of the oldest; null: nobody knows. */
  readonly since: string | null;
}

interface Words {
  readonly what: string;
  /** Who ends it. `kept`: nobody has to; it is said so that somebody knows. */
  readonly by: 'janitor' | 'person' | 'kept';
  /** What a person can do; of the janitor's own: what it does. */
  readonly todo: string;
}

const removed = { by: 'janitor', todo: 'the janitor removes it: `syncline janitor --apply`' } as const;
const person = { by: 'person' } as const;
const kept = { by: 'kept' } as const;

/** In plain words. */
export const leftoverWords: Readonly<Record<LeftoverKind, Words>> = {
  'locked-key': { ...removed, what: 'idempotency keys whose request ended half-way' },
  'expired-lease': { ...removed, what: 'slots and reserved permits of requests whose process is gone' },
  'shadow-table': { ...removed, what: 'a table that a run of a replace had gathered and that no run needs' },
  'build-table': { ...removed, what: 'a table of a rebuild whose process is gone' },
  'staging-file': {
    ...removed,
    what: 'temporary files of a process that is gone, on the machine that is named',
    todo: 'workers of that machine remove it where SYNCLINE_JANITOR=apply is set, or `syncline janitor --apply` there',
  },
  'unended-search': { ...removed, what: 'a search for duplicates that ended without a word' },
  'stuck-run': {
    ...person,
    what: 'a run that has not moved for a day',
    todo: 'look at it with `syncline runs show`; if its workflow is gone, `syncline sync` goes on from its checkpoint',
  },
  'stuck-hint': {
    ...person,
    what: 'records that a webhook has named and that nobody has fetched for a day',
    todo: '`syncline doctor` says whether workers of the partner run; `syncline status` says what it waits for',
  },
  'unended-reconcile': {
    ...person,
    what: 'a reconciliation that has not moved for a day',
    todo: '`syncline reconcile show` says how far it is; started again with its label, it goes on; `syncline reconcile cancel` ends it',
  },
  'unended-change': {
    ...person,
    what: 'a plan of duplicates that is half applied or half undone',
    todo: '`syncline duplicates apply` or `undo` goes on',
  },
  'unended-export': {
    ...person,
    what: 'an export that was never finished',
    todo: 'remove its folder, then `syncline export gone`',
  },
  'overdue-waiting': {
    ...person,
    what: 'records that wait longer than their definition allows',
    todo: '`syncline waiting list`',
  },
  'old-quarantine': {
    ...person,
    what: 'records in quarantine that nobody has dealt with for a month',
    todo: '`syncline quarantine list`: correct the definition and replay them, or dismiss them',
  },
  'unused-key': {
    ...person,
    what: 'a key of a caller that nobody has used for three months',
    todo: '`syncline callers revoke` ends it: a key that nobody uses can only be misused',
  },
  'stale-links': {
    ...person,
    what: 'links of golden records that were written for other warehouses and are out of date',
    todo: '`syncline duplicates links NAME --out …` writes them again, to be loaded where the views are; `--forget` if no warehouse uses them',
  },
  'stray-schedule': {
    ...person,
    what: 'a schedule in Temporal that no definition declares',
    todo: '`syncline schedule apply` removes it',
  },
  'forgotten-stream': {
    ...kept,
    what: 'a stream that no definition has',
    todo: 'its table and its log stay; drop them if nobody needs them',
  },
  'forgotten-target': {
    ...kept,
    what: 'a table in a target that no definition loads any more',
    todo: 'the table stays where it is; drop it if nobody reads it',
  },
};

/** What waits for a person. */
export const isForPerson = (kind: LeftoverKind): boolean => leftoverWords[kind].by === 'person';
