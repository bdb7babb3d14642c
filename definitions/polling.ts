import { z } from 'zod';
import { means } from './means.ts';

/** What the first page of a run says of when to ask for it again: a run that begins sooner waits (docs/polling.md). */
export const polling = means(
  'where the first answer says how soon to ask again; a run that begins sooner waits',
  z
    .strictObject({
      header: means('header with the number of seconds', z.string().min(1).default('X-Poll-Interval')),
      path: means('path of the number of seconds in the body', z.string().min(1).optional()),
      // The partner's caches answer no sooner with anything new.
      maxAge: means('whether `Cache-Control: max-age` counts as well', z.boolean().default(false)),
    })
    .prefault({}),
);
export type Polling = z.output<typeof polling>;
