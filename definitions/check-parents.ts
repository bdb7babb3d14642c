import { closest } from './closest.ts';
import type { Partner, StreamDefinition } from './definition.ts';
import { fieldAt, fieldsOf, schemaAt, type JsonSchema } from './json-schema.ts';
import { PARENT, parentFields } from './mentions.ts';
import type { Path, Problem } from './problem.ts';
import { templatesOf } from './templates-of.ts';
import { usableSchema } from './usable-schema.ts';

type Streams = Partner['streams'];

/** Parents exist, do not go round in circles, and have the field that is asked of them. */
export function checkParents(streams: Streams): readonly Problem[] {
  return Object.entries(streams).flatMap(([name, stream]) => {
    if (stream.parent === undefined) return [];
    const path = ['streams', name, 'parent'];
    const { stream: wanted } = stream.parent;
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
    if (json === undefined) return [];
    return parentFields(stream).flatMap((field) => {
      const at = placeOf(field, stream, ['streams', name]);
      if (fieldAt(json, field) === undefined)
        return [{ path: at, says: missingField(field, json, `the schema of ${wanted}`) }];
      return isTransformed(parent, field)
        ? [
            {
              path: at,
              says: `transforms of ${wanted} change "${field}", and its table is where it is read from: leave it as it came, or only rename it`,
            },
          ]
        : [];
    });
  });
}

/** Whether the table shows something else than what came. */
function isTransformed({ transforms = {} }: StreamDefinition, field: string): boolean {
  return Object.entries(transforms).some(
    ([name, { rename: _rename, ...own }]) =>
      (name === field || field.startsWith(`${name}.`) || name.startsWith(`${field}.`)) &&
      Object.values(own).some((said) => said !== undefined),
  );
}

/** Where a stream names the field of its parent. */
function placeOf(field: string, stream: StreamDefinition, path: Path): Path {
  const { parent } = stream;
  if (parent?.field === field) return [...path, 'parent', 'field'];
  if (parent?.changed === field) return [...path, 'parent', 'changed'];
  const index = parent?.fields.indexOf(field) ?? -1;
  if (index >= 0) return [...path, 'parent', 'fields', index];
  const mentioned = templatesOf(stream).find(({ text }) => text.includes(`{${PARENT}${field}`));
  return mentioned === undefined ? [...path, 'parent', 'include'] : [...path, ...mentioned.path];
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
