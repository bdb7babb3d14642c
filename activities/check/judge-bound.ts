import { DAY } from '../../core/duration.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { sortableTime } from '../../core/version.ts';
import type { Look } from './asker.ts';
import { marksOf, type Bound } from './bound.ts';
import { doubtful, none, together, verified, wrong, type Findings } from './findings.ts';
import { of, several } from './words.ts';

/** Whether the partner filtered by a bound: `seen` are the pages that came without it, `answer` the one that came with it. */
export function judgeBound(
  stream: CompiledStream,
  bound: Bound,
  { seen, answer }: { readonly seen: readonly Look[]; readonly answer: Look },
): Findings {
  const known = seen.flatMap((look) => marksOf(stream, look));
  const came = marksOf(stream, answer);
  const asked = `asked for what changed from ${bound.from} on`;
  const from = sortableTime(bound.from);
  const wanted = known.filter(({ mark }) => mark >= from);
  if (answer.received.length === 0)
    return wrong(
      'bound-returns-nothing',
      `${asked}, the partner sent nothing, although ${several(wanted.length, 'record')} of that time came before: each later run would find nothing. Is the time written as the partner reads it (format, zone), and "${fieldOf(stream)}" what it filters by?`,
    );
  const floor = sortableTime(bound.notBefore);
  const early = came.filter(({ mark }) => mark < floor);
  const filters = early.length === 0 ? none : notFiltered(stream, { bound, known, early, came, asked });
  const lost = answer.page.next.cursor === null ? lostOf(stream, { wanted, answer, from, asked }) : none;
  if (filters.findings.length + lost.findings.length > 0 || came.length === 0) return together([filters, lost]);
  return verified(
    'bound',
    `${asked}, the partner sent ${several(answer.received.length, 'record')}, none of them older`,
  );
}

const fieldOf = ({ definition }: CompiledStream): string => definition.incremental?.field ?? '';

interface Filtered {
  readonly bound: Bound;
  readonly known: ReturnType<typeof marksOf>;
  readonly early: ReturnType<typeof marksOf>;
  readonly came: ReturnType<typeof marksOf>;
  readonly asked: string;
}

function notFiltered(stream: CompiledStream, { bound, known, early, came, asked }: Filtered): Findings {
  const parameter = stream.definition.incremental?.start?.as;
  const least = (marks: Filtered['known']): string => marks.map(({ mark }) => mark).toSorted()[0] ?? '';
  const says = `${asked}, the partner sent older records as well (${of(early.length, came.length, 'record')})`;
  if (least(came) > least(known))
    return doubtful(
      'bound-loose',
      `${says}, though not the oldest: it reads the bound in another zone, or filters by something else than "${fieldOf(stream)}"`,
    );
  const named = parameter === undefined ? 'bound' : `parameter ${JSON.stringify(parameter)}`;
  // Who filters by whole days, wherever they begin, sends all of a day again.
  if (Date.parse(bound.from) - Date.parse(least(known)) < 2 * DAY)
    return doubtful(
      'bound-loose',
      `${says}: it does not know the ${named}, or filters by whole days; too few days came to tell`,
    );
  return wrong(
    'bound-ignored',
    `${says}: it does not filter. Does it know the ${named}? Each run would read everything`,
  );
}

interface Wanted {
  readonly wanted: ReturnType<typeof marksOf>;
  readonly answer: Look;
  readonly from: string;
  readonly asked: string;
}

/** What was seen a moment ago, is of the time that was asked for, and did not come. */
function lostOf(stream: CompiledStream, { wanted, answer, from, asked }: Wanted): Findings {
  // What tells records apart by all they hold may be another text each time.
  if (stream.keyColumns.length === 0 || stream.definition.disposition === 'append') return none;
  const here = new Set(answer.identities);
  const to = sortableTime(answer.position.range?.to ?? from);
  const lost = wanted.filter(({ mark, identity }) => mark < to && !here.has(identity));
  if (lost.length === 0) return none;
  const says = `${asked}, the partner left out ${several(lost.length, 'record')} of that time that came before`;
  return lost.every(({ mark }) => mark.slice(0, 23) === from.slice(0, 23)) &&
    stream.definition.incremental?.startInclusive !== false
    ? doubtful('bound-exclusive', `${says}, all of exactly that moment: write startInclusive: false`)
    : wrong(
        'bound-loses-records',
        `${says}: it filters by something else than "${fieldOf(stream)}", or reads the time otherwise (format, zone)`,
      );
}
