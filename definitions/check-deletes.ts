import { checkSweep } from './check-sweep.ts';
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

function checkOwn(stream: StreamDefinition, at: Path): Problem[] {
  const { deletes, disposition, primaryKey } = stream;
  if (deletes === undefined) return [];
  const { of, field, equals, in: among, sweep, as } = deletes;
  const tells = of ?? field ?? equals ?? among ?? sweep;
  // A `replace` has a sweep of its own, and may say when it is held.
  if (disposition === 'replace')
    return tells === undefined && as === 'hard'
      ? []
      : [
          {
            path: at,
            says: 'a `replace` shows what the last complete listing had, and nothing else: write no more than `hold`, or use disposition: merge',
          },
        ];
  if (disposition === 'append')
    return [
      {
        path: at,
        says: 'an `append` keeps every record that came, also one that says that another is gone: use disposition: merge',
      },
    ];
  const problems: Problem[] = [];
  if (primaryKey.length === 0)
    problems.push({ path: at, says: 'without a primaryKey Syncline cannot know what is gone' });
  if (field === undefined && (equals !== undefined || among !== undefined))
    problems.push({ path: [...at, 'field'], says: 'missing; expected the field that `equals` and `in` speak of' });
  if (equals !== undefined && among !== undefined)
    problems.push({ path: [...at, 'equals'], says: 'write either `equals` or `in`' });
  if (of !== undefined && (field !== undefined || sweep !== undefined))
    problems.push({
      path: [...at, 'of'],
      says: 'every record of such a stream is a delete: write neither `field` nor `sweep` beside it',
    });
  return [...problems, ...checkSweep(stream, [...at, 'sweep'])];
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
        says: `stream "${of}" must remember what is gone: write deletes: { as: hard } or { as: soft } there, with disposition: merge`,
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
