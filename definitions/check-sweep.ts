import { isNamedFormat } from '../core/time-formats.ts';
import { recordField } from './columns.ts';
import type { StreamDefinition } from './definition.ts';
import { includedNames, parentFields } from './mentions.ts';
import type { Path, Problem } from './problem.ts';
import { usableSchema } from './usable-schema.ts';

/** Whether a listing can tell what is gone: it has all there is, all of its time, or all of its parents. */
export function checkSweep(stream: StreamDefinition, path: Path): Problem[] {
  const { deletes, incremental, parent, pagination } = stream;
  if (deletes?.sweep === undefined) return [];
  if ('keep' in pagination && pagination.keep !== undefined)
    return [{ path, says: 'with pagination.keep a run reads only what is new: what it does not have is not gone' }];
  if (deletes.sweep === 'window') return checkWindow(stream, path);
  if (incremental !== undefined)
    return [
      {
        path,
        says: 'with `incremental` a run reads only what changed: what it does not have is not gone. `sweep: window` is for a field that never changes',
      },
    ];
  if (deletes.sweep === 'parent') return checkParent(stream, path);
  return parent?.changed === undefined
    ? []
    : [{ path, says: 'with parent.changed a run asks for some parents only: write `sweep: parent`' }];
}

function checkWindow({ incremental, parent, ...stream }: StreamDefinition, path: Path): Problem[] {
  if (incremental === undefined || parent !== undefined)
    return [{ path, says: 'expected a stream with `incremental` and without `parent`: otherwise a run has no window' }];
  if (incremental.end === undefined || !tellsTime(incremental.end.format))
    return [
      {
        path,
        says: 'expected `incremental.end` with a format that has the time of day: otherwise nobody knows where the window ends for the partner',
      },
    ];
  const json = usableSchema(stream)?.json;
  const type =
    json === undefined ? 'timestamp' : recordField({ ...stream, incremental, parent }, json, incremental.field)?.type;
  return type === 'timestamp'
    ? []
    : [
        {
          path,
          says: `expected incremental.field to be a time (format: date-time, or \`times\`), found ${type ?? 'nothing'}`,
        },
      ];
}

const tellsTime = (format: string): boolean => (isNamedFormat(format) ? format !== 'date' : /[Hh]/.test(format));

function checkParent(stream: StreamDefinition, path: Path): Problem[] {
  const { parent } = stream;
  if (parent === undefined) return [{ path, says: 'expected a stream with `parent`' }];
  const included = Object.keys(includedNames(stream));
  const missing = parentFields(stream).filter((field) => field !== parent.changed && !included.includes(field));
  if (parent.batch === 1 && missing.length === 0) return [];
  return [
    {
      path,
      says: `expected parent.include with all that a call depends on, so that each row says whose it is${
        missing.length === 0 ? '' : `; ${missing.join(', ')} is not included`
      }`,
    },
  ];
}
