import type { Response } from './openapi.ts';

/** The answers to HEAD: those to GET, without a body. */
export const withoutBodies = (responses: Readonly<Record<string, Response>>): Readonly<Record<string, Response>> =>
  Object.fromEntries(
    Object.entries(responses).map(([status, { description, headers = {} }]) => [status, { description, headers }]),
  );
