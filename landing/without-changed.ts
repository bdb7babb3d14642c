import type { ClientBase } from 'pg';
import type { Head } from '../core/decide.ts';
import { CHANGED, changedRecords } from '../core/immutable.ts';
import type { RejectedRecord, StagedPage, StagedRecord, StreamRun } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { keepHeld } from '../store/quarantine/replayed-page.ts';

/** The pages of an immutable stream, without the records whose keys are known with other content: those are held. */
export async function withoutChanged(
  client: ClientBase,
  {
    stream,
    run,
    pages,
    heads,
  }: {
    readonly stream: CompiledStream;
    readonly run: StreamRun;
    readonly pages: readonly StagedPage[];
    readonly heads: ReadonlyMap<string, Head>;
  },
): Promise<readonly StagedPage[]> {
  const changed = changedRecords(
    pages.flatMap(({ records }) => records),
    heads,
  );
  if (changed.size === 0) return pages;
  const kept: StagedPage[] = [];
  for (const page of pages) {
    const without = withRejected(page, changed, { path: keyPath(stream), reason: CHANGED });
    if (page.replays === undefined) kept.push(without);
    else {
      // They are in quarantine, and stay there.
      await keepHeld(client, { stream, run, page: without });
      kept.push({ ...without, rejected: [] });
    }
  }
  return kept;
}

export const keyPath = ({ keyColumns }: CompiledStream): string => keyColumns[0]?.path.join('.') ?? '';

/** The same page; some of its records are rejected. */
export function withRejected(
  page: StagedPage,
  without: ReadonlySet<StagedRecord>,
  why: Pick<RejectedRecord, 'path' | 'reason'>,
): StagedPage {
  const rejected = page.records.flatMap((record): RejectedRecord[] => {
    if (!without.has(record)) return [];
    const { ordinal, key, hash, line } = record;
    return [{ ordinal, key, ...why, hash, payload: page.lines.payload(line) }];
  });
  return {
    ...page,
    records: page.records.filter((record) => !without.has(record)),
    rejected: [...page.rejected, ...rejected],
  };
}
