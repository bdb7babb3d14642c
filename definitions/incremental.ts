import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { means } from './means.ts';
import { place } from './request-shapes.ts';
import { timeFormat, timeZone } from './times.ts';

const timeParam = z.strictObject({
  as: means('name of the parameter for the time', z.string().min(1)),
  in: place.default('query'),
  format: means(
    'how the time is written: a format such as `epochMs`, or a pattern such as `yyyy-MM-dd HH:mm:ss`',
    timeFormat.default('iso'),
  ),
  zone: means('time zone in which the partner reads the time; UTC if absent', timeZone.optional()),
});

export const incremental = z.strictObject({
  field: means('path of the field of a record that moves forward, such as its time of change', z.string().min(1)),
  start: means(
    'the parameter for the start of the time to read; left out if the request has the placeholder `{start}`',
    timeParam.optional(),
  ),
  end: means(
    'the parameter for the end of the time to read; left out if the request has `{end}`, or there is none',
    timeParam.optional(),
  ),
  zone: means(
    'time zone in which the partner reads the placeholders `{start}` and `{end}`; UTC if absent',
    timeZone.optional(),
  ),
  // An exclusive start is sent one step earlier.
  startInclusive: means('whether the partner sends records of exactly the start', z.boolean().default(true)),
  endInclusive: means('whether the partner sends records of exactly the end', z.boolean().default(false)),
  lookback: means(
    'how far before the last known time each run reads again, so that records committed late are not lost',
    durationMs.default(0),
  ),
  lag: means(
    'how much later changes may show up at the partner; no run begins after the start of the last one less this',
    durationMs.default(0),
  ),
  initial: means(
    'where the first run starts; if absent, it asks for everything, also for records without the field',
    z.iso.datetime({ offset: true }).optional(),
  ),
});
export type Incremental = z.output<typeof incremental>;
