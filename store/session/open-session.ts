import { Client, type ClientBase, type Pool } from 'pg';
import { plainSchemas } from '../../core/schema-names.ts';
import { pinSession } from './pin-session.ts';

/** A connection beside a pool, opened as the pool opens its own: for what belongs to a session rather than to a statement. */
export async function openSession(pool: Pool, name: string): Promise<Client> {
  const { onConnect, ...options } = pool.options;
  // The pool waits for its promise, though its type does not say so.
  const prepare = onConnect as ((client: ClientBase) => Promise<void>) | undefined;
  return opened(new Client({ ...options, application_name: name }), prepare);
}

/** A connection without a pool. */
export async function openClient(
  connectionString: string,
  { name, schema = plainSchemas.controlSchema }: { readonly name: string; readonly schema?: string },
): Promise<Client> {
  const client = new Client({ connectionString, application_name: name });
  return opened(client, (open) => pinSession(open, schema));
}

async function opened(client: Client, prepare?: (client: Client) => Promise<void>): Promise<Client> {
  // Without a listener, a connection lost while nobody waits on it would end the process.
  client.on('error', () => {});
  try {
    await client.connect();
    await prepare?.(client);
  } catch (error) {
    await client.end().catch(() => {});
    throw error;
  }
  return client;
}
