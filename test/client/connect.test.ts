import { setTimeout as wait } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { Client, type Connection } from '@temporalio/client';
import { connectToTemporal } from '../../client/connect.ts';
import { lineTo, type Line } from '../support/line-to.ts';
import { temporalAddress, uniqueName } from '../support/temporal.ts';

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
