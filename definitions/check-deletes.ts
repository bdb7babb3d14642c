import { keyColumnsOf, recordField } from './columns.ts';
import { closest } from './closest.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import type { Path, Problem } from './problem.ts';
import { usableSchema } from './usable-schema.ts';

/** Whether what the streams say of deletes can be kept. */
export const checkDeletes = (streams: Partner['streams']): readonly Problem[] =>
  Object.entries(streams).flatMap(([name, stream]) => {
    const at = ['streams', name, 'deletes'];
    if (stream.deletes === undefined) return [];
    return [
      ...checkOwn(stream, at),
      ...(stream.deletes.of === undefined ? [] : checkOther(name, streams, [...at, 'of'])),
    ];
  });

function checkOwn({ deletes = { as: 'hard' }, disposition, primaryKey }: StreamDefinition, at: Path): Problem[] {
  const problems: Problem[] = [];
  if (disposition !== 'merge')
    problems.push({
      path: at,
      says:
        disposition === 'replace'
          ? 'a `replace` shows what the last complete listing had, and nothing else: leave `deletes` out, or use disposition: merge'
          : 'an `append` keeps every record that came, also one that says that another is gone: use disposition: merge',
    });
  if (primaryKey.length === 0) problems.push({ path: at, says: 'without a primaryKey nobody can tell what is gone' });
  if (deletes.field === undefined && (deletes.equals !== undefined || deletes.in !== undefined))
    problems.push({ path: [...at, 'field'], says: 'missing; expected the field that `equals` and `in` speak of' });
  if (deletes.equals !== undefined && deletes.in !== undefined)
    problems.push({ path: [...at, 'equals'], says: 'write either `equals` or `in`' });
  if (deletes.of !== undefined && deletes.field !== undefined)
    problems.push({
      path: [...at, 'field'],
      says: 'every record of a stream with `of` is a delete: write either `of` or `field`',
    });
  return problems;
}

/** The stream whose records are gone is there, keeps in mind what is gone, and has the same key. */
function checkOther(name: string, streams: Partner['streams'], path: Path): Problem[] {
  const own = streams[name] as StreamDefinition;
  const of = own.deletes?.of as string;
  const other = Object.hasOwn(streams, of) && of !== name ? streams[of] : undefined;
  if (other === undefined) {
    const others = Object.keys(streams).filter((each) => each !== name);
    const near = closest(of, others);
    return [
      {
        path,
        says: `there is no other stream "${of}"; ${near === undefined ? `the others are ${others.join(', ')}` : `did you mean "${near}"?`}`,
      },
    ];
  }
  if (other.disposition !== 'merge' || other.deletes === undefined || other.deletes.of !== undefined)
    return [
      {
        path,
        says: `stream "${of}" must keep in mind what is gone: write deletes: { as: hard } or { as: soft } there, with disposition: merge`,
      },
    ];
  const [ownTypes, otherTypes] = [typesOf(own), typesOf(other)];
  if (ownTypes === undefined || otherTypes === undefined) return [];
  const problems: Problem[] = [];
  if (ownTypes.key !== otherTypes.key)
    problems.push({
      path: ['streams', name, 'primaryKey'],
      says: `expected fields of the types of the key of "${of}" (${otherTypes.key}), in its order, found ${ownTypes.key}`,
    });
  if (ownTypes.version !== '' && ownTypes.version !== otherTypes.version)
    problems.push({
      path: ['streams', name, 'version'],
      says: `expected none, or fields of the types of the version of "${of}" (${otherTypes.version || 'which has none'}), found ${ownTypes.version}`,
    });
  return problems;
}

function typesOf(stream: StreamDefinition): { readonly key: string; readonly version: string } | undefined {
  const json = usableSchema(stream)?.json;
  if (json === undefined) return undefined;
  return {
    key: keyColumnsOf(stream, json)
      .map(({ type }) => type)
      .join(', '),
    version: stream.version.map((field) => recordField(stream, json, field)?.type ?? '').join(', '),
  };
}
