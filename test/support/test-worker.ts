import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import type { WorkerOptions } from '@temporalio/worker';
import { workflowSource } from '../../workers/workflow-source.ts';
import { temporalAddress } from './temporal.ts';

export interface TestWorkers {
  readonly connection: NativeConnection;
  /** With the product's workflows unless the options bring others; `workflows: false` for activities only. */
  create(options: WorkerOptions & { readonly workflows?: boolean }): Promise<Worker>;
  close(): Promise<void>;
}

let installed = false;

/** Workers on the suite's Temporal server, quiet: failing activities are often the point of a test. */
export async function testWorkers(): Promise<TestWorkers> {
  // Once per test file: jest evaluates this module anew for each, and a second install throws.
  if (!installed)
    Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { forward: {} } } });
  installed = true;
  const connection = await NativeConnection.connect({ address: temporalAddress() });
  return {
    connection,
    create: ({ workflows = true, ...options }) =>
      Worker.create({
        connection,
        shutdownGraceTime: '1s',
        ...(workflows ? workflowSource({ bundlePath: process.env['WORKFLOW_BUNDLE'] }) : {}),
        ...options,
      }),
    close: () => connection.close(),
  };
}
