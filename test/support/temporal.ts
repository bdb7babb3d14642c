import { randomUUID } from 'node:crypto';
import { Client, type Connection } from '@temporalio/client';
import { connectToTemporal } from '../../client/connect.ts';

export interface TestTemporal {
  readonly address: string;
  readonly connection: Connection;
  readonly client: Client;
  close(): Promise<void>;
}

/** A client of the suite's one Temporal server. Tests share it and its namespace: use names from `uniqueName`. */
export async function testTemporal(): Promise<TestTemporal> {
  const address = temporalAddress();
  const connection = await connectToTemporal({ address });
  return { address, connection, client: new Client({ connection }), close: () => connection.close() };
}

export function temporalAddress(): string {
  const address = process.env['TEST_TEMPORAL'];
  if (address === undefined) throw new Error('TEST_TEMPORAL is set by test/setup.ts');
  return address;
}

/** For task queues, workflow ids and partners: `acme_3f9c2e7a41d0`, fit for a partner's name. */
export function uniqueName(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll('-', '').slice(0, 12)}`;
}
