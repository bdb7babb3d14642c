import { z } from 'zod';
import type { Method } from '../core/page.ts';
import { means } from './means.ts';

/** The parts of a stream that say what its requests are made of; their texts may hold placeholders (docs/requests.md). */

export const methods = ['GET', 'POST', 'PUT'] as const satisfies readonly Method[];

/** Of a job: some of them change something at the partner. */
export const jobMethods = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const satisfies readonly Method[];

export const place = means('where the parameter goes', z.enum(['query', 'header', 'body']));
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

export const lists = means(
  'how lists in `query` and `form` are sent: `a=1&a=2`, `a[]=1&a[]=2` or `a=1,2`',
  z.enum(['repeat', 'brackets', 'comma']).default('repeat'),
);

/** A GraphQL request: a POST of its text and its variables as JSON. */
export const graphql = z.strictObject({
  query: means('text of the GraphQL query or mutation', z.string().min(1)),
  variables: means(
    'variables of the GraphQL request, by name; texts may hold placeholders',
    z.record(z.string(), z.unknown()).default({}),
  ),
});

/** Adds fields of the parent to each record: the name of the only one, or names by the parent's fields. */
export const include = z.union([z.string().min(1), z.record(z.string().min(1), z.string().min(1))]);

/** What a request sends besides its path: the same of a stream and of each request of a job. */
export const sent = {
  query: means('parameters of the query, by name; a list is sent as `lists` says', parameters.default({})),
  headers: means('headers of the request, by name', z.record(z.string(), z.string()).default({})),
  body: means('JSON body', z.record(z.string(), z.unknown()).optional()),
  form: means('instead of `body`: fields of a form, by name', parameters.optional()),
  text: means('instead of `body`: a text of another type, which `contentType` says', z.string().optional()),
  contentType: means('content type of `text`', z.string().min(1).optional()),
  graphql: means('instead of `body`: a GraphQL request', graphql.optional()),
};
