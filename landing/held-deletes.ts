import type { ClientBase } from 'pg';
import { describeRefusal, type Approval } from '../core/approval.ts';
import type { Folded } from '../core/fold.ts';
import type { LandedStream } from '../core/landed-stream.ts';
import { keyParts } from '../core/key-text.ts';
import type { RejectedRecord, StagedPage, StagedRecord, StreamRun } from '../core/staged.ts';
import { judgeWave } from './hold-wave.ts';

/** What the pages would delete was refused: they are committed without. */
export class RefusedDeletes extends Error {
  readonly approval: Approval;
  constructor(approval: Approval) {
    super(describeRefusal(approval));
    this.approval = approval;
  }
}

const EXAMPLES = 5;

/**
 * Whether the deletes of a commit may be made, before any is. Returns the approval that it waits for; undefined: they may. Throws
 * RefusedDeletes where they may not.
 */
export async function heldDeletes(
  client: ClientBase,
  {
    stream,
    run,
    folded,
    before,
  }: {
    /** The stream whose records go. */
    readonly stream: LandedStream;
    /** The run that says so. */
    readonly run: StreamRun;
    readonly folded: Folded<StagedRecord>;
    /** Deletes that the run has made so far. */
    readonly before: number;
  },
): Promise<Approval | undefined> {
  const falls = (folded.dead ?? []).filter((dead) => dead.falls);
  if (falls.length === 0) return undefined;
  const examples = falls.slice(0, EXAMPLES).map(({ key }) => keyParts(key, stream.keyColumns.length).join(', '));
  const verdict = await judgeWave(client, {
    stream,
    run,
    kind: 'events',
    gone: before + falls.length,
    examples: () => Promise.resolve(examples),
  });
  if (verdict.state === 'refused') throw new RefusedDeletes(verdict.approval);
  return verdict.state === 'waiting' ? verdict.approval : undefined;
}

/** The pages with the deletes among their records in quarantine, with who refused them and why. */
export function withoutDeletes(
  stream: LandedStream,
  pages: readonly StagedPage[],
  approval: Approval,
): readonly StagedPage[] {
  const isDelete = ({ operation }: StagedRecord): boolean => operation === 'd' || stream.deletesIn !== undefined;
  const reason = describeRefusal(approval);
  return pages.map((page) => ({
    ...page,
    records: page.records.filter((record) => !isDelete(record)),
    rejected: [
      ...page.rejected,
      ...page.records.filter(isDelete).map(({ ordinal, key, hash, line }): RejectedRecord => {
        return { ordinal, key, path: '', reason, hash, payload: page.lines.payload(line) };
      }),
    ],
  }));
}
