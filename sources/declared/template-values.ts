import { GiveUp } from '../../core/errors.ts';
import { readParent } from '../../core/parent-values.ts';
import type { Position } from '../../core/page.ts';
import type { Limits, StreamDefinition } from '../../definitions/definition.ts';
import { countsRequests } from '../../definitions/limits.ts';
import { PARENT, parentFields } from '../../definitions/mentions.ts';
import type { Placeholder } from '../../definitions/template.ts';
import { formatTime, type TimeBound } from './format-time.ts';
import { cursorValue } from './page-params.ts';

/** What stands for a placeholder: several values for the parents of one call. */
export interface TemplateValue {
  readonly values: readonly (string | number)[];
  readonly separator: string;
  readonly isTime: boolean;
}

/** undefined: there is none for this page, such as a cursor for the first one. */
export type Lookup = (placeholder: Placeholder) => TemplateValue | undefined;

/** The values of one page. `inPath`: the parent's own name for its value holds there, too. */
export function templateValues({
  stream,
  limits,
  position,
  given,
}: {
  readonly stream: StreamDefinition;
  readonly limits: Limits;
  readonly position: Position;
  readonly given: Readonly<Record<string, string>>;
}): { readonly lookup: Lookup; readonly inPath: Lookup } {
  const { incremental, parent } = stream;
  const { range, cursor, parents } = position;

  const time = (at: 'start' | 'end', format: string | undefined): TemplateValue | undefined => {
    if (incremental === undefined || range === null) return undefined;
    const bound = { format: format ?? incremental[at]?.format ?? 'iso', zone: zoneOf(incremental, at) };
    return one(at === 'start' ? startOf(incremental, range.from, bound) : endOf(range.to, bound), true);
  };
  const parentValue = (field: string): TemplateValue | undefined => {
    if (parent === undefined) return undefined;
    const fields = parentFields(stream);
    const values = requireParents(parent.stream, parents).map((text) => readParent(fields, text, field));
    if (values.some((value) => value === undefined || value === '')) return undefined;
    return { values: values as string[], separator: parent.separator, isTime: false };
  };
  const valueOf = ({ name, format }: Placeholder): TemplateValue | undefined => {
    if (name === 'start' || name === 'end') return time(name, format);
    if (name === 'limit') return one(limitOf(stream, limits));
    if (name === 'cursor') return one(cursorValue(stream.pagination, cursor));
    if (name.startsWith(PARENT)) return parentValue(name.slice(PARENT.length));
    return one(Object.hasOwn(given, name) ? (given[name] as string) : null);
  };
  const lookup: Lookup = (placeholder) => {
    const found = valueOf(placeholder);
    return found !== undefined && placeholder.format === 'number'
      ? { ...found, values: found.values.map(asNumber) }
      : found;
  };
  const inPath: Lookup = (placeholder) =>
    parent?.in === 'path' && placeholder.name === parent.as
      ? lookup({ ...placeholder, name: `${PARENT}${parent.field}` })
      : lookup(placeholder);
  return { lookup, inPath };
}

type Incremental = NonNullable<StreamDefinition['incremental']>;
type Bound = Pick<TimeBound, 'format' | 'zone'>;

const zoneOf = (incremental: Incremental, at: 'start' | 'end'): string | undefined =>
  incremental[at]?.zone ?? incremental.start?.zone ?? incremental.zone;

export const startOf = (
  { startInclusive }: Pick<Incremental, 'startInclusive'>,
  iso: string,
  { format, zone }: Bound,
): string | number => formatTime(iso, { format, zone, round: 'down', stepBack: !startInclusive });

export const endOf = (iso: string, { format, zone }: Bound): string | number =>
  formatTime(iso, { format, zone, round: 'up' });

/** Records to ask for at once. Where requests are counted, fewer of them read more. */
export function limitOf({ pageSize, pagination }: StreamDefinition, limits: Limits): number | null {
  if (pagination.type === 'offset') return pagination.limit;
  if (pagination.type === 'page') return pagination.size;
  if (pageSize === undefined) return null;
  return countsRequests(limits) ? pageSize.max : Math.min(pageSize.usual, pageSize.max);
}

export function requireParents(name: string, parents: readonly string[]): readonly string[] {
  if (parents.length === 0) throw new GiveUp(`a call per ${name} needs at least one of them`);
  return parents;
}

const one = (value: string | number | null, isTime = false): TemplateValue | undefined =>
  value === null ? undefined : { values: [value], separator: '', isTime };

function asNumber(value: string | number): number {
  const number = typeof value === 'number' ? value : /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
  if (Number.isNaN(number) || (Number.isInteger(number) && !Number.isSafeInteger(number)))
    throw new GiveUp('a placeholder with the format "number" got a value that is no number, or one beyond 2^53');
  return number;
}
