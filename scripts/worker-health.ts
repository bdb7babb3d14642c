import { hostname } from 'node:os';
import { Connection } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { plainNames } from '../messages/names.ts';
import { MINUTE } from '../core/duration.ts';

/**
 * For the container's health check: exit 0 when a worker of this container asks Temporal for work. A process that runs but
 * polls no more is as bad as none, and only the server can tell. The SDK's identity of a worker is `pid@hostname`.
 */
const { connectionOptions, namespace = 'default' } = loadClientConnectConfig();
const connection = await Connection.connect({ ...connectionOptions, connectTimeout: 5000 });
const { pollers } = await connection.workflowService.describeTaskQueue({
  namespace,
  taskQueue: { name: process.argv[2] ?? plainNames.workflowQueue },
  // oxlint-disable-next-line typescript/no-unsafe-enum-assignment -- TASK_QUEUE_TYPE_WORKFLOW; the enum is not exported to ESM
  taskQueueType: 1,
});
await connection.close();

// A long poll lasts a minute, so a living worker has been seen within the last one or two.
const recently = Date.now() - 3 * MINUTE;
const alive = (pollers ?? []).some(
  ({ identity, lastAccessTime }) =>
    identity?.endsWith(`@${hostname()}`) === true && Number(lastAccessTime?.seconds ?? 0) * 1000 >= recently,
);
if (!alive) console.error('no worker of this container has asked for work in the last three minutes');
process.exitCode = alive ? 0 : 1;
