import type { Pool, PoolClient } from 'pg';
import { needId } from '../core/need.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { needsThere } from './needs-there.ts';
import { lockRelated, type LockedStream } from './related-locks.ts';
import { releaseFor, releaseThese } from './release-waiting.ts';
import { stageWaiting } from './stage-waiting.ts';
import { readEvents } from '../store/log/read-events.ts';
import { allWaiting, readWaiting } from '../store/waiting/find-waiting.ts';
import { renewNeeds } from '../store/waiting/renew-needs.ts';
import { transaction } from '../store/session/transaction.ts';

const CHUNK = 500;

/**
 * Looks at all that waits in a stream by its present definition: what needs nothing any more, or whose need came by a way that
 * released nothing (a worker with an older definition, a table that was not fitted then), is released. Its table must fit the definition.
 */
export async function lookAgain(pool: Pool, stream: CompiledStream): Promise<void> {
  if (!(await anyWaits(pool, stream))) return;
  await transaction(pool, async (client) => {
    const locked = await lockRelated(client, stream);
    const of = locked.get(stream.name);
    if (of === undefined) return;
    const events = await allWaiting(client, of.streamId);
    for (let from = 0; from < events.length; from += CHUNK) {
      const due = await needless(client, of, events.slice(from, from + CHUNK));
      const by = new Map(due.map((event) => [event, null]));
      const brought = await releaseThese(client, of, { by, when: 'anyway' });
      await releaseFor(client, { locked, stream: stream.name, brought });
    }
  });
}

async function anyWaits(pool: Pool, { partner, name }: CompiledStream): Promise<boolean> {
  const { rows } = await pool.query<{ any: boolean }>(
    `select exists (select from waiting w join streams s using (stream_id)
        where s.partner = $1 and s.name = $2 and w.status = 'waiting') as any`,
    [partner.name, name],
  );
  return rows[0]?.any === true;
}

/** Those of the events whose needs are there, as the present definition reads them; of the others it notes what they need now. */
async function needless(client: PoolClient, of: LockedStream, numbers: readonly number[]): Promise<readonly number[]> {
  const { stream, streamId } = of;
  const waiting = await readWaiting(client, { streamId, events: numbers });
  const events = await readEvents(client, { streamId, events: numbers, operations: ['w'] });
  const { staged, unfit, lines } = stageWaiting(stream, { waiting, events });
  lines.release();
  const needs = staged.flatMap(({ record }) => record.needs ?? []);
  const there = stream.relations === undefined ? new Set<string>() : await needsThere(client, stream.relations, needs);
  const due: number[] = unfit.map(({ event }) => event);
  const wait: (typeof staged)[number][] = [];
  for (const each of staged)
    if ((each.record.needs ?? []).every((need) => there.has(needId(need)))) due.push(each.waiting.event);
    else wait.push(each);
  await renewNeeds(client, {
    streamId,
    records: wait
      .filter(({ waiting: { needs }, record }) => sameNeeds(needs) !== sameNeeds(record.needs ?? []))
      .map(({ waiting: { event }, record }) => ({ event, needs: record.needs ?? [] })),
  });
  return due;
}

const sameNeeds = (
  needs: readonly { readonly name: string; readonly stream: string; readonly field: string; readonly value: string }[],
): string => JSON.stringify(needs.map(({ name, stream, field, value }) => [name, stream, field, value]));
