import { DAY } from '../../core/duration.ts';
import { InvalidInput } from '../../core/errors.ts';
import { valueAt } from '../../core/json.ts';
import type { Position, TimeRange } from '../../core/page.ts';
import { writeParent } from '../../core/parent-values.ts';
import type { CompiledStream } from '../../definitions/compiled.ts';
import { parentFields } from '../../definitions/mentions.ts';
import { sourceOf } from '../../sources/source-of.ts';
import type { Look } from './asker.ts';
import { doubtful, none, type Findings } from './findings.ts';

export interface FirstPosition {
  /** With other parents each, where there are some: the first ones may be gone. */
  readonly positions: readonly [Position, ...Position[]];
  /** Of what was needed to make the request. */
  readonly findings: Findings;
}

/** Where a first reading would begin, but for slices: of those the latest, which is likely to have records. `parents`: a page of the parent stream. */
export async function firstPosition(
  stream: CompiledStream,
  {
    nowMs,
    parents,
    most = MOST_PARENTS,
  }: {
    readonly nowMs: number;
    readonly parents: (stream: string) => Promise<Pick<Look, 'received'>>;
    /** How many positions with other parents each. */
    readonly most?: number;
  },
): Promise<FirstPosition> {
  const { definition } = stream;
  const at = { cursor: null, range: firstRange(stream, nowMs) };
  const [named] = sourceOf(stream).partitions ?? [];
  if (definition.parent === undefined)
    return { positions: [{ ...at, parents: named === undefined ? [] : [named] }], findings: none };
  const { received } = await parents(definition.parent.stream);
  return withParents(stream, { at, most }, received);
}

const MOST_PARENTS = 3;

function firstRange({ definition: { incremental, slice } }: CompiledStream, nowMs: number): TimeRange | null {
  if (incremental?.initial === undefined) return null;
  const from = Date.parse(incremental.initial);
  return range(slice === undefined ? from : Math.max(from, nowMs + DAY - slice), nowMs + DAY);
}

/** From a time on, as far as one request of the stream reaches. */
export const rangeFrom = ({ definition: { slice } }: CompiledStream, fromMs: number, nowMs: number): TimeRange =>
  range(fromMs, slice === undefined ? nowMs + DAY : Math.min(fromMs + slice, nowMs + DAY));

const range = (fromMs: number, toMs: number): TimeRange => ({
  from: new Date(fromMs).toISOString(),
  to: new Date(toMs).toISOString(),
});

function withParents(
  { name, definition }: CompiledStream,
  { at, most }: { readonly at: Pick<Position, 'cursor' | 'range'>; readonly most: number },
  received: Look['received'],
): FirstPosition {
  const fields = parentFields(definition);
  const { stream: parent = '', batch = 1 } = definition.parent ?? {};
  const tuples = received.flatMap(({ record }) => {
    const values = fields.flatMap((field) => {
      const value = valueAt(record, field);
      return (typeof value === 'string' && value.trim() !== '') || typeof value === 'number' ? [String(value)] : [];
    });
    return values.length === fields.length ? [values] : [];
  });
  const named = fields.join(' and ');
  const [first, ...others] = Array.from({ length: most }, (_, i) => tuples.slice(i * batch, (i + 1) * batch))
    .filter((each) => each.length > 0)
    .map((each): Position => ({ ...at, parents: each.map((values) => writeParent(fields, values)) }));
  if (first === undefined) throw new InvalidInput(`${name} needs ${named} of ${parent}, but its first page has none`);
  const lacking = received.length - tuples.length;
  return {
    positions: [first, ...others],
    findings:
      lacking === 0
        ? none
        : doubtful(
            'parent-without-value',
            `${lacking} of ${received.length} records of ${parent} came without ${named}: nothing is asked for them`,
          ),
  };
}
