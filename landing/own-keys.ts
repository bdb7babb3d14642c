import type { ClientBase } from 'pg';
import { NeedsAttention } from '../core/errors.ts';
import { withoutFreeze } from '../definitions/contract.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { eventBefore } from '../store/log/event-before.ts';
import { readLog } from '../store/log/read-log.ts';
import { stageEvents } from './stage-log.ts';

interface OfStream {
  readonly stream: CompiledStream;
  readonly streamId: number;
}

/** So many events of each other definition are looked at. */
const LOOKED_AT = 50;

/**
 * Throws NeedsAttention where records came under another primary key than the definition has now: then the log's own names do not find what is
 * known of a key. A few records of the first run of each other definition tell it.
 */
export async function expectOwnKeys(client: ClientBase, { stream, streamId }: OfStream): Promise<void> {
  const { rows } = await client.query<{ page: string }>(
    `select (select p.page_id from pages p where p.stream_id = $1 and p.run_no = r.run_no and p.inserted + p.updated > 0 order by p.page_no limit 1) as page
      from (select min(run_no) as run_no from stream_runs where stream_id = $1 and inserted + updated > 0 and definition_version <> $2
        group by definition_version) r`,
    [streamId, stream.definitionVersion],
  );
  for (const { page } of rows) {
    // Retention has taken the page.
    if (page === null) continue;
    const after = await eventBefore(client, { streamId, page, to: Number.MAX_SAFE_INTEGER });
    const log = readLog(
      client,
      { streamId, after, to: Number.MAX_SAFE_INTEGER },
      { size: { events: LOOKED_AT, chars: 1024 * 1024 }, operations: ['u', 's'] },
    );
    const first = await log.next();
    const events = first.done === true ? [] : first.value;
    const { lines, written } = await stageEvents(withoutFreeze(stream), events);
    lines.release();
    const said = new Map(events.map(({ event, key }) => [event, key]));
    if (written.some(({ event, record }) => said.get(event) !== record.key)) throw otherKey(stream);
  }
}

export const otherKey = ({ partner, name }: CompiledStream): NeedsAttention =>
  new NeedsAttention(
    `the log calls records of ${partner.name}.${name} by another key than the definition, which had another one when they came: ` +
      `\`syncline rebuild ${partner.name} ${name}\` rebuilds all of it`,
    { at: { partner: partner.name, stream: name } },
  );
