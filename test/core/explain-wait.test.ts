import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import { explainStream, type StreamFacts, type WorkflowFacts } from '../../core/explain-wait.ts';
import type { LimitsView } from '../../core/limits-view.ts';
import { plainNames } from '../../messages/names.ts';

const NOW = '2026-11-24T12:00:00.000Z';
const LATER = '2026-11-24T13:00:00.000Z';
const at = { nowMs: Date.parse(NOW) };

const facts: StreamFacts = {
  names: plainNames,
  ...at,
  partner: 'acme',
  stream: 'payments',
  runId: 'sync/acme/2026-11-24',
  pages: 16,
  pause: undefined,
  begun: true,
  after: null,
  elsewhere: null,
  deferred: null,
  workflow: { state: 'running', grant: null },
  withoutWorker: [],
  limits: null,
  queue: null,
};
const grant = (of: Partial<NonNullable<WorkflowFacts['grant']>>): WorkflowFacts => ({
  state: 'running',
  grant: {
    state: 'scheduled',
    attempt: 1,
    lastFailure: null,
    nextAttemptAt: null,
    lastSignAt: null,
    worker: null,
    ...of,
  },
});
const calm: LimitsView = {
  partner: 'acme',
  at: NOW,
  factor: 1,
  blocked: null,
  told: null,
  circuit: null,
  buckets: [],
  alerts: [],
};
const down: LimitsView = {
  ...calm,
  circuit: { state: 'open', since: NOW, openUntil: LATER, lastError: 'answered 503', advice: '' },
};
const daily: LimitsView = {
  ...calm,
  buckets: [
    {
      name: 'daily',
      kind: 'quota',
      counts: 'requests',
      periodMs: null,
      per: 'day',
      declared: 500,
      effective: 500,
      override: null,
      used: 500,
      left: 0,
      resetsAt: LATER,
      zone: 'UTC',
      pacePerHour: null,
      goneAt: null,
      hasFreeCalls: false,
    },
  ],
};
const wait = (kind: string | null, cause: string): StreamFacts['deferred'] => ({ until: LATER, kind, cause });
const pause = { scope: 'partner', target: 'acme', reason: 'their release', by: 'ann', at: NOW, atOnce: false } as const;

const cases: readonly [
  string,
  Partial<StreamFacts>,
  { waitsFor: string; says: RegExp; until?: string | null; todo?: RegExp },
][] = [
  [
    'a pause, before all else',
    { pause, withoutWorker: ['syncline'] },
    {
      waitsFor: 'pause',
      says: /^paused by ann since 2026-11-24 12:00 UTC \(partner acme\): their release$/,
      todo: /^syncline partners resume acme/,
    },
  ],
  [
    'its workflow, which was terminated',
    { workflow: { state: 'closed', grant: null } },
    { waitsFor: 'gone', says: /terminated/, todo: /^syncline sync acme/ },
  ],
  [
    'its parent',
    { begun: false, after: 'customers', workflow: { state: 'absent', grant: null } },
    { waitsFor: 'dependency', says: /needs the records of customers/ },
  ],
  [
    'another run',
    { begun: false, workflow: { state: 'absent', grant: null }, elsewhere: 'sync/acme/2026-11-24/only:payments' },
    { waitsFor: 'elsewhere', says: /only:payments reads it already/, todo: /^syncline runs show sync/ },
  ],
  [
    'a worker for workflows',
    { withoutWorker: ['syncline'] },
    { waitsFor: 'worker', says: /queue syncline,/, todo: /^syncline worker --role workflows$/ },
  ],
  [
    'a worker for the partner',
    { begun: false, workflow: grant({}), withoutWorker: ['partner.acme'] },
    { waitsFor: 'worker', says: /queue partner\.acme$/, todo: /^syncline worker --role partner=acme$/ },
  ],
  [
    'the queue, paused for a quota',
    {
      workflow: grant({}),
      queue: { rate: 0, reason: '', paused: { until: LATER, cause: 'daily is used up' }, foreign: false },
    },
    { waitsFor: 'quota', says: /nobody may call acme: daily is used up/, until: LATER },
  ],
  [
    'the queue, set by a person',
    { workflow: grant({}), queue: { rate: 0, reason: 'fire', paused: null, foreign: true } },
    { waitsFor: 'pause', says: /\(fire\)/, todo: /^temporal task-queue config set --task-queue partner\.acme/ },
  ],
  ['its turn', { workflow: grant({}) }, { waitsFor: 'queue', says: /waits for its turn on partner\.acme/ }],
  [
    'the next attempt',
    { workflow: grant({ attempt: 3, lastFailure: 'answered 500', nextAttemptAt: LATER }) },
    {
      waitsFor: 'retry',
      says: /^failed 2 times in a row: answered 500; the next attempt is at 2026-11-24T13/,
      until: LATER,
    },
  ],
  [
    'the end of an outage',
    { workflow: grant({ attempt: 3, lastFailure: 'x', nextAttemptAt: LATER }), limits: down },
    { waitsFor: 'outage', says: /^acme does not answer: answered 503; the next probe is at/, until: LATER },
  ],
  [
    'the end of an outage that the ledger tells of',
    { deferred: wait('outage', 'acme is not answering'), limits: down },
    { waitsFor: 'outage', says: /the next probe is at/, until: LATER },
  ],
  [
    'a quota',
    { deferred: wait('limit', 'waiting for the limit: daily'), limits: daily },
    {
      waitsFor: 'quota',
      until: LATER,
      says: /quota daily .*\(500 of 500\); it resets at 2026-11-24T13/,
      todo: /^syncline limits show acme$/,
    },
  ],
  [
    'a permit',
    { deferred: wait('limit', 'answered 429: slow down'), limits: daily },
    { waitsFor: 'permit', says: /^answered 429: slow down; asks again at/, until: LATER },
  ],
  [
    'a failure after some pages',
    { deferred: wait('failure', 'answered 500'), limits: calm },
    { waitsFor: 'retry', says: /^failed: answered 500; the next attempt/, until: LATER },
  ],
  [
    'nothing: it is read',
    { workflow: grant({ state: 'started', worker: '7@host', lastSignAt: '2026-11-24T11:59:58.000Z' }) },
    { waitsFor: 'work', says: /^is being read, at page 17, by 7@host, last sign of life 2s ago$/ },
  ],
  [
    'a wait that is over',
    { deferred: { until: NOW, cause: 'x', kind: 'limit' } },
    { waitsFor: 'work', says: /goes on after page 16/ },
  ],
  [
    'what only the ledger knows',
    { workflow: null, deferred: wait('limit', 'answered 429') },
    { waitsFor: 'permit', until: LATER, says: /429/ },
  ],
];

describe('a stream that has not ended', () => {
  test.each(cases)('waits for %s', (_name, given, { waitsFor, says, until = null, todo }) => {
    const explained = explainStream({ ...facts, ...given });
    expect(explained).toMatchObject({ waitsFor, says: expect.stringMatching(says) });
    expect(explained.until).toBe(until);
    expect(explained.todo ?? '').toMatch(todo ?? /^$/);
  });

  test('is explained in docs/inspect.md as it is here', () => {
    const document = readFileSync('docs/inspect.md', 'utf8');
    const [, block = ''] = /is waiting for, and the command.*\n\n```\n([^]*?)```/.exec(document) ?? [];
    const said = cases.map(([, given]) => explainStream({ ...facts, ...given }));
    const lines = said.flatMap(({ says, todo }) => [`payments: ${says}`, ...(todo === null ? [] : [`  → ${todo}`])]);
    const shown = block.trimEnd().split('\n');
    expect(shown.length).toBeGreaterThan(8);
    expect(shown.filter((line) => !lines.includes(line))).toEqual([]);
  });
});
