import type { ClientBase, Pool } from 'pg';
import { openSession } from './open-session.ts';
import { SessionShared, standing, type Marked } from './pin-session.ts';

/** Throws SessionShared when the connections of a pool are no sessions of their own. */
export async function checkSessions(pool: Pool): Promise<void> {
  const one = await openSession(pool, 'syncline check');
  try {
    const other = await openSession(pool, 'syncline check');
    try {
      await checkApart(one, other);
    } finally {
      await other.end();
    }
  } finally {
    await one.end();
  }
}

/** One of them takes a transaction and keeps it: a pooler that shares would give it what the other one seems to have. */
export async function checkApart(one: Pick<ClientBase, 'query'>, other: Pick<ClientBase, 'query'>): Promise<void> {
  const before = await standingOf(one);
  await other.query('begin');
  try {
    const taken = await standingOf(other);
    const after = await standingOf(one);
    if (taken.pid === before.pid || after.pid !== before.pid || after.mark !== before.mark) throw new SessionShared();
  } finally {
    await other.query('rollback');
  }
}

async function standingOf(client: Pick<ClientBase, 'query'>): Promise<Marked> {
  const { rows } = await client.query<Marked>(`select ${standing}`);
  return rows[0] as Marked;
}
