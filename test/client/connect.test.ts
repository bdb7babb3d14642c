import { connect, createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client, type Connection } from '@temporalio/client';
import { connectToTemporal } from '../../client/connect.ts';
import { temporalAddress, uniqueName } from '../support/temporal.ts';

interface Line {
  readonly address: string;
  /** As when the server dies: what is connected is cut, and nothing answers any more. */
  cut(): Promise<void>;
}

/** To the suite's server, and can be cut. */
async function lineTo(address: string): Promise<Line> {
  const [host, port] = address.split(':') as [string, string];
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const to = connect(Number(port), host);
    for (const [one, other] of [
      [from, to],
      [to, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}

let line: Line;
let connection: Connection;
let end: Promise<unknown>;

beforeEach(async () => {
  line = await lineTo(temporalAddress());
  connection = await connectToTemporal({ address: line.address });
  // No worker has this queue, so it does not end.
  const handle = await new Client({ connection }).workflow.start('any', {
    workflowId: uniqueName('endless'),
    taskQueue: uniqueName('nobody'),
    args: [],
    workflowExecutionTimeout: '1m',
  });
  end = handle.result();
  end.catch(() => {});
});

afterEach(() => line.cut());

const closed = { cause: expect.objectContaining({ code: 1, details: 'the connection to Temporal was closed' }) };

test('a call that waits for the end of a workflow ends when its connection is closed', async () => {
  await connection.close();
  await expect(end).rejects.toMatchObject(closed);
});

test('one that waits to be tried again ends as well, and throws from no timer', async () => {
  await line.cut();
  // Its first attempt fails in these, and the second one begins later.
  await wait(50);
  await connection.close();
  await expect(end).rejects.toMatchObject(closed);
});

test('one that begins after the close is refused', async () => {
  await connection.close();
  await expect(connection.workflowService.getSystemInfo({})).rejects.toMatchObject({ code: 1 });
});
