import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../config/config.ts';

describe('the configuration', () => {
  test('has a default for everything but the services', () => {
    expect(readConfig({ HOME: '/home/me' })).toEqual({
      databaseUrl: undefined,
      temporalAddress: undefined,
      temporalNamespace: 'default',
      names: expect.objectContaining({ installation: '', controlSchema: 'syncline', workflowQueue: 'syncline' }),
      partnersDir: 'partners',
      home: '.syncline',
      logLevel: 'info',
      workflowBundle: undefined,
      payloadKeys: [],
      codecToken: undefined,
      heartbeatTimeoutMs: 10_000,
      worker: {
        cachedWorkflows: 200,
        workflowSlots: 40,
        workflowPollers: 10,
        controlSlots: 100,
        partnerSlots: 20,
        partnerPollers: 2,
        databaseConnections: 10,
        turnConnections: 8,
      },
      ingest: { leaseMs: 20_000 },
      ui: {
        token: undefined,
        readers: undefined,
        url: undefined,
        userHeader: undefined,
        proxies: [],
        oidc: undefined,
      },
      calls: { keepMs: 1_209_600_000, sample: 1 },
      duplicates: { memoryLimit: '1GB', threads: 2, folder: join(tmpdir(), 'syncline-duplicates') },
      janitor: { mode: 'report', cron: '17 4 * * 1', folders: [join(tmpdir(), 'syncline-duplicates'), tmpdir()] },
      traces: false,
      failpoint: undefined,
      cacheDir: '/home/me/.cache/syncline',
      pathEnv: '/usr/bin:/bin',
      env: { HOME: '/home/me' },
    });
  });

  test('takes what is set', () => {
    expect(
      readConfig({
        DATABASE_URL: 'postgresql://db.example/warehouse',
        TEMPORAL_ADDRESS: 'temporal.example:7233',
        TEMPORAL_NAMESPACE: 'syncs',
        SYNCLINE_PARTNERS_DIR: 'definitions',
        SYNCLINE_HOME: '/var/lib/syncline',
        SYNCLINE_LOG_LEVEL: 'debug',
        SYNCLINE_WORKFLOW_BUNDLE: '/app/bundle.js',
        SYNCLINE_HEARTBEAT_TIMEOUT: '1m',
        SYNCLINE_FAILPOINT: 'commit.after:3',
        SYNCLINE_CALLS_KEEP: '3d',
        SYNCLINE_CALLS_SAMPLE: '0.25',
        SYNCLINE_DUPLICATES_MEMORY: '500MB',
        SYNCLINE_DUPLICATES_THREADS: '4',
        SYNCLINE_DUPLICATES_DIR: '/scratch',
        XDG_CACHE_HOME: '/cache',
        PATH: '/bin',
      }),
    ).toMatchObject({
      databaseUrl: 'postgresql://db.example/warehouse',
      temporalAddress: 'temporal.example:7233',
      temporalNamespace: 'syncs',
      partnersDir: 'definitions',
      home: '/var/lib/syncline',
      logLevel: 'debug',
      workflowBundle: '/app/bundle.js',
      heartbeatTimeoutMs: 60_000,
      failpoint: 'commit.after:3',
      calls: { keepMs: 259_200_000, sample: 0.25 },
      duplicates: { memoryLimit: '500MB', threads: 4, folder: '/scratch' },
      cacheDir: '/cache/syncline',
      pathEnv: '/bin',
    });
  });

  test('takes an empty variable for one that is not set, as compose files pass them', () => {
    const config = readConfig({ DATABASE_URL: '', TEMPORAL_ADDRESS: '', SYNCLINE_LOG_LEVEL: '', DEMO_TOKEN: '' });
    expect(config).toMatchObject({ databaseUrl: undefined, temporalAddress: undefined, logLevel: 'info', env: {} });
  });

  test('hands every variable on to the definitions', () => {
    expect(readConfig({ ACME_TOKEN: 'x' }).env).toEqual({ ACME_TOKEN: 'x' });
  });

  test.each([
    ['DATABASE_URL', 'mysql://me:canary@db.example/warehouse', 'DATABASE_URL: expected a postgres:// URL'],
    ['DATABASE_URL', 'canary', 'DATABASE_URL: expected a postgres:// URL'],
    ['SYNCLINE_METRICS_ADDRESS', '9464', 'SYNCLINE_METRICS_ADDRESS: expected IP:port, such as 127.0.0.1:9464'],
    [
      'SYNCLINE_INSTALLATION',
      'blue_green',
      'SYNCLINE_INSTALLATION: expected a name of up to 20 lower-case letters and digits that starts with a letter',
    ],
    [
      'SYNCLINE_INSTALLATION',
      'sync',
      'SYNCLINE_INSTALLATION: expected a name other than sync, governor, backfill, schedule, scheduled, partner, target, rebuild, compare, export, prune, hints, alerts, duplicates, reconcile, janitor, syncline',
    ],
    ['SYNCLINE_PARTNER_SLOTS', '-1', 'SYNCLINE_PARTNER_SLOTS: expected a whole number'],
    ['SYNCLINE_WORKFLOW_SLOTS', '1', 'SYNCLINE_WORKFLOW_SLOTS: expected a whole number, 2 or more'],
    [
      'SYNCLINE_BUILD_ID',
      'a b',
      'SYNCLINE_BUILD_ID: expected letters, digits, dots, dashes and underscores, at most 63',
    ],
    ['SYNCLINE_HEALTH_ADDRESS', '8090', 'SYNCLINE_HEALTH_ADDRESS: expected host:port, such as 127.0.0.1:8090'],
    [
      'SYNCLINE_HEARTBEAT_TIMEOUT',
      'soon',
      'SYNCLINE_HEARTBEAT_TIMEOUT: expected a duration of 1s or more, such as 10s',
    ],
    [
      'SYNCLINE_HEARTBEAT_TIMEOUT',
      '999ms',
      'SYNCLINE_HEARTBEAT_TIMEOUT: expected a duration of 1s or more, such as 10s',
    ],
    ['SYNCLINE_LOG_LEVEL', 'loud', 'SYNCLINE_LOG_LEVEL: expected one of debug, info, warn, error, silent'],
    ['SYNCLINE_FAILPOINT', 'nowhere', 'SYNCLINE_FAILPOINT: expected NAME or NAME:COUNT, see core/failpoint.ts'],
    ['SYNCLINE_FAILPOINT', 'commitXafter', 'SYNCLINE_FAILPOINT: expected NAME or NAME:COUNT, see core/failpoint.ts'],
  ])('refuses %s=%s by its name, never by its value', (name, value, message) => {
    expect(() => readConfig({ [name]: value })).toThrow(`${message}; correct it in the environment`);
    expect(() => readConfig({ [name]: value })).not.toThrow(/canary/);
  });

  test('names everything that is wrong at once', () => {
    expect(() => readConfig({ DATABASE_URL: 'x', SYNCLINE_LOG_LEVEL: 'loud' })).toThrow(
      /DATABASE_URL: [^]*\nSYNCLINE_LOG_LEVEL: /,
    );
  });
});
