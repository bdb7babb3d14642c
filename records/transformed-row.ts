import { assertNever } from '../core/assert-never.ts';
import { columnText, jsonText, type ColumnText } from '../core/column-text.ts';
import type { Column, ColumnType } from '../core/column.ts';
import { carryExact, exactJson } from '../core/exact-numbers.ts';
import { ownField } from '../core/inherited.ts';
import { valueAt } from '../core/json.ts';
import type { Cell, Hide, InnerField, RowTransform, Steps } from '../core/transform.ts';
import type { Mismatch } from '../definitions/compiled.ts';
import { castText } from './cast-text.ts';
import { hideText } from './hide-text.ts';

const words: Readonly<Record<string, string>> = { t: 'true', f: 'false' };

type Fields = Readonly<Record<string, unknown>>;

export interface Transforming {
  readonly transform: RowTransform;
  /** The record as it was checked. */
  readonly value: Fields;
  /** The text that a column has of the value at its path. */
  readonly textOf: (column: Column) => ColumnText;
  /** Whether a record lands whose field has no place in its column. */
  readonly evolves?: (field: string) => boolean;
}

/** The texts of a row's columns, or what does not fit, without its value. Pure: the same record always makes the same row. */
export function transformedRow(given: Transforming): readonly (string | null)[] | Mismatch {
  const row = new Row(given);
  const texts: (string | null)[] = [];
  for (const cell of given.transform.cells) {
    const made = row.text(cell);
    if ('reason' in made && !('source' in cell && given.evolves?.(cell.source.path[0] as string) === true))
      return { path: pathOf(cell), reason: made.reason };
    texts.push('text' in made ? made.text : null);
  }
  return texts;
}

const pathOf = (cell: Cell): string =>
  'source' in cell ? cell.source.path.join('.') : 'name' in cell ? cell.name : '';

class Row {
  readonly #given: Transforming;
  #shown: Fields | undefined;

  constructor(given: Transforming) {
    this.#given = given;
  }

  text(cell: Cell): ColumnText {
    switch (cell.kind) {
      case 'plain':
        return this.#given.textOf(cell.source);
      case 'field':
        return this.#stepped(cell.source, cell.steps);
      case 'inside':
        return innerText(valueAt(this.#given.value, cell.source.path), cell.inner);
      case 'template':
        return this.#filled(cell);
      case 'function':
        return this.#computed(cell);
      case 'stamp':
        return { text: cell.stamp };
      default:
        return assertNever(cell);
    }
  }

  #stepped(source: Column, { cast, otherwise, hide }: Steps): ColumnText {
    const came = this.#given.textOf(source);
    if ('reason' in came) return came;
    const value = valueAt(this.#given.value, source.path);
    const made =
      cast === undefined || came.text === null ? came : castText(cast, { from: source.type, text: came.text, value });
    if ('reason' in made) return made;
    const text = made.text ?? otherwise ?? null;
    return { text: text === null || hide === undefined ? text : hideText(hide, text) };
  }

  #filled({ pieces, type }: Extract<Cell, { kind: 'template' }>): ColumnText {
    let text = '';
    let found = false;
    for (const piece of pieces) {
      if (typeof piece === 'string') {
        text += piece;
        continue;
      }
      const part = this.#shownText(piece.field);
      if ('reason' in part) return part;
      found ||= part.text !== null;
      text += part.text ?? '';
    }
    if (!found) return { text: null };
    return castText(type, { from: 'text', text, value: text });
  }

  /** A field as others may see it. */
  #shownText(field: string): ColumnText {
    const { transform, textOf } = this.#given;
    const cell = transform.cells.find((each) => 'source' in each && each.source.path.join('.') === field);
    const source = transform.sources.get(field);
    if (source !== undefined) return inWords(source.type, cell === undefined ? textOf(source) : this.text(cell));
    const value = valueAt(this.#record(), field);
    return columnText(typeof value === 'object' ? 'json' : 'text', value);
  }

  #computed({ compute, type }: Extract<Cell, { kind: 'function' }>): ColumnText {
    let made: unknown;
    try {
      made = compute(this.#record());
    } catch (error) {
      // Its message may hold what the record says.
      return { reason: `compute threw a ${error instanceof Error ? error.name : typeof error}` };
    }
    if (typeof made === 'object' && made !== null && 'then' in made)
      return { reason: 'compute returned a promise: it has to return the value itself' };
    return columnText(type, typeof made === 'bigint' ? String(made) : made);
  }

  /** The record as others may see it: what is hidden is hidden from them, too. */
  #record(): Fields {
    if (this.#shown !== undefined) return this.#shown;
    const { transform, value } = this.#given;
    const shown: Record<string, unknown> = { ...value };
    for (const cell of transform.cells) {
      if (!('source' in cell)) continue;
      const { path, type } = cell.source;
      const [name = '', ...rest] = path;
      if (cell.kind === 'inside') {
        // What is dropped is there as it came.
        for (const { path: below, hide, type: own } of cell.inner)
          if (hide !== null) shown[name] = changedAt(shown[name], [...rest, ...below], { type: own, hide });
      } else if (cell.kind === 'field' && cell.steps.hide !== undefined) {
        if (rest.length > 0) shown[name] = changedAt(shown[name], rest, { type, hide: cell.steps.hide });
        else {
          const made = this.text(cell);
          shown[name] = 'text' in made ? made.text : null;
        }
      }
    }
    this.#shown = Object.freeze(carryExact(value, shown));
    return this.#shown;
  }
}

const inWords = (type: ColumnType, made: ColumnText): ColumnText =>
  type === 'boolean' && 'text' in made && made.text !== null ? { text: words[made.text] ?? made.text } : made;

function innerText(value: unknown, inner: readonly InnerField[]): ColumnText {
  if (value === null || value === undefined) return { text: null };
  const made = innerValue(value, inner);
  return jsonText(exactJson(made, made), made);
}

const innerValue = (value: unknown, inner: readonly InnerField[]): unknown =>
  inner.reduce((at, { path, type, hide }) => changedAt(at, path, { type, hide }), value);

/** A copy in which the field is hidden, or gone; each of the objects of an array. */
function changedAt(
  value: unknown,
  [name = '', ...rest]: readonly string[],
  how: { readonly type: ColumnType; readonly hide: Hide | null },
): unknown {
  if (Array.isArray(value))
    return carryExact(
      value,
      value.map((item) => changedAt(item, [name, ...rest], how)),
    );
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value;
  const { [name]: own, ...others } = value as Record<string, unknown>;
  if (rest.length > 0) return carryExact(value, { ...value, [name]: changedAt(own, rest, how) });
  if (how.hide === null) return carryExact(value, others);
  if (own === null || own === undefined) return value;
  // What is hidden is no number any more.
  return carryExact(value, { ...value, [name]: hideText(how.hide, plainText(value, name, how.type)) }, name);
}

function plainText(holder: object, name: string, type: ColumnType): string {
  const value = ownField(holder, name);
  const made = columnText(type === 'json' && typeof value !== 'object' ? 'text' : type, value);
  return 'text' in made && made.text !== null ? made.text : JSON.stringify(value);
}
