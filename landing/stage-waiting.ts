import { parseJson } from '../core/json.ts';
import type { LoggedEvent } from '../core/logged-event.ts';
import type { StagedRecord } from '../core/staged.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { withParents } from '../records/received.ts';
import { stageRecords } from '../records/stage-records.ts';
import type { WaitingRecord } from '../store/waiting/waiting-row.ts';
import { postgresLineWriter, type PostgresLines } from '../targets/postgres/page-lines.ts';
import type { UnfitEvent } from './stage-log.ts';

/** A record that waited, checked by the present definition, to be decided as one that came where it did. */
export interface StagedWaiting {
  readonly waiting: WaitingRecord;
  readonly event: LoggedEvent;
  readonly record: StagedRecord;
}

export interface StagedWaitings {
  readonly staged: readonly StagedWaiting[];
  readonly unfit: readonly UnfitEvent[];
  readonly lines: PostgresLines;
}

/** `events`: the `w` of each of `waiting`, in any order. */
export function stageWaiting(
  stream: CompiledStream,
  { waiting, events }: { readonly waiting: readonly WaitingRecord[]; readonly events: readonly LoggedEvent[] },
): StagedWaitings {
  const lenient = { ...stream, definition: { ...stream.definition, onMismatch: 'quarantine' as const } };
  const complete = withParents(stream);
  const byNumber = new Map(events.map((event) => [event.event, event]));
  const writer = postgresLineWriter({
    // Targets tell how far behind they are by it.
    receivedAt: new Date().toISOString(),
    chars: events.reduce((sum, { payload }) => sum + payload.length, 0),
    records: events.length,
  });
  const staged: StagedWaiting[] = [];
  const unfit: UnfitEvent[] = [];
  for (const each of waiting) {
    const event = byNumber.get(each.event);
    if (event === undefined) continue;
    const { payload, parents, ordinal } = event;
    const received = { payload, ascii: false, record: complete(parseJson(payload), parents) };
    const { records, rejected } = stageRecords(lenient, [received], writer, ordinal);
    for (const { key, path, reason, hash } of rejected) unfit.push({ ...event, key, path, reason, hash });
    for (const record of records) staged.push({ waiting: each, event, record: late(record, each) });
  }
  return { staged, unfit, lines: writer.finish() as PostgresLines };
}

/** A staged record reads its version and hash from its line: it is no object that can be spread. */
const late = (
  { ordinal, key, version, hash, line, needs, offers }: StagedRecord,
  { received, superseded }: WaitingRecord,
): StagedRecord => ({
  ordinal,
  key,
  version,
  hash,
  line,
  received,
  superseded,
  late: true,
  ...(needs === undefined ? {} : { needs }),
  ...(offers === undefined ? {} : { offers }),
});
