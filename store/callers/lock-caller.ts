import type { ClientBase } from 'pg';
import { InvalidInput } from '../../core/errors.ts';

/** Locks the caller, so that changes of one caller come one after the other. */
export async function lockCaller(client: ClientBase, id: string): Promise<void> {
  const { rows } = await client.query<{ revoked_at: Date | null }>(
    'select revoked_at from callers where caller = $1 for update',
    [id],
  );
  const [found] = rows;
  if (found === undefined) throw new InvalidInput(`there is no caller ${id}: \`syncline callers list\` shows all`);
  if (found.revoked_at !== null)
    throw new InvalidInput(`the caller ${id} was revoked at ${found.revoked_at.toISOString().slice(0, 16)}Z`);
}
