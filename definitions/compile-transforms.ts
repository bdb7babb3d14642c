import { createHash, createHmac } from 'node:crypto';
import { canonicalJson } from '../core/canonical.ts';
import type { Column, ColumnType } from '../core/column.ts';
import { columnText } from '../core/column-text.ts';
import { STAMP } from '../core/stamp.ts';
import type { Cell, InnerField, RowTransform, Steps, TemplatePiece } from '../core/transform.ts';
import { columnType, type JsonSchema } from './json-schema.ts';
import { schemaInside } from './schema-inside.ts';
import { isPlaceholder, parseTemplate } from './template.ts';
import { EXTRA, hides, type Transform, type Transforms } from './transforms.ts';

export interface Transformed {
  readonly columns: readonly Column[];
  readonly transform: RowTransform;
}

/** The columns that tables have, and how their texts come about. `sources`: the columns of the record as it came, the key first. */
export function compileTransforms(
  transforms: Transforms,
  {
    sources,
    json,
    eventField,
  }: { readonly sources: readonly Column[]; readonly json: JsonSchema; readonly eventField: string | undefined },
): Transformed {
  const stamp = stampOf(transforms);
  const made: { readonly column: Column; readonly cell: Cell }[] = [];
  for (const source of sources) {
    const field = source.path.join('.');
    const own = transforms[field];
    if (own?.drop === true || own?.compute !== undefined) continue;
    made.push(
      own === undefined
        ? { column: source, cell: plainOrInside(source, transforms, json) }
        : { column: outOf(source, own), cell: cellOf(source, own) },
    );
  }
  for (const [name, { compute, as: type = 'text' }] of Object.entries(transforms)) {
    if (compute === undefined) continue;
    const cell: Cell =
      typeof compute === 'function'
        ? { kind: 'function', name, compute, type }
        : { kind: 'template', name, pieces: piecesOf(compute) ?? [], type };
    made.push({ column: { name, path: [name], type }, cell });
  }
  made.push({ column: { name: STAMP, path: [STAMP], type: 'text' }, cell: { kind: 'stamp', stamp } });
  const times = sources.find((source) => source.path.join('.') === eventField);
  return {
    columns: made.map(({ column }) => column),
    transform: {
      stamp,
      cells: made.map(({ cell }) => cell),
      sources: new Map(sources.map((source) => [source.path.join('.'), source])),
      eventTime: times?.type === 'timestamp' ? times : undefined,
      dropsExtra: transforms[EXTRA]?.drop === true,
      hidden: Object.entries(transforms).flatMap(([field, own]) => (own.drop === true || hides(own) ? [field] : [])),
    },
  };
}

/** The type that a column has after its transform. */
export const typeAfter = (type: ColumnType, own: Transform): ColumnType => (hides(own) ? 'text' : (own.cast ?? type));

/** Fields of a template in their places; undefined: it cannot be read. */
export function piecesOf(text: string): readonly TemplatePiece[] | undefined {
  const pieces = parseTemplate(text, 'text')?.map((piece): TemplatePiece | undefined => {
    if (typeof piece === 'string') return piece;
    return isPlaceholder(piece) && piece.format === undefined && piece.quoting === undefined
      ? { field: piece.name }
      : undefined;
  });
  return pieces?.every((piece) => piece !== undefined) === true ? pieces : undefined;
}

function outOf(source: Column, own: Transform): Column {
  const { read, was, ...rest } = source;
  const type = typeAfter(source.type, own);
  const isRead = read !== undefined && !hides(own) && own.cast === undefined;
  const named = own.rename === undefined ? { ...(was === undefined ? {} : { was }) } : { name: own.rename };
  return { ...rest, ...named, type, ...(isRead ? { read } : {}) };
}

const cellOf = (source: Column, own: Transform): Cell =>
  isPlain(own) ? { kind: 'plain', source } : { kind: 'field', source, steps: stepsOf(source.type, own) };

const isPlain = (own: Transform): boolean => own.cast === undefined && own.default === undefined && !hides(own);

function plainOrInside(source: Column, transforms: Transforms, json: JsonSchema): Cell {
  const start = `${source.path.join('.')}.`;
  const inner = Object.entries(transforms).flatMap(([field, own]): InnerField[] => {
    if (source.type !== 'json' || !field.startsWith(start)) return [];
    const path = field.slice(start.length).split('.');
    const schema = schemaInside(json, [...source.path, ...path]);
    const type = schema === undefined ? 'json' : columnType(schema, json);
    return [{ path, type, hide: hideOf(own) ?? null }];
  });
  return inner.length === 0 ? { kind: 'plain', source } : { kind: 'inside', source, inner };
}

function stepsOf(type: ColumnType, own: Transform): Steps {
  const said = own.default === undefined ? undefined : columnText(own.cast ?? type, own.default);
  return {
    cast: own.cast,
    otherwise: said !== undefined && 'text' in said ? (said.text ?? undefined) : undefined,
    hide: hideOf(own),
  };
}

function hideOf({ mask, hash, encrypt }: Transform): Steps['hide'] {
  if (hash !== undefined) return { kind: 'hash', key: hash };
  if (encrypt !== undefined) return { kind: 'encrypt', key: encrypt };
  if (mask === undefined) return undefined;
  const { first, last, with: stands } = mask === true ? { first: 0, last: 0, with: '****' } : mask;
  return { kind: 'mask', first, last, with: stands };
}

/** Grows when our own code makes another row of the same record. */
const CODE = 1;

/** Keys count by a fingerprint, functions by their text: what they call does not. */
function stampOf(transforms: Transforms): string {
  const said = Object.entries(transforms).map(([field, own]) => {
    const { hash, encrypt, compute, ...rest } = own;
    return [
      field,
      {
        ...rest,
        ...(hash === undefined ? {} : { hash: fingerprint(hash) }),
        ...(encrypt === undefined ? {} : { encrypt: fingerprint(encrypt) }),
        ...(compute === undefined ? {} : { compute: String(compute) }),
      },
    ] as const;
  });
  const text = canonicalJson([CODE, Object.fromEntries(said)]);
  return createHash('sha256').update(text).digest('hex').slice(0, 12);
}

const fingerprint = (key: string): string =>
  createHmac('sha256', key).update('syncline fingerprint of a key').digest('hex').slice(0, 16);
