import { closest } from './closest.ts';
import type { Partner } from './definition.ts';
import { fieldAt, fieldsOf, schemaAt, type JsonSchema } from './json-schema.ts';
import type { Problem } from './problem.ts';
import { usableSchema } from './usable-schema.ts';

type Streams = Partner['streams'];

/** Parents exist, do not go round in circles, and have the field that is asked of them. */
export function checkParents(streams: Streams): readonly Problem[] {
  return Object.entries(streams).flatMap(([name, stream]) => {
    if (stream.parent === undefined) return [];
    const path = ['streams', name, 'parent'];
    const { stream: wanted, field } = stream.parent;
    const parent = Object.hasOwn(streams, wanted) ? streams[wanted] : undefined;
    if (parent === undefined) {
      const others = Object.keys(streams).filter((other) => other !== name);
      return [
        {
          path: [...path, 'stream'],
          says: `there is no stream "${wanted}"; ${otherStreams(wanted, others)}`,
        },
      ];
    }
    const circle = circleFrom(name, streams);
    if (circle !== undefined)
      return [
        {
          path: [...path, 'stream'],
          says: `parents go in a circle: ${circle.join(' → ')}; one of them must do without a parent`,
        },
      ];
    const json = usableSchema(parent)?.json;
    if (json === undefined || fieldAt(json, field) !== undefined) return [];
    return [{ path: [...path, 'field'], says: missingField(field, json, `the schema of ${wanted}`) }];
  });
}

/** `name → … → name` when following parents from `name` leads back to it. */
function circleFrom(name: string, streams: Streams): string[] | undefined {
  const way = [name];
  for (;;) {
    const next = streams[way.at(-1) as string]?.parent?.stream;
    if (next === undefined || way.indexOf(next) > 0) return undefined;
    way.push(next);
    if (next === name) return way;
  }
}

/** Names the fields beside the one that is missing: inside the same object, if it is a dotted one. */
export function missingField(field: string, json: JsonSchema, where: string): string {
  const parent = field.split('.').slice(0, -1);
  const inside = parent.length === 0 ? undefined : schemaAt(json, parent);
  const prefix = inside === undefined ? '' : `${parent.join('.')}.`;
  const names = [...fieldsOf(inside ?? json, json).keys()];
  const near = closest(field.slice(prefix.length), names);
  const known = names.slice(0, 20).map((name) => `${prefix}${name}`);
  const cure =
    near !== undefined
      ? `did you mean "${prefix}${near}"?`
      : `add it to properties${known.length === 0 ? '' : `; there are ${known.join(', ')}`}`;
  return `field "${field}" is not in ${where}; ${cure}`;
}

function otherStreams(wanted: string, others: readonly string[]): string {
  const near = closest(wanted, others);
  if (near !== undefined) return `did you mean "${near}"?`;
  return others.length === 0 ? 'there are no others' : `the others are ${others.join(', ')}`;
}
