import { z } from 'zod';
import { ownField } from '../core/inherited.ts';
import type { Path } from './problem.ts';

/** The parts of zod's definitions that a walk from the root of a schema needs. */
interface Definition {
  readonly innerType?: z.ZodType;
  readonly in?: z.ZodType;
  readonly shape?: Readonly<Record<string, z.ZodType>>;
  readonly valueType?: z.ZodType;
  readonly element?: z.ZodType;
  readonly options?: readonly z.ZodType[];
  readonly discriminator?: string;
}

/** The field names that `schema` knows at `path` of `value`; none where it knows no fixed ones. */
export const knownFields = (schema: z.ZodType, value: unknown, path: Path): readonly string[] =>
  schemasAt(schema, value, path)
    .map(({ def }) => Object.keys((def as Definition).shape ?? {}))
    .find((names) => names.length > 0) ?? [];

/** What `schema` says that the field at `path` of `value` is; undefined where it says nothing. */
export const meaningOf = (schema: z.ZodType, value: unknown, path: Path): string | undefined =>
  schemasAt(schema, value, path).find(({ description }) => description !== undefined)?.description;

/** All that `schema` asks of what is at `path` of `value`: a schema before those that it wraps, a union before its branches. */
function schemasAt(schema: z.ZodType, value: unknown, path: Path): readonly z.ZodType[] {
  const own = path.length === 0 ? [schema] : [];
  const definition = schema.def as z.ZodType['def'] & Definition;
  const inner = definition.innerType ?? definition.in;
  if (inner !== undefined) return [...own, ...schemasAt(inner, value, path)];
  if (definition.options !== undefined) {
    const meant = definition.options.filter((option) => isMeant(option, definition.discriminator, value));
    return [...own, ...meant.flatMap((option) => schemasAt(option, value, path))];
  }
  const [step, ...rest] = path;
  if (step === undefined) return own;
  const field = Object.hasOwn(definition.shape ?? {}, step) ? definition.shape?.[step] : undefined;
  const next = field ?? definition.valueType ?? definition.element;
  return next === undefined ? [] : schemasAt(next, member(value, step), rest);
}

/** Whether this is the branch of a discriminated union that the value names. */
function isMeant(option: z.ZodType, discriminator: string | undefined, value: unknown): boolean {
  if (discriminator === undefined || !(option instanceof z.ZodObject)) return true;
  const literal: unknown = option.shape[discriminator];
  return !(literal instanceof z.ZodLiteral) || literal.values.has(member(value, discriminator) as string);
}

const member = (value: unknown, step: string | number): unknown =>
  typeof value === 'object' && value !== null ? ownField(value, String(step)) : undefined;
