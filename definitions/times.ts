import { z } from 'zod';
import { isNamedFormat, timeFormats } from '../core/time-formats.ts';
import { timePattern } from '../core/time-pattern.ts';
import { isZone } from '../core/zone.ts';
import { means } from './means.ts';

/** A name of `timeFormats`, or a pattern such as `dd.MM.yyyy HH:mm`. */
export const timeFormat = z.string().check(({ value, issues }) => {
  if (isNamedFormat(value)) return;
  const pattern = timePattern(value);
  if (!('problem' in pattern)) return;
  const looksLikeOne = /[yMdHh]{2}/.test(value) && !/^[a-z]+[A-Z]?[a-z]*$/.test(value);
  if (looksLikeOne)
    issues.push({
      code: 'custom',
      input: value,
      message: `a pattern of a time such as yyyy-MM-dd HH:mm:ss (${pattern.problem})`,
    });
  else issues.push({ code: 'invalid_value', values: [...timeFormats], input: value });
});

export const timeZone = z.string().refine(isZone, 'a time zone such as UTC or Europe/Berlin');

const formats = z.array(timeFormat).min(1);

const fieldTime = z.strictObject({
  formats: means(
    'how the time may be written, tried in this order; `[iso]` if absent, for a date `[date]`',
    formats.optional(),
  ),
  zone: means('time zone of times that name none; without it they go to quarantine', timeZone.optional()),
  emptyIsNull: means(
    "whether '', 0000-00-00 and 0000-00-00 00:00:00 mean that there is no time",
    z.boolean().default(false),
  ),
});
export type FieldTime = z.output<typeof fieldTime>;

/** How the times of fields are written, by field; `*`: of all that the schema calls `date-time`. */
export const times = z.record(
  z.string().min(1),
  z
    .union([timeFormat, formats, fieldTime])
    .transform((value): FieldTime =>
      typeof value === 'string'
        ? { formats: [value], emptyIsNull: false }
        : Array.isArray(value)
          ? { formats: value, emptyIsNull: false }
          : value,
    ),
);
export type Times = z.output<typeof times>;
