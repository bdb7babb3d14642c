import type { Pool } from 'pg';
import { RetryLater } from '../core/errors.ts';
import type { CompiledStream } from '../definitions/compiled.ts';
import { lockRelated } from './related-locks.ts';
import { releaseFor, releaseThese } from './release-waiting.ts';
import { atTarget } from '../targets/postgres/at-target.ts';
import { allWaiting, readWaiting } from '../store/waiting/find-waiting.ts';
import { dropWaiting } from '../store/waiting/settle-waiting.ts';
import { transaction } from '../store/session/transaction.ts';

export interface PersonSettles {
  readonly stream: CompiledStream;
  /** Numbers of events; `all`: whatever waits in the stream. */
  readonly events: readonly number[] | 'all';
  readonly what: 'release' | 'drop';
  readonly person: string;
  readonly reason: string;
}

/**
 * A person has records told to their table without what they need, or never told. Returns the numbers of those that still waited.
 * Throws RetryLater where the table does not fit the definition.
 */
export async function settleByPerson(pool: Pool, input: PersonSettles): Promise<readonly number[]> {
  const { stream, events, what, person, reason } = input;
  return atTarget(pool, stream, () =>
    transaction(pool, async (client) => {
      const locked = await lockRelated(client, stream);
      const of = locked.get(stream.name);
      if (of === undefined) return [];
      const { streamId } = of;
      const asked = events === 'all' ? await allWaiting(client, streamId) : events;
      if (what === 'drop') return dropWaiting(client, { streamId, events: asked, person, reason });
      const by = new Map(asked.map((event) => [event, { person, reason }]));
      const before = await readWaiting(client, { streamId, events: asked });
      const brought = await releaseThese(client, of, { by, when: 'anyway' });
      await releaseFor(client, { locked, stream: stream.name, brought });
      const still = await readWaiting(client, { streamId, events: asked });
      if (still.length > 0)
        throw new RetryLater(
          `the table of ${stream.partner.name}.${stream.name} does not fit its definition yet: the next run of the stream makes it fit`,
        );
      return before.map(({ event }) => event);
    }),
  );
}
