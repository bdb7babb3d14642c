import { isPlainTime } from '../core/column-text.ts';
import type { JsonSchema } from './json-schema.ts';

const day =
  '(?:(?:\\d\\d[2468][048]|\\d\\d[13579][26]|\\d\\d0[48]|[02468][048]00|[13579][26]00)-02-29|(?!0000)\\d{4}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8])))';
const clock = '(?:[01]\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d(?:\\.\\d{1,60})?)?';
const offset = '(?:[Zz]|[+-](?:0\\d|1[0-4])(?::?[0-5]\\d)?)';

/**
 * What `format: date-time` takes: RFC 3339, and what partners make of it without any doubt what it means: offsets without a colon
 * (Jira, Salesforce) or without minutes (PostgreSQL), a space for the `T`, no seconds. A zone there must be.
 */
const DATE_TIME = `^${day}[Tt ]${clock}${offset}$`;
const expression = new RegExp(DATE_TIME);

export const isDateTime = (text: string): boolean => isPlainTime(text) || expression.test(text);

/** As zod names the pattern of an issue. */
export const dateTimePattern = String(expression);

/** A schema of a text in which `format: date-time` is said by its pattern: zod itself takes less. */
export function withDateTime(schema: JsonSchema): JsonSchema {
  if (typeof schema === 'boolean' || schema.format !== 'date-time' || schema.pattern !== undefined) return schema;
  const { format: _format, ...rest } = schema;
  return { ...rest, pattern: DATE_TIME };
}
