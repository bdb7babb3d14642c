import { setTimeout as wait } from 'node:timers/promises';
import { Connection } from '@temporalio/client';
import type { ChildServer } from './child-server.ts';

const PATIENCE_MS = 60_000;

/** Waits until the server serves the namespace; false, and the server stopped, when it ended or took over a minute. */
export async function temporalIsReady(server: ChildServer, address: string, namespace: string): Promise<boolean> {
  const deadline = AbortSignal.timeout(PATIENCE_MS);
  while (server.running() && !deadline.aborted) {
    if (await answers(address, namespace)) return server.running();
    await wait(50);
  }
  await server.stop();
  return false;
}

/** It listens before it serves, and may say for a moment that an existing namespace is not found: ask again. */
async function answers(address: string, namespace: string): Promise<boolean> {
  let connection: Connection | undefined;
  try {
    connection = await Connection.connect({ address, connectTimeout: 2000 });
    const open = connection;
    await open.withDeadline(Date.now() + 2000, () => open.workflowService.describeNamespace({ namespace }));
    return true;
  } catch {
    return false;
  } finally {
    await connection?.close();
  }
}
