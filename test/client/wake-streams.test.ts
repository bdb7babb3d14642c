import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { Client } from '@temporalio/client';
import { wakeStreams } from '../../client/governor.ts';
import { freshNamespace } from '../support/fresh-namespace.ts';
import { testTemporal, type TestTemporal } from '../support/temporal.ts';

let temporal: TestTemporal;
let client: Client;
beforeAll(async () => {
  temporal = await testTemporal();
  client = new Client({ connection: temporal.connection, namespace: await freshNamespace() });
});
afterAll(() => temporal?.close());

const started = (workflowId: string) =>
  client.workflow.start('syncStream', { workflowId, taskQueue: 'nobody', args: [] });

test('says which streams were told: not one that has ended, or was never begun', async () => {
  await started('runs');
  await (await started('ended')).terminate();
  expect(await wakeStreams(client, ['absent', 'runs', 'ended'])).toEqual(['runs']);
});

test('says why one could not be told, once all others were', async () => {
  const handle = await started('also runs');
  await expect(wakeStreams(client, ['', 'also runs'])).rejects.toThrow('Failed to signal Workflow');
  const { events } = await handle.fetchHistory();
  expect(events?.filter((event) => event.workflowExecutionSignaledEventAttributes != null)).toHaveLength(1);
});
