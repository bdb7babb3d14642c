import { execFile } from 'node:child_process';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { searchAttributes } from '../../messages/search-attributes.ts';
import { resolveTemporalCli } from '../../services/temporal-cli.ts';
import { cacheDir } from '../support/cache-dir.ts';
import { testTemporal, uniqueName } from '../support/temporal.ts';
import type { TestTemporal } from '../support/temporal.ts';

const run = promisify(execFile);
let temporal: TestTemporal;
beforeAll(async () => {
  temporal = await testTemporal();
});
afterAll(() => temporal.close());

describe('deploy/setup-namespace.sh', () => {
  test('makes the namespace and its search attributes, and may run again', async () => {
    const namespace = uniqueName('deployed');
    const cli = await resolveTemporalCli({
      cacheDir: cacheDir(),
      pathEnv: process.env['PATH'] ?? '',
      log: () => {},
    });
    const env = {
      PATH: `${dirname(cli)}:/usr/bin:/bin`,
      HOME: '/nonexistent',
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: namespace,
    };
    const script = join(import.meta.dirname, '../../deploy/setup-namespace.sh');
    for (const attempt of ['first', 'second']) {
      const { stdout } = await run('sh', [script], { env });
      expect(`${attempt}: ${stdout}`).toContain(`namespace ${namespace} is ready`);
    }

    const { config } = await temporal.connection.workflowService.describeNamespace({ namespace });
    expect(Number(config?.workflowExecutionRetentionTtl?.seconds)).toBe(30 * 24 * 3600);
    const { customAttributes } = await temporal.connection.operatorService.listSearchAttributes({ namespace });
    expect(Object.keys(customAttributes ?? {})).toEqual(expect.arrayContaining(Object.keys(searchAttributes)));
  });
});
