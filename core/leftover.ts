/** What stays behind when something ends half-way, and what is done about it. */
export const leftoverKinds = [
  'locked-key',
  'expired-lease',
  'shadow-table',
  'unended-search',
  'stuck-run',
  'unended-change',
  'unended-export',
  'overdue-waiting',
  'old-quarantine',
  'unused-key',
] as const;
export type LeftoverKind = (typeof leftoverKinds)[number];

interface Words {
  readonly what: string;
  /** null: the janitor removes it. */
  readonly todo: string | null;
}

/** In plain words. */
export const leftoverWords = {
  'locked-key': { what: 'idempotency keys whose request ended half-way', todo: null },
  'expired-lease': { what: 'slots of requests whose process is gone', todo: null },
  'shadow-table': { what: 'a table that a run of a replace had gathered and that no run needs', todo: null },
  'unended-search': { what: 'a search for duplicates that ended without a word', todo: null },
  'stuck-run': {
    what: 'a run that has not moved for a day',
    todo: 'look at it with `syncline runs show`; if its workflow is gone, `syncline sync` goes on from its checkpoint',
  },
  'unended-change': {
    what: 'a plan of duplicates that is half applied or half undone',
    todo: '`syncline duplicates apply` or `undo` goes on',
  },
  'unended-export': {
    what: 'an export that was never finished',
    todo: 'remove its folder, then `syncline export gone`',
  },
  'overdue-waiting': {
    what: 'records that wait longer than their definition allows',
    todo: '`syncline waiting list`',
  },
  'old-quarantine': {
    what: 'records in quarantine that nobody has dealt with for a month',
    todo: '`syncline quarantine list`: correct the definition and replay them, or dismiss them',
  },
  'unused-key': {
    what: 'a key of a caller that nobody has used for three months',
    todo: '`syncline callers revoke` ends it: a key that nobody uses can only be misused',
  },
} as const satisfies Record<LeftoverKind, Words>;
