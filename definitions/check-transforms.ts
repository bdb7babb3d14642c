import { columnText } from '../core/column-text.ts';
import { nameProblems } from './check-columns.ts';
import { missingField } from './check-parents.ts';
import { columnsOf, keyColumnsOf } from './columns.ts';
import { compileTransforms, piecesOf } from './compile-transforms.ts';
import type { Column } from './compiled.ts';
import type { StreamDefinition } from './definition.ts';
import { columnType, type JsonSchema } from './json-schema.ts';
import type { Path, Problem } from './problem.ts';
import { schemaInside } from './schema-inside.ts';
import { EXTRA, hides, type Transform, type Transforms } from './transforms.ts';
import { usableSchema } from './usable-schema.ts';

/** Whether the stream's transforms name fields that there are, contradict nothing, and make a table. */
export function checkTransforms(
  stream: StreamDefinition,
  path: Path,
  isSecret?: (path: Path) => boolean,
): readonly Problem[] {
  const { transforms } = stream;
  const json = usableSchema(stream)?.json;
  // What is wrong with the schema is said elsewhere.
  if (transforms === undefined || json === undefined) return [];
  const at = [...path, 'transforms'];
  const sources = columnsOf(stream, json);
  const around: Around = { stream, transforms, json, sources, isSecret };
  const problems = Object.entries(transforms).flatMap(([field, own]) =>
    checkOne(field, own, around).map((says) => ({ path: [...at, field], says })),
  );
  return problems.length > 0 ? problems : checkNames(around, at);
}

interface Around {
  readonly stream: StreamDefinition;
  readonly transforms: Transforms;
  readonly json: JsonSchema;
  readonly sources: readonly Column[];
  readonly isSecret: ((path: Path) => boolean) | undefined;
}

function checkOne(field: string, own: Transform, around: Around): string[] {
  const said = Object.keys(own).filter((name) => own[name as keyof Transform] !== undefined);
  if (said.length === 0)
    return ['says nothing; known are cast, default, mask, hash, encrypt, rename, drop and compute'];
  if (own.compute !== undefined) return checkComputed(field, own, said, around);
  if (own.as !== undefined) return ['`as` is the type of a computed field; write cast for one that comes'];
  if (own.drop === true && said.length > 1)
    return [`drop cannot be combined with others; found ${without(said, 'drop')} beside it`];
  const hiding = said.filter((name) => ['mask', 'hash', 'encrypt'].includes(name));
  if (hiding.length > 1) return [`expected one of mask, hash and encrypt, found ${hiding.join(' and ')}`];
  if (field === EXTRA)
    return own.drop === true ? [] : ['what has no column can only be dropped: _extra: { drop: true }'];
  const source = around.sources.find(({ path }) => path.join('.') === field);
  return source === undefined ? checkInner(field, said, around) : checkField(source, own, { said, around });
}

function checkField(
  source: Column,
  own: Transform,
  { said, around }: { readonly said: readonly string[]; readonly around: Around },
): string[] {
  const { stream, json, transforms } = around;
  const field = source.path.join('.');
  if (keyColumnsOf(stream, json).some(({ path }) => path.join('.') === field) && said.some((name) => name !== 'rename'))
    return ['a field of the primary key stays as it came, because it identifies rows: only rename is possible'];
  if (stream.version.includes(field) && hides(own))
    return ['a field of the version is shown in _version of each row as well; it cannot be hidden'];
  const inner = Object.keys(transforms).find((other) => other.startsWith(`${field}.`));
  if (inner !== undefined) return [`${inner} is inside it and has a transform, too; leave one of the two out`];
  if (own.mask !== undefined && (own.cast ?? source.type) === 'json') return [NO_MASK];
  if (own.default === undefined) return [];
  const made = columnText(own.cast ?? source.type, own.default);
  return 'reason' in made ? [`default: ${made.reason}`] : [];
}

const NO_MASK =
  'of an object or array no characters can be kept; write drop, hash or encrypt, or name the fields inside it';

function checkInner(field: string, said: readonly string[], { json, sources, transforms }: Around): string[] {
  const outer = sources.find(({ path, type }) => type === 'json' && field.startsWith(`${path.join('.')}.`));
  const schema = outer === undefined ? undefined : schemaInside(json, field.split('.'));
  if (schema === undefined) return [missingField(field, json, 'the schema')];
  const other = said.find((name) => !['drop', 'mask', 'hash', 'encrypt'].includes(name));
  if (other !== undefined)
    return [`${other} is for columns; inside an object only drop, mask, hash and encrypt are possible`];
  const above = Object.keys(transforms).find((name) => field.startsWith(`${name}.`) && name !== outer?.path.join('.'));
  if (above !== undefined) return [`it is inside ${above}, which has a transform, too; leave one of the two out`];
  return said.includes('mask') && columnType(schema, json) === 'json' ? [NO_MASK] : [];
}

function checkComputed(name: string, { compute }: Transform, said: readonly string[], around: Around): string[] {
  const { stream, json, sources } = around;
  const others = said.filter((each) => each !== 'compute' && each !== 'as');
  if (others.length > 0) return [`compute can only be combined with \`as\`; found ${others.join(' and ')} beside it`];
  if (keyColumnsOf(stream, json).some(({ path }) => path.join('.') === name))
    return ['a field of the primary key stays as it came, because it identifies rows'];
  if (typeof compute !== 'string') return [];
  const pieces = piecesOf(compute);
  if (pieces === undefined)
    return ['compute: expected a text with {fields}; a placeholder here has neither format nor quoting'];
  const fields = pieces.flatMap((piece) => (typeof piece === 'string' ? [] : [piece.field]));
  if (fields.length === 0)
    return ['compute: expected a {field} in the text; a text without one would be the same in all rows'];
  return fields.flatMap((field) =>
    sources.some(({ path }) => path.join('.') === field) || schemaInside(json, field.split('.')) !== undefined
      ? []
      : [`compute: ${missingField(field, json, 'the schema')}`],
  );
}

/** Names of the columns that tables have in the end. */
function checkNames({ transforms, json, sources, isSecret }: Around, at: Path): Problem[] {
  const { columns } = compileTransforms(transforms, { sources, json, eventField: undefined });
  const taken = new Map<string, string>();
  const problems = columns.flatMap(({ name, path }): Problem[] => {
    const field = path.join('.');
    const own = Object.hasOwn(transforms, field) ? [...at, field] : at;
    const other = taken.get(name.toLowerCase());
    taken.set(name.toLowerCase(), other ?? field);
    if (other !== undefined)
      return [{ path: own, says: `two columns "${name}", of ${other} and ${field}; rename one of them` }];
    if (own === at) return [];
    return nameProblems(name).map((says) => ({ path: own, says: says.split(';')[0] as string }));
  });
  return [...problems, ...(isSecret === undefined ? [] : checkKeys(transforms, at, isSecret))];
}

function checkKeys(transforms: Transforms, at: Path, isSecret: (path: Path) => boolean): Problem[] {
  return Object.entries(transforms).flatMap(([field, own]) =>
    (['hash', 'encrypt'] as const)
      .filter((name) => own[name] !== undefined && !isSecret([...at, field, name]))
      .map((name) => ({
        path: [...at, field, name],
        says: 'a key is a secret: take it from the environment, as ${NAME}',
      })),
  );
}

const without = (said: readonly string[], name: string): string => said.filter((each) => each !== name).join(' and ');
