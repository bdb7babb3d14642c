import type { PoolClient } from 'pg';
import { GiveUp, RetryLater, type Coordinates } from '../core/errors.ts';
import type { StagedPage, StreamRun } from '../core/staged.ts';
import type { CommitInput } from '../store/ledger/commit-input.ts';
import { marksHeld } from '../store/quarantine/supersede.ts';

/** A page that came before. Those that precede it are good, and are kept. */
export class Circle extends GiveUp {
  readonly before: number;
  constructor(before: number, message: string, details: { readonly at: Coordinates }) {
    super(message, details);
    this.before = before;
  }
}

/** A stream and its run, under the stream's lock. */
export interface Standing {
  readonly lastEvent: number;
  readonly lastPage: number;
  readonly checkpoint: string;
  /** Stamp of the transforms that made the table's rows. */
  readonly transforms: string | null;
  /** How many columns of fields that no schema names the table's rows have. */
  readonly made: number;
  /** Records of the run so far that were deletes, and that were new or newer. */
  readonly deleted: number;
  readonly written: number;
}

interface LockedRun extends Record<'last_event' | 'last_page' | 'deleted' | 'written' | 'checkpoint', string> {
  readonly state: string;
  readonly transforms: string | null;
  readonly made_columns: number;
}

/** The row lock on the stream makes its writers take turns; what is read under it stays true until the commit. */
export async function lockRun(client: PoolClient, run: StreamRun): Promise<Standing> {
  const { rows } = await client.query<LockedRun>(
    `select s.last_event, s.last_page, s.transforms, s.made_columns, r.checkpoint, r.state, r.deleted, r.inserted + r.updated as written
      from streams s join stream_runs r using (stream_id)
      where s.stream_id = $1 and r.run_no = $2 for update`,
    [run.streamId, run.runNo],
  );
  const row = rows[0];
  if (row === undefined) throw new GiveUp(`the ledger has no run ${run.syncId}`);
  if (row.state !== 'running') throw new RetryLater(`run ${run.syncId} is ${row.state}: another owner ended it`);
  return {
    lastEvent: Number(row.last_event),
    lastPage: Number(row.last_page),
    checkpoint: row.checkpoint,
    transforms: row.transforms,
    made: row.made_columns,
    deleted: Number(row.deleted),
    written: Number(row.written),
  };
}

export interface Fresh {
  readonly pages: readonly StagedPage[];
  /** Records in quarantine that those of a page may supersede. Asked behind the lock: a query that waits for it sees what was before. */
  readonly holds: boolean;
}

/** Drops pages that are in the ledger already and checks that the rest follow on from where the run stands. */
export async function pagesToCommit(
  client: PoolClient,
  { pages, run, stream }: Pick<CommitInput, 'pages' | 'run' | 'stream'>,
  checkpoint: string,
): Promise<Fresh> {
  const { rows } = await client.query<{ holds: boolean; page_key: string | null; page_no: number }>(
    `select h.holds, p.page_key, p.page_no
      from (select $2 and exists (select from quarantine where stream_id = $3 and status = 'held' and superseded_at is null) as holds) h
      left join pages p on p.page_key = any($1)`,
    [pages.map((page) => page.pageKey), marksHeld(stream), run.streamId],
  );
  const ledger = new Map(rows.flatMap((row) => (row.page_key === null ? [] : [[row.page_key, row.page_no] as const])));
  const fresh: StagedPage[] = [];
  let at = checkpoint;
  for (const [index, page] of pages.entries()) {
    const known = ledger.get(page.pageKey) ?? fresh.find((other) => other.pageKey === page.pageKey)?.pageNo;
    if (known === page.pageNo) continue;
    // Partitions that are read side by side have their pages numbered as they come: another owner's numbers differ.
    if (known !== undefined && page.before === at)
      throw new Circle(
        index,
        `page ${page.pageNo} of ${run.syncId} has the cursor of page ${known}: the partner's pages go round in a circle`,
        { at: { page: page.pageNo } },
      );
    if (page.before !== at)
      throw new RetryLater(
        `page ${page.pageNo} of ${run.syncId} does not follow the checkpoint: another owner went on`,
        {
          afterMs: 0,
        },
      );
    fresh.push(page);
    at = page.after;
  }
  return { pages: fresh, holds: rows[0]?.holds === true };
}
