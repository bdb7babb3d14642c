import type { Evidence } from '../../store/partner-report/period.ts';
import type { SeenField, SeenFields } from '../../store/partner-report/fields-of-period.ts';
import { shownNames } from './shown-fields.ts';

export interface FieldChange extends Evidence {
  /** `undocumented`: the definition does not name it. `types`: it had other types before. `gone`: it came with nearly each record before. */
  readonly kind: 'undocumented' | 'types' | 'gone';
  readonly field: string;
  /** In the words of JSON. */
  readonly types: readonly string[];
  readonly typesBefore: readonly string[];
  /** Of those that were looked at; of what is gone, before. */
  readonly records: number;
}

export interface FieldChanges {
  readonly changes: readonly FieldChange[];
  /** Further fields that no definition names: their names may be values. */
  readonly hidden: number;
}

/** In fewer records a field that not all have is soon missed. */
const ENOUGH = 20;
const NEARLY_ALL = 0.95;
/** In so many records there was a value: that it may be missing is news. */
const NEVER_NULL = 200;

/** `documented`: fields that the definition names; undefined: it says nothing of the stream, so that all are documented. */
export function fieldChanges(seen: SeenFields, documented: ReadonlySet<string> | undefined): FieldChanges {
  const byName = new Map<string, SeenField[]>();
  for (const each of seen.fields) byName.set(each.field, [...(byName.get(each.field) ?? []), each]);
  const unnamed = [...byName.keys()].filter((name) => documented?.has(name) === false);
  const { shown, hidden } = shownNames(unnamed);
  const changes = [...byName].flatMap(([field, all]): FieldChange[] => {
    const isDocumented = documented?.has(field) !== false;
    if (!isDocumented && !shown.has(field)) return [];
    const [now, before] = [all.filter((each) => each.now), all.filter((each) => !each.now)];
    const facts = { field, types: typesOf(now), typesBefore: typesOf(before) };
    const changed = now.filter(({ type }) => isNews(type, before));
    return [
      ...(isDocumented ? [] : told('undocumented', facts, now)),
      ...(changed.length === 0 ? [] : told('types', facts, changed)),
      ...(now.length === 0 && wasEverywhere(before, seen) ? told('gone', facts, before) : []),
    ];
  });
  return { changes, hidden };
}

/** A first value in place of null is none, and so is a first record that has the field. */
function isNews(type: string, before: readonly SeenField[]): boolean {
  if (before.every((each) => each.type === 'null') || before.some((each) => each.type === type)) return false;
  return type !== 'null' || recordsOf(before) >= NEVER_NULL;
}

const wasEverywhere = (before: readonly SeenField[], seen: SeenFields): boolean =>
  seen.now >= ENOUGH && seen.before >= ENOUGH && recordsOf(before) >= seen.before * NEARLY_ALL;

const recordsOf = (of: readonly SeenField[]): number => of.reduce((sum, { records }) => sum + records, 0);
const typesOf = (of: readonly SeenField[]): readonly string[] => of.map(({ type }) => type).toSorted();

function told(
  kind: FieldChange['kind'],
  facts: Pick<FieldChange, 'field' | 'types' | 'typesBefore'>,
  of: readonly SeenField[],
): readonly FieldChange[] {
  const [first] = of.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  if (first === undefined) return [];
  const { at, stream, requestId, runId } = first;
  return [{ kind, ...facts, records: recordsOf(of), at, stream, requestId, runId }];
}
