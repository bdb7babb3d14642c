import type { Asked, OfPages } from './event-row.ts';

interface Page {
  readonly run: number | null;
  readonly parents: string[] | null;
}

/** Neighbours in the log are of few pages. */
const MOST = 10_000;

/**
 * What the ledger says of pages, each read once. A join would have PostgreSQL go through the whole ledger for each event where it does not know yet how large
 * that is: reading a log of 1000 pages then takes longer than all that is done with it.
 */
export function pagesOfEvents(
  asked: Asked,
  streamId: number,
): (events: readonly { readonly page: string; readonly received_page: string }[]) => Promise<readonly OfPages[]> {
  const known = new Map<string, Page>();
  return async (events) => {
    if (known.size > MOST) known.clear();
    const wanted = new Set<string>();
    for (const { page, received_page: first } of events) {
      if (!known.has(page)) wanted.add(page);
      if (!known.has(first)) wanted.add(first);
    }
    if (wanted.size > 0) {
      const { rows } = await asked.query<{ page_id: string; run_no: number; parents: string[] }>(
        'select page_id, run_no, parents from pages where stream_id = $1 and page_id = any ($2::bigint[])',
        [streamId, [...wanted]],
      );
      // A batch that is no page of the partner's has none.
      for (const page of wanted) known.set(page, { run: null, parents: null });
      for (const { page_id: page, run_no: run, parents } of rows) known.set(page, { run, parents });
    }
    return events.map(({ page, received_page: first }) => {
      return { run_no: known.get(page)?.run ?? null, parents: known.get(first)?.parents ?? null };
    });
  };
}
