import type { Outcome } from '../../core/names.ts';
import { faultKinds, type FaultKind } from '../../recordings/faults.ts';
import type { Arrival } from '../../recordings/replay.ts';
import { PATIENCE_S } from '../../recordings/respond.ts';
import type { Recording } from '../../recordings/recording.ts';
import type { Content } from './content.ts';

export interface StreamFacts {
  readonly stream: string;
  /** null: it has no report. */
  readonly outcome: Outcome | null;
  readonly reason: string | null;
  readonly balanced: boolean;
  /** When the run had ended. */
  readonly after: Content;
  /** When one more run, without faults, had ended. */
  readonly again: Content;
  /** Rows that this second run wrote. */
  readonly rewritten: number;
}

export interface RoundFacts {
  /** Neither of the runs was given up. */
  readonly ended: boolean;
  readonly streams: readonly StreamFacts[];
  readonly arrivals: readonly Arrival[];
  readonly kills: number;
}

export interface Finding {
  readonly stream: string | null;
  readonly says: string;
}

/** Where the answers came from that were played. */
export type Origin = 'recorded' | 'generated';

/** What is wrong with a run that nobody disturbed, beside what was recorded or generated. */
export function judgeUndisturbed(
  facts: RoundFacts,
  recordings: ReadonlyMap<string, Recording>,
  origin: Origin = 'recorded',
): readonly Finding[] {
  if (!facts.ended) return [notEnded];
  const asked = facts.arrivals.find(({ unknown }) => unknown);
  return [
    ...(asked === undefined
      ? []
      : [
          {
            stream: null,
            says: `asks for what was never ${origin}: ${asked.request}; ${cures[origin]}`,
          },
        ]),
    ...facts.streams.flatMap((each) => [
      ...unbalanced(each),
      ...rewrites(each),
      ...besideRecording(each, recordings.get(each.stream), origin),
    ]),
  ];
}

const cures: Readonly<Record<Origin, string>> = {
  recorded: 'record the partner again, or correct the request',
  generated: 'try it with a recording, or correct the request',
};

function besideRecording(
  { stream, outcome, reason, after }: StreamFacts,
  recording: Recording | undefined,
  origin: Origin,
): Finding[] {
  const told = (says: string): Finding[] => [{ stream, says }];
  if (outcome !== 'ok')
    return told(`ends ${outcome ?? 'without a report'} without any fault${reason === null ? '' : `: ${reason}`}`);
  if (recording === undefined || !recording.complete) return [];
  const { records, keyed } = recording;
  if (after.rows < records)
    return told(
      `${records} different records were ${origin}, and the table has ${after.rows} rows: pages are not read, or the primary key is the same for several records`,
    );
  if (keyed && after.rows > records)
    return told(
      `${records} different records were ${origin}, and the table has ${after.rows} rows: records are there more than once`,
    );
  return [];
}

/** What is wrong with a round of faults and kills, beside the run that nobody disturbed. */
export function judgeRound(
  facts: RoundFacts,
  undisturbed: ReadonlyMap<string, Content>,
  /** Export jobs that the undisturbed run ordered. */
  orders = 0,
): readonly Finding[] {
  if (!facts.ended) return [notEnded];
  const lied = facts.arrivals.some(({ fault }) => fault !== undefined && faultKinds[fault].harm === 'lie');
  const changed = lied || facts.arrivals.some(({ fault }) => fault === 'field');
  return [
    ...impatience(facts.arrivals),
    ...orderedTwice(facts, orders),
    ...facts.streams.flatMap((each) => {
      const expected = undisturbed.get(each.stream);
      return expected === undefined
        ? []
        : [...unbalanced(each), ...(changed ? [] : rewrites(each)), ...besideUndisturbed(each, { expected, lied })];
    }),
  ];
}

function besideUndisturbed(
  { stream, outcome, reason, after, again }: StreamFacts,
  { expected, lied }: { readonly expected: Content; readonly lied: boolean },
): Finding[] {
  const found: Finding[] = [];
  const differs = (content: Content): string | undefined => {
    if (content.hash === expected.hash) return undefined;
    if (content.rows === expected.rows) return 'has other values';
    return `has ${content.rows} rows instead of ${expected.rows}`;
  };
  const then = differs(after);
  if (outcome === 'ok' && then !== undefined) found.push({ stream, says: `ended ok, but its table ${then}` });
  if (outcome !== 'ok' && !lied)
    found.push({
      stream,
      says: `ended ${outcome ?? 'without a report'} although each fault passes by itself${reason === null ? '' : `: ${reason}`}`,
    });
  const later = differs(again);
  if (later !== undefined && then === undefined)
    found.push({ stream, says: `a second run spoiled the table: it ${later}` });
  else if (later !== undefined && outcome !== 'ok')
    found.push({ stream, says: `a second run did not heal it: the table ${later}` });
  return found;
}

const unbalanced = ({ stream, balanced }: StreamFacts): Finding[] =>
  balanced ? [] : [{ stream, says: 'does not balance: its counts do not add up to the records that came' }];

const rewrites = ({ stream, rewritten, outcome }: StreamFacts): Finding[] =>
  outcome !== 'ok' || rewritten === 0
    ? []
    : [
        {
          stream,
          says: `the same sync again wrote ${rewritten} rows, although nothing had changed: records are not recognised by their key`,
        },
      ];

/** After 429 with Retry-After nobody asks before. */
function impatience(arrivals: readonly Arrival[]): Finding[] {
  for (const [i, { fault, atMs }] of arrivals.entries())
    if (fault === 'throttle')
      // Those that were on their way already could not know.
      for (const later of arrivals.slice(i + 1))
        if (later.atMs - atMs > ON_THE_WAY_MS && later.atMs - atMs < PATIENCE_S * 1000 - ON_THE_WAY_MS)
          return [
            {
              stream: null,
              says: `asked again ${Math.round(later.atMs - atMs)} ms after a 429 that asked for ${PATIENCE_S} s`,
            },
          ];
  return [];
}
const ON_THE_WAY_MS = 50;

export const ordersOf = ({ arrivals }: RoundFacts): number => arrivals.filter(({ isOrder }) => isOrder).length;

/** A result that is gone is ordered anew, once; for all else the key of the order says that it is the same job. */
function orderedTwice(facts: RoundFacts, wanted: number): Finding[] {
  const ordered = ordersOf(facts);
  const gone = facts.arrivals.filter(({ fault }) => fault === 'expired').length;
  return ordered <= wanted + gone
    ? []
    : [
        {
          stream: null,
          says: `ordered ${ordered} export jobs instead of ${wanted}: one was ordered again under another key`,
        },
      ];
}

const notEnded: Finding = { stream: null, says: 'did not end in time' };

/** In words, such as `3 × error, 1 × cut`. */
export function faultsOf(arrivals: readonly Arrival[]): string {
  const counts = new Map<FaultKind, number>();
  for (const { fault } of arrivals) if (fault !== undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1);
  return [...counts].map(([kind, count]) => `${count} × ${kind}`).join(', ');
}
