import { z } from 'zod';
import type { Method } from '../core/page.ts';

/** The parts of a stream that say what its requests are made of; their texts may hold placeholders (docs/requests.md). */

export const methods = ['GET', 'POST', 'PUT'] as const satisfies readonly Method[];

/** Of a job: some of them change something at the partner. */
export const jobMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies readonly Method[];

/** Where a parameter goes. */
export const place = z.enum(['query', 'header', 'body']);

const scalar = z.union([z.string(), z.number(), z.boolean()]);

/** Parameters of a query or a form. A list is sent as its `lists` says. */
export const parameters = z.record(
  z.string(),
  z.union([z.string(), z.number(), z.boolean(), z.array(scalar)], {
    error:
      "a text, a number, true or false, or a list of those; a text with a {placeholder} stands in quotes: '{start}'",
  }),
);
export type Parameters = z.output<typeof parameters>;

/** How a list is sent: `a=1&a=2`, `a[]=1&a[]=2` or `a=1,2`. */
export const lists = z.enum(['repeat', 'brackets', 'comma']).default('repeat');

/** A GraphQL request: a POST of its text and its variables as JSON. */
export const graphql = z.strictObject({
  query: z.string().min(1),
  variables: z.record(z.string(), z.unknown()).default({}),
});

/** Adds fields of the parent to each record: the name of the only one, or names by the parent's fields. */
export const include = z.union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))]);
