import { execFile } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, jest, test } from '@jest/globals';
import { callerGate } from '../../../ingest/caller-gate.ts';
import { Authenticator } from '../../../ingest/callers/authenticate.ts';
import { defaultMisuse, type MisuseSettings } from '../../../ingest/callers/misuse.ts';
import { CallerLimiter } from '../../../ingest/callers/limiter.ts';
import { addCaller } from '../../../store/callers/change-callers.ts';
import { openIngestBench, ordersByPush, type IngestBench } from '../../support/use-ingest.ts';

jest.setTimeout(30 * 60_000);
/**
 * Path of `schemathesis` (`pip install schemathesis==4.32.5`): with it, requests are made up from GET /openapi.json, and every answer is held against it.
 * SYNCLINE_SCHEMATHESIS_EXAMPLES: of each operation and phase.
 */
const program = process.env['SYNCLINE_SCHEMATHESIS'];
const examples = process.env['SYNCLINE_SCHEMATHESIS_EXAMPLES'] ?? '50';

const at = (file: string): string => fileURLToPath(new URL(file, import.meta.url));

let bench: IngestBench;
let key = '';
const schema = {
  type: 'object',
  properties: {
    id: { type: 'string', minLength: 1, maxLength: 100 },
    v: { type: 'integer', minimum: -1_000_000, maximum: 1_000_000 },
    text: { type: ['string', 'null'] },
    nested: { $ref: '#/$defs/nested' },
  },
  required: ['id', 'v'],
  $defs: { nested: { type: 'object', properties: { list: { type: 'array', items: { type: 'number' } } } } },
};
beforeAll(async () => {
  bench = await openIngestBench({
    orders: ordersByPush({ schema }),
    entries: ordersByPush({ schema, primaryKey: [], version: [], disposition: 'append' }),
  });
  key = await addCaller(
    bench.pool,
    {
      id: 'schemathesis',
      tier: 'normal',
      scopes: ['acme/*'],
      addresses: null,
      certificate: null,
      limits: { rate: 1e6, burst: 1e6 },
    },
    { by: 'ann', reason: 'a test' },
  );
});
afterAll(() => bench.close());

/** Half of what it sends is wrong on purpose, and much of it has no key. */
const patient: MisuseSettings = {
  ...defaultMisuse,
  unknownKeys: { ...defaultMisuse.unknownKeys, most: 1e9 },
  errors: { ...defaultMisuse.errors, least: 1e9 },
};

const scenario = program === undefined ? test.skip : test;

scenario('Schemathesis finds nothing, with all of its checks', async () => {
  const { url } = await bench.start({
    gate: callerGate({
      authenticator: new Authenticator(bench.pool, { misuse: patient }),
      limiter: new CallerLimiter(bench.pool),
    }),
  });
  const args = [
    ...['--config-file', at('schemathesis.toml'), 'run', `${url}/openapi.json`, '-H', `Authorization: Bearer ${key}`],
    ...['--continue-on-failure', '--max-examples', examples, '--seed', '1', '--no-color'],
    ...['--phases', 'examples,coverage,fuzzing,stateful', '--request-timeout', '30'],
  ];
  const [said, code] = await new Promise<[string, unknown]>((resolve) => {
    execFile(
      program ?? '',
      args,
      // It writes what it has seen into its folder.
      { cwd: tmpdir(), env: { ...process.env, SCHEMATHESIS_HOOKS: at('hooks.py') }, maxBuffer: 1e8 },
      (error, stdout) => resolve([stdout, error?.code]),
    );
  });
  if (code !== undefined) throw new Error(said);
  expect(said).toMatch(/Test cases:\n +\d+ generated, \d+ passed/);
});
