import { z } from 'zod';
import { durationMs } from './duration-text.ts';
import { graphql, jobMethods, parameters } from './request-shapes.ts';

/**
 * An export job: the partner is asked to prepare what a stream reads, asked how far it is, and gives the result as one listing or as
 * files. The stream's own `path` and `pagination` read the result; with `files` they are not needed (docs/jobs.md).
 */

const path = z.string().min(1);

/** A request of its own, written as that of a stream: each text may hold placeholders, `{job}` and `{key}` among them. */
const asked = {
  query: parameters.default({}),
  headers: z.record(z.string(), z.string()).default({}),
  body: z.record(z.string(), z.unknown()).optional(),
  form: parameters.optional(),
  text: z.string().optional(),
  contentType: z.string().min(1).optional(),
  graphql: graphql.optional(),
};

const word = z.union([z.string(), z.number(), z.boolean()]);
const words = z.array(word).min(1);

/** Where an answer names the job: a path in its JSON body, or a header such as Location. */
const id = z.union([path, z.strictObject({ header: z.string().min(1) })]);

export const job = z.strictObject({
  create: z.strictObject({ method: z.enum(jobMethods).default('POST'), path, ...asked, id }),
  /** The header that takes the key of the order: the same one for the same work, so that it is done once. */
  keyHeader: z.string().min(1).default('Idempotency-Key'),
  /** Looks for a job that was ordered with `{key}` before ordering one: for partners that do not know the header. */
  find: z.strictObject({ method: z.enum(jobMethods).default('GET'), path, ...asked, id }).optional(),
  poll: z.strictObject({
    method: z.enum(jobMethods).default('GET'),
    /** Left out where the id is a URL of the partner that tells of the job. */
    path: path.optional(),
    ...asked,
    /** Path of the job's state in the answer. Left out: 202 says that it is at work, 200 that it is done. */
    status: path.optional(),
    done: words.optional(),
    /** The run ends as failed. */
    failed: words.default([]),
    /** The job is gone: another one is ordered, once. */
    expired: words.default([]),
    /** Path of what the partner says of it, for people. */
    message: path.optional(),
    /** Path of how many records the result has: they are compared with what came. */
    total: path.optional(),
    /** Path of the seconds after which to ask again; a Retry-After of the answer counts as well. */
    wait: path.optional(),
    /** How often to ask at the most; an old job is asked more rarely. */
    every: durationMs.refine((everyMs) => everyMs > 0, 'above 0').default(10_000),
  }),
  /** Path of the URLs of the result's files in the answer that says the job is done; `*` for all of a list. */
  files: path.optional(),
  /** Other hosts that files may be on; `*.` for all below one. They get no credentials. */
  hosts: z.array(z.string().min(1)).default([]),
  /** Asked when a run is cancelled, or fails, while its job is at work. */
  cancel: z.strictObject({ method: z.enum(jobMethods).default('DELETE'), path, ...asked }).optional(),
  /** How long a job may be at work. */
  maxWait: durationMs.refine((waitMs) => waitMs > 0, 'above 0').default(6 * 3_600_000),
});
export type Job = z.output<typeof job>;
/** What the steps of a job have in common with a stream's own request. */
export type JobRequest = Omit<Job['create'], 'id' | 'path'> & { readonly path?: string | undefined };
