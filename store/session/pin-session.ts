import { randomUUID } from 'node:crypto';
import type { ClientBase } from 'pg';
import { WarehouseUnavailable } from '../../core/errors.ts';
import { sessionSettings } from './session-settings.ts';

/** A pooler gives our session's connection to others. Nothing is lost, and work goes on when it no longer does. */
export class SessionShared extends WarehouseUnavailable {
  constructor() {
    super(
      'the database is behind a connection pooler in transaction or statement mode: session locks, settings and LISTEN do not hold there; ' +
        'set the pooler to session mode (PgBouncer: pool_mode = session), or let DATABASE_URL lead to PostgreSQL itself (docs/services.md)',
    );
  }
}

export interface Marked {
  readonly pid: number;
  readonly mark: string | null;
}

/** A setting that PostgreSQL keeps for a session and nobody else uses. */
const MARK = 'syncline.session';
export const standing = `pg_backend_pid() as pid, current_setting('${MARK}', true) as mark`;

/**
 * Gives a new connection the settings that our SQL relies on. By statements, since poolers refuse unknown settings at the
 * start of a connection. Two of them find out whether they are asked in one session: one that was marked before, or whose mark
 * is gone, is shared.
 */
export async function pinSession(client: Pick<ClientBase, 'query'>, schema: string): Promise<void> {
  const mark = randomUUID();
  const first = await withoutTimeout(() =>
    client.query<Marked>(
      `select ${standing}, set_config('${MARK}', $1, false), set_config('statement_timeout', '0', false)`,
      [mark],
    ),
  );
  // What a server does not know yet is left out.
  const second = await client.query<Marked>(
    `select ${standing}, (select count(set_config(s.name, g.value, false))
        from json_each_text($1) as g(name, value) join pg_settings as s on lower(s.name) = lower(g.name)) as settings`,
    [JSON.stringify(sessionSettings(schema))],
  );
  const [before, after] = [first.rows[0] as Marked, second.rows[0] as Marked];
  // A session that was reset has an empty one.
  if ((before.mark ?? '') !== '' || after.mark !== mark || after.pid !== before.pid) throw new SessionShared();
}

const QUERY_CANCELED = '57014';

/** A default of a millisecond may end the very statement that takes it away. */
async function withoutTimeout<T>(ask: () => Promise<T>): Promise<T> {
  for (let left = 100; ; left--) {
    try {
      return await ask();
    } catch (error) {
      if (left === 0 || (error as { code?: string }).code !== QUERY_CANCELED) throw error;
    }
  }
}
