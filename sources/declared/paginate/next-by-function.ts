import type { Pagination } from '../../../definitions/definition.ts';
import type { ReceivedPage } from '../next-page.ts';
import { NoWayOn } from './no-way-on.ts';
import { readToken } from './read-fields.ts';

export function nextByFunction(
  { next }: Extract<Pagination, { type: 'function' }>,
  { body, headers, records, position }: ReceivedPage,
): string | null {
  return readToken(
    call(() => next({ body, headers, records, cursor: position.cursor })),
    'what the function returned',
  );
}

function call(next: () => unknown): unknown {
  try {
    return next();
  } catch (error) {
    // Its message may quote the page, so only the kind of error goes on.
    throw new NoWayOn(`the pagination function threw a ${error instanceof Error ? error.name : typeof error}`);
  }
}
