import { Connection } from '@temporalio/client';
import { msToTs } from '@temporalio/common/lib/time.js';
import { DAY } from '../../core/duration.ts';
import { searchAttributes } from '../../messages/search-attributes.ts';
import { eventually } from './eventually.ts';
import { temporalAddress, uniqueName } from './temporal.ts';

const KEYWORD = 2;

/**
 * A namespace of this test file's own on the suite's server: the workflow queue has one name, and files that run side by
 * side with databases of their own would take each other's work from it.
 */
export async function freshNamespace(): Promise<string> {
  const namespace = uniqueName('test');
  const connection = await Connection.connect({ address: temporalAddress() });
  try {
    await connection.workflowService.registerNamespace({
      namespace,
      workflowExecutionRetentionPeriod: msToTs(DAY),
    });
    const names = Object.keys(searchAttributes);
    // What is listed is not taken yet: on a server with PostgreSQL a start was still refused for some seconds.
    const known = (): Promise<boolean> =>
      connection.workflowService
        .countWorkflowExecutions({ namespace, query: names.map((name) => `${name} = ''`).join(' and ') })
        .then(
          () => true,
          () => false,
        );
    await eventually(() =>
      connection.operatorService
        .addSearchAttributes({
          namespace,
          searchAttributes: Object.fromEntries(names.map((name) => [name, KEYWORD])),
        })
        .then(
          () => true,
          () => false,
        ),
    );
    await eventually(known);
    return namespace;
  } finally {
    await connection.close();
  }
}
