import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { jobMethods, sent } from './request-shapes.ts';
import { means } from './means.ts';

/**
 * An export job: the partner is asked to prepare what a stream reads, asked how far it is, and gives the result as one listing or as
 * files. The stream's own `path` and `pagination` read the result; with `files` they are not needed (docs/jobs.md).
 */

const path = z.string().min(1);

/** A request of its own, written as that of a stream: each text may hold placeholders, `{job}` and `{key}` among them. */
const asked = (method: (typeof jobMethods)[number]) => ({
  method: means('method of the request', z.enum(jobMethods).default(method)),
  path: path.describe('path of the request, appended to `baseUrl`; may hold placeholders'),
  ...sent,
});

const word = z.union([z.string(), z.number(), z.boolean()]);
const words = z.array(word).min(1);

const id = means(
  'where the answer names the job: a path in its JSON, or `{ header: NAME }`',
  z.union([
    path,
    z.strictObject({ header: means('the header that names the job, such as `Location`', z.string().min(1)) }),
  ]),
);

export const job = z.strictObject({
  create: means('the request that orders the export', z.strictObject({ ...asked('POST'), id })),
  keyHeader: means(
    'header for the key of the order, which is the same for the same work, so that it is done once',
    z.string().min(1).default('Idempotency-Key'),
  ),
  find: means(
    'a request that looks for a job ordered with `{key}`, for partners that do not know the header',
    z.strictObject({ ...asked('GET'), id }).optional(),
  ),
  poll: means(
    'the request that asks for the state of the job',
    z.strictObject({
      ...asked('GET'),
      path: means(
        'path of the request, with `{job}` in it; left out if the id is a URL of the partner',
        path.optional(),
      ),
      status: means(
        "path of the job's state; without it, 202 means that it is at work and 200 that it is done",
        path.optional(),
      ),
      done: means('states in which the result is ready', words.optional()),
      failed: means('states after which the run fails', words.default([])),
      expired: means('states of a job whose result is gone: another one is ordered, once in a run', words.default([])),
      message: means("path of the partner's message, shown with the run", path.optional()),
      total: means('path of the number of records in the result, compared with those that came', path.optional()),
      wait: means('path of the number of seconds after which to ask again; `Retry-After` counts, too', path.optional()),
      every: means(
        'the shortest pause between two questions; it grows with the age of the job',
        durationMs.refine((everyMs) => everyMs > 0, 'above 0').default(10_000),
      ),
    }),
  ),
  files: means(
    "path of the URLs of the result's files in the answer of a finished job; `*` for all of a list",
    path.optional(),
  ),
  hosts: means(
    'other hosts that files may be on, such as `*.storage.example`; they get no credentials',
    z.array(z.string().min(1)).default([]),
  ),
  cancel: means(
    'the request that ends the job if its run is cancelled or fails',
    z.strictObject(asked('DELETE')).optional(),
  ),
  maxWait: means(
    'how long a job may take; after that the run fails',
    durationMs.refine((waitMs) => waitMs > 0, 'above 0').default(6 * 3_600_000),
  ),
});
export type Job = z.output<typeof job>;
/** What the steps of a job have in common with a stream's own request. */
export type JobRequest = Omit<Job['create'], 'id' | 'path'> & { readonly path?: string | undefined };
