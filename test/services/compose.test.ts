import { readFile, stat } from 'node:fs/promises';
import { execFile } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';
import { parseDuration } from '../../core/duration.ts';
import { usualPatience } from '../../ingest/server.ts';
import { searchAttributes } from '../../messages/search-attributes.ts';
import { dynamicConfig } from '../../services/temporal-server.ts';

const root = join(import.meta.dirname, '../..');
const read = (file: string): Promise<string> => readFile(join(root, file), 'utf8');
const run = promisify(execFile);

const service = z.looseObject({
  image: z.string(),
  restart: z.string(),
  ports: z.array(z.string()).default([]),
  healthcheck: z
    .object({ test: z.array(z.string()).min(2) })
    .loose()
    .optional(),
  depends_on: z.record(z.string(), z.object({ condition: z.string() })).default({}),
  environment: z.record(z.string(), z.string()).default({}),
  command: z.array(z.string()).default([]),
  volumes: z.array(z.string()).default([]),
  stop_grace_period: z.string().optional(),
});
const compose = z
  .object({ services: z.record(z.string(), service) })
  .parse(parse(await read('docker-compose.yml'), { merge: true }));
const services = Object.entries(compose.services);
const runsOn = ({ restart }: z.output<typeof service>): boolean => restart === 'unless-stopped';

const portOf = (name: string, variable: string): number =>
  Number(compose.services[name]?.environment[variable]?.split(':')[1]);

describe('docker-compose.yml', () => {
  test.each(services)('%s has an image of one exact version', (_, { image }) => {
    expect(image).toMatch(/:v?\d+\.\d+(\.\d+)?$/);
  });

  test.each(services)('%s listens on 127.0.0.1 only', (_, { ports }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/);
  });

  test('the services that stay up have a health check, the one-shots end and are retried', () => {
    expect(services.filter(([, it]) => runsOn(it)).map(([name]) => name)).toEqual([
      'postgres',
      'temporal',
      'temporal-ui',
      'syncline-worker',
      'syncline-ingest',
      'syncline-ui',
      'alertmanager',
      'prometheus',
      'grafana',
    ]);
    const unwell = services.filter(([, it]) =>
      runsOn(it) ? it.healthcheck === undefined : !it.restart.startsWith('on-failure'),
    );
    expect(unwell).toEqual([]);
  });

  test.each(services)('%s waits for health of what stays up and for the end of what does not', (_, it) => {
    for (const [name, { condition }] of Object.entries(it.depends_on)) {
      const other = compose.services[name];
      if (other === undefined) throw new Error(`there is no ${name}`);
      expect(condition).toBe(runsOn(other) ? 'service_healthy' : 'service_completed_successfully');
    }
  });

  test('a worker starts after the schema, the namespace and the servers', () => {
    const worker = compose.services['syncline-worker'];
    const before = ['postgres', 'syncline-migrate', 'temporal', 'temporal-namespace'];
    expect(Object.keys(worker?.depends_on ?? {}).toSorted()).toEqual(before);
  });

  test('ingest takes requests in without Temporal, may write nowhere, and has time to answer what it took in', () => {
    const ingest = compose.services['syncline-ingest'];
    expect(Object.keys(ingest?.depends_on ?? {}).toSorted()).toEqual(['postgres', 'syncline-migrate']);
    expect(ingest).toMatchObject({ read_only: true, cap_drop: ['ALL'], security_opt: ['no-new-privileges:true'] });
    const [, port] = /^0\.0\.0\.0:(\d+)$/.exec(ingest?.command.at(-1) ?? '') ?? [];
    expect(ingest?.ports).toEqual([`127.0.0.1:\${INGEST_PORT:-8080}:${port}`]);
    expect(parseDuration(ingest?.stop_grace_period ?? '')).toBeGreaterThan(usualPatience.requestMs);
    const { DATABASE_URL: own, SYNCLINE_METRICS_ADDRESS: metrics, ...rest } = ingest?.environment ?? {};
    const { DATABASE_URL: theirs, ...others } = compose.services['syncline-migrate']?.environment ?? {};
    expect([own, metrics, rest]).toEqual([`\${INGEST_DATABASE_URL:-${theirs}}`, '0.0.0.0:9464', others]);
  });

  // What the check says is its exit code: 0 where /readyz answers 200, 1 where it answers 503 or nobody does.
  test.each([
    [200, 0],
    [503, 1],
    [undefined, 1],
  ])('the health check of ingest, where /readyz answers %s, ends with %s', async (status, code) => {
    const server = createServer(({ url }, response) =>
      response.writeHead(url === '/readyz' ? (status ?? 0) : 404).end(),
    );
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    if (status === undefined) await new Promise((resolve) => server.close(resolve));
    const [, , ...call] = compose.services['syncline-ingest']?.healthcheck?.test ?? [];
    const ended = await run(
      process.execPath,
      call.map((text) => text.replace('8080', String(port))),
    ).then(
      () => 0,
      (error: { code?: number }) => error.code,
    );
    server.close();
    expect(ended).toBe(code);
  });

  test('has the number of history shards that cannot be changed later, and PostgreSQL’s data on a volume', () => {
    expect(compose.services['temporal']?.environment['NUM_HISTORY_SHARDS']).toBe('512');
    expect(compose.services['postgres']?.volumes).toEqual(['postgres:/var/lib/postgresql']);
  });

  test('every default of a setting is one that works, and no secret is written out', () => {
    const addresses = compose.services['syncline-worker']?.environment ?? {};
    expect(Object.keys(addresses).toSorted()).toEqual([
      'DATABASE_URL',
      'SYNCLINE_LOG_LEVEL',
      'SYNCLINE_METRICS_ADDRESS',
      'SYNCLINE_PARTNERS_DIR',
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
    ]);
    const passwords = services
      .flatMap(([, { environment }]) => Object.entries(environment))
      .filter(([name]) => /PASSWORD|PWD/.test(name));
    expect(passwords.length).toBeGreaterThan(0);
    for (const [, value] of passwords) expect(value).toMatch(/^\$\{(POSTGRES|GRAFANA)_PASSWORD:-/);
  });

  test('mounts only files that are in the repository', async () => {
    const mounts = services.flatMap(([, { volumes }]) => volumes).filter((volume) => volume.startsWith('./'));
    expect(mounts.length).toBeGreaterThan(0);
    for (const mount of mounts) expect((await stat(join(root, mount.split(':')[0] ?? ''))).size).toBeGreaterThan(0);
  });
});

describe('Prometheus and Grafana', () => {
  test('Prometheus asks where workers and the server really answer', async () => {
    const { scrape_configs: jobs } = parse(await read('deploy/prometheus/prometheus.yaml')) as {
      scrape_configs: { job_name: string; dns_sd_configs?: object[]; static_configs?: object[] }[];
    };
    expect(jobs).toMatchObject([
      {
        job_name: 'syncline',
        dns_sd_configs: [{ names: ['syncline-worker'], port: portOf('syncline-worker', 'SYNCLINE_METRICS_ADDRESS') }],
      },
      {
        job_name: 'syncline-ingest',
        dns_sd_configs: [{ names: ['syncline-ingest'], port: portOf('syncline-ingest', 'SYNCLINE_METRICS_ADDRESS') }],
      },
      {
        job_name: 'temporal',
        static_configs: [{ targets: [`temporal:${portOf('temporal', 'PROMETHEUS_ENDPOINT')}`] }],
      },
    ]);
  });

  test('Prometheus tells the Alertmanager that Compose starts, which has its settings and keeps what it knows', async () => {
    const { alerting } = parse(await read('deploy/prometheus/prometheus.yaml')) as { alerting: unknown };
    expect(alerting).toEqual({ alertmanagers: [{ static_configs: [{ targets: ['alertmanager:9093'] }] }] });
    const { command, volumes, ports } = compose.services['alertmanager'] ?? {};
    expect(ports).toEqual(['127.0.0.1:${ALERTMANAGER_PORT:-9093}:9093']);
    expect(command).toContain('--config.file=/etc/alertmanager/alertmanager.yaml');
    expect(volumes).toContain('./deploy/alertmanager/alertmanager.yaml:/etc/alertmanager/alertmanager.yaml:ro');
    expect(command).toContain(`--storage.path=${volumes?.at(-1)?.split(':')[1]}`);
  });

  test('the dashboard’s data source is the provisioned one, at the place where Prometheus is', async () => {
    const { datasources } = parse(await read('deploy/grafana/provisioning/datasources/prometheus.yaml')) as {
      datasources: { uid: string; url: string }[];
    };
    expect(datasources).toMatchObject([{ uid: 'syncline-prometheus', url: 'http://prometheus:9090' }]);
    const files = ['fleet', 'partner', 'limits', 'ingest', 'targets'];
    const texts = await Promise.all(files.map((name) => read(`deploy/grafana/dashboards/${name}.json`)));
    const uids = texts.flatMap((text) => [...text.matchAll(/"type": "prometheus",\s+"uid": "(.*)"/g)]);
    expect(uids.length).toBeGreaterThan(50);
    expect(new Set(uids.map(([, uid]) => uid))).toEqual(new Set(['syncline-prometheus']));
    const { providers } = parse(await read('deploy/grafana/provisioning/dashboards/syncline.yaml')) as {
      providers: { options: { path: string } }[];
    };
    const mounted = compose.services['grafana']?.volumes.find((volume) =>
      volume.startsWith('./deploy/grafana/dashboards:'),
    );
    expect(mounted).toBe(`./deploy/grafana/dashboards:${providers[0]?.options.path}:ro`);
    const home = compose.services['grafana']?.environment['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH'];
    expect(home).toBe(`${providers[0]?.options.path}/${files[0]}.json`);
  });
});

describe('deploy/', () => {
  test.each(['setup-schema.sh', 'setup-namespace.sh'])('%s is a sound shell script', async (script) => {
    await expect(run('bash', ['-n', join(root, 'deploy', script)])).resolves.toBeDefined();
    expect(await read(`deploy/${script}`)).toMatch(/^#!\/bin\/sh\n[^]*\nset -eu\n/);
  });

  test('the namespace gets every search attribute that the product sets', async () => {
    const script = await read('deploy/setup-namespace.sh');
    expect(/for name in (.*); do/.exec(script)?.[1]?.split(' ')).toEqual(Object.keys(searchAttributes));
  });

  test('the cluster’s dynamic config agrees with the development server’s', async () => {
    const values = z
      .record(z.string(), z.array(z.object({ value: z.union([z.number(), z.boolean()]) })).length(1))
      .parse(parse(await read('deploy/dynamicconfig.yaml')));
    // How often visibility may be asked is a question of size; the others change what the product does.
    const shared = Object.entries(dynamicConfig).filter(([key]) => !key.startsWith('frontend.'));
    expect(shared.map(([key]) => [key, values[key]?.[0]?.value])).toEqual(shared);
  });
});

describe('Dockerfile', () => {
  test('pins its base, runs as nobody special, and is built with the migrations that tsc leaves behind', async () => {
    const text = await read('Dockerfile');
    const bases = [...text.matchAll(/^FROM (\S+)/gm)].map(([, image]) => image);
    expect(bases.length).toBeGreaterThan(0);
    for (const base of bases) expect(base).toMatch(/^node:\d+\.\d+\.\d+-/);
    expect(text.slice(text.lastIndexOf('FROM'))).toMatch(/^USER node$/m);
    expect(text).toContain('RUN npm run build');
    expect(await read('package.json')).toMatch(/"build": ".*copy-files/);
  });

  test('keeps secrets out of the image', async () => {
    expect((await read('.dockerignore')).split('\n')).toEqual(expect.arrayContaining(['.env', '.git', 'node_modules']));
  });
});
