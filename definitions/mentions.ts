import type { StreamDefinition } from './definition.ts';
import { parseTemplate, placeholdersIn, type Placeholder } from './template.ts';
import { templatesOf } from './templates-of.ts';

export const PARENT = 'parent.';

const known = new WeakMap<object, readonly Placeholder[]>();

/** The placeholders in a stream's templates. */
export function placeholdersOf(stream: StreamDefinition): readonly Placeholder[] {
  const found = known.get(stream);
  if (found !== undefined) return found;
  const placeholders = templatesOf(stream).flatMap(({ text, kind }) => placeholdersIn(parseTemplate(text, kind) ?? []));
  known.set(stream, placeholders);
  return placeholders;
}

/** Whether a template says where a value goes, so that no parameter of its own has to. */
export const mentions = (stream: StreamDefinition, name: 'start' | 'end' | 'cursor' | 'limit'): boolean =>
  placeholdersOf(stream).some((placeholder) => placeholder.name === name);

/** The parameter that takes the cursor; undefined: a template has it, or the next URL is asked as it is. */
export function cursorParameter(stream: StreamDefinition): string | undefined {
  const { pagination } = stream;
  if (!('in' in pagination)) return undefined;
  if (pagination.as !== undefined || mentions(stream, 'cursor')) return pagination.as;
  return pagination.type === 'offset' || pagination.type === 'page' ? pagination.type : undefined;
}

/** Whether the partner is told where a range of time ends. */
export const readsRanges = (stream: StreamDefinition): boolean =>
  stream.incremental !== undefined && (stream.incremental.end !== undefined || mentions(stream, 'end'));

/** Fields of the parent's records that a call depends on, in an order that stays; more than one makes tuples of its values. */
export function parentFields(stream: StreamDefinition): readonly string[] {
  const { parent } = stream;
  if (parent === undefined) return [];
  const included = typeof parent.include === 'object' ? Object.keys(parent.include) : [];
  const inTemplates = placeholdersOf(stream).flatMap(({ name }) =>
    name.startsWith(PARENT) ? [name.slice(PARENT.length)] : [],
  );
  const first = parent.field === undefined ? [] : [parent.field];
  const fields = new Set([...first, ...parent.fields, ...inTemplates, ...included]);
  if (parent.changed === undefined) return [...fields];
  // The last one: without it the text of a parent says which parent it is.
  fields.delete(parent.changed);
  return [...fields, parent.changed];
}

/** What is added to each record, by the parent's fields. */
export function includedNames(stream: StreamDefinition): Readonly<Record<string, string>> {
  const include = stream.parent?.include;
  if (include === undefined) return {};
  if (typeof include === 'object') return include;
  const field = stream.parent?.field ?? parentFields(stream)[0];
  return field === undefined ? {} : { [field]: include };
}
