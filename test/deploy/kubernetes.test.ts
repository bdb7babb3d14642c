import { spawnSync } from 'node:child_process';
import { cp, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../../config/config.ts';
import { loadPartner } from '../../definitions/load.ts';
import { SECOND } from '../../core/duration.ts';
import { usualPatience } from '../../ingest/server.ts';
import { exporter } from '../../workers/runtime.ts';
import { checkRoles } from '../../workers/roles.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const folder = join(import.meta.dirname, '../../deploy/kubernetes');
const read = (file: string): Promise<string> => readFile(join(folder, file), 'utf8');
const kustomization = z
  .object({ resources: z.array(z.string()), configMapGenerator: z.array(z.object({ files: z.array(z.string()) })) })
  .parse(parse(await read('kustomization.yaml')));

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const deploymentShape = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    replicas: z.number(),
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) }),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        securityContext: z.object({ runAsNonRoot: z.boolean() }),
        initContainers: z.array(z.object({ command: z.array(z.string()) })).default([]),
        containers: z
          .array(
            z.object({
              command: z.array(z.string()),
              args: z.array(z.string()).default([]),
              lifecycle: z
                .object({ preStop: z.object({ exec: z.object({ command: z.array(z.string()) }) }) })
                .optional(),
              ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
              startupProbe: probe,
              livenessProbe: probe,
              readinessProbe: probe,
              env: z
                .array(z.object({ name: z.string(), valueFrom: z.object({ secretKeyRef: z.unknown() }) }))
                .default([]),
              securityContext: z.object({ readOnlyRootFilesystem: z.boolean(), allowPrivilegeEscalation: z.boolean() }),
            }),
          )
          .length(1),
      }),
    }),
  }),
});
const budgetShape = z.object({
  spec: z.object({ selector: z.object({ matchLabels: z.record(z.string(), z.string()) }) }),
});

const serviceShape = z.object({
  spec: z.object({ selector: z.record(z.string(), z.string()), ports: z.array(z.unknown()) }),
});

const documents = (
  await Promise.all(
    kustomization.resources.map(async (file) =>
      parseAllDocuments(await read(file)).map((it) => it.toJS() as { kind: string }),
    ),
  )
).flat();
const ofKind = (kind: string): readonly unknown[] => documents.filter((it) => it.kind === kind);
const nameOf = (it: unknown): string => z.object({ metadata: z.object({ name: z.string() }) }).parse(it).metadata.name;
const deployments = ofKind('Deployment')
  .filter((it) => nameOf(it) !== 'syncline-migrate')
  .map((it) => deploymentShape.parse(it));
const ingest = deployments.find(({ metadata }) => metadata.name === 'syncline-ingest');
const workers = deployments.filter((it) => it !== ingest);
const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(ofKind('ConfigMap')[0]);

type Spec = (typeof deployments)[number]['spec'];

const portOf = ({ template }: Spec, name: string): number | undefined =>
  template.spec.containers[0]?.ports.find((port) => port.name === name)?.containerPort;

function expectProbes({ template }: Spec, port: string): void {
  expect(template.spec.containers[0]).toMatchObject({
    startupProbe: { httpGet: { path: '/healthz', port } },
    livenessProbe: { httpGet: { path: '/healthz', port } },
    readinessProbe: { httpGet: { path: '/readyz', port } },
  });
}

describe('deploy/kubernetes', () => {
  test('applies every file that is there', async () => {
    const there = (await readdir(folder)).filter((file) => file.endsWith('.yaml') && file !== 'kustomization.yaml');
    expect(kustomization.resources.toSorted()).toEqual(there.toSorted());
    for (const file of kustomization.configMapGenerator.flatMap(({ files }) => files))
      expect(await read(file)).toContain('name:');
  });

  test('has settings that workers take', () => {
    const config = readConfig({ ...data, DATABASE_URL: 'postgres://syncline_worker@db/syncline' });
    expect([config.temporalAddress, config.healthAddress]).toEqual([
      data['TEMPORAL_ADDRESS'],
      data['SYNCLINE_HEALTH_ADDRESS'],
    ]);
    expect(exporter(config.worker.metricsAddress ?? '').bindAddress).toMatch(/:9464$/);
  });

  test('runs all roles between its deployments', () => {
    const roles = workers.map(({ spec }) => spec.template.spec.containers[0]?.command.at(-1) ?? '');
    expect(() => checkRoles(roles)).not.toThrow();
    expect(roles.toSorted()).toEqual(['partners', 'workflows']);
  });

  test.each(workers.map((it) => [it.metadata.name, it] as const))(
    '%s leaves in time and is probed where it answers',
    (_, { spec }) => {
      // The SDK ends what is left after a minute (workers/sync-worker.ts).
      expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(60);
      expect(`0.0.0.0:${portOf(spec, 'health')}`).toBe(data['SYNCLINE_HEALTH_ADDRESS']);
      expectProbes(spec, 'health');
    },
  );

  test.each(deployments.map((it) => [it.metadata.name, it] as const))(
    '%s is scraped where it answers, may write nowhere, and is no root',
    (_, { spec }) => {
      expect(`0.0.0.0:${portOf(spec, 'metrics')}`).toBe(data['SYNCLINE_METRICS_ADDRESS']);
      expect(spec.template.metadata.annotations['prometheus.io/port']).toBe(String(portOf(spec, 'metrics')));
      expect(spec.template.spec.securityContext.runAsNonRoot).toBe(true);
      expect(spec.template.spec.containers[0]?.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      });
    },
  );

  test('ingest is found by its service, and leaves when nobody sends to it any more, with time for a slow sender', () => {
    if (ingest === undefined) throw new Error('there is no deployment syncline-ingest');
    const { spec } = ingest;
    const [container] = spec.template.spec.containers;
    expect(spec.replicas).toBeGreaterThanOrEqual(2);
    expect(container?.args.join(' ')).toBe(`--address 0.0.0.0:${portOf(spec, 'http')}`);
    expectProbes(spec, 'http');
    const [service] = ofKind('Service').map((it) => serviceShape.parse(it));
    expect(spec.template.metadata.labels).toMatchObject(service?.spec.selector ?? { none: '' });
    expect(service?.spec.ports).toEqual([{ name: 'http', port: 80, targetPort: 'http' }]);
    const [sleep, seconds] = container?.lifecycle?.preStop.exec.command ?? [];
    expect(sleep).toBe('sleep');
    expect(Number(seconds)).toBeGreaterThan(0);
    expect(spec.template.spec.terminationGracePeriodSeconds).toBeGreaterThan(
      Number(seconds) + usualPatience.requestMs / SECOND,
    );
  });

  test('strangers talk to a process with a database role of its own, whose tables another one has made', () => {
    const pod = ingest?.spec.template.spec;
    expect(pod?.containers[0]?.env).toEqual([
      { name: 'DATABASE_URL', valueFrom: { secretKeyRef: { name: 'syncline-ingest', key: 'DATABASE_URL' } } },
    ]);
    expect(pod?.initContainers.map(({ command }) => command.at(-1))).toEqual([
      'node bin/syncline.js partners prepare || true',
    ]);
  });

  test('the migration can be applied again with another image, and never runs in two versions at once', () => {
    // All but the parallelism of a job is immutable: https://kubernetes.io/docs/concepts/workloads/controllers/job/
    expect(ofKind('Job')).toEqual([]);
    const migrate = z
      .object({
        spec: z.object({
          strategy: z.object({ type: z.string() }),
          template: z.object({
            spec: z.object({
              initContainers: z.array(z.object({ command: z.array(z.string()) })),
              containers: z.array(z.strictObject({ command: z.array(z.string()) }).loose()),
            }),
          }),
        }),
      })
      .parse(ofKind('Deployment').find((it) => nameOf(it) === 'syncline-migrate'));
    const { initContainers, containers } = migrate.spec.template.spec;
    expect(migrate.spec.strategy.type).toBe('Recreate');
    expect(initContainers.map(({ command }) => command.at(-1))).toEqual(['migrate']);
    expect(containers.flatMap((container) => Object.keys(container))).not.toContain('env');
    expect(containers.flatMap((container) => Object.keys(container))).not.toContain('envFrom');
  });

  test('the patch of docs/deployment.md gives ingest options that it has', async () => {
    const document = await readFile(join(import.meta.dirname, '../../docs/deployment.md'), 'utf8');
    const [, patch = ''] = /```yaml\n(# kustomization\.yaml of yours[^]*?)```/.exec(document) ?? [];
    const [{ patch: inner }] = z
      .object({ patches: z.tuple([z.object({ patch: z.string() })]) })
      .parse(parse(patch)).patches;
    const operations = z
      .array(z.object({ op: z.literal('replace'), path: z.string(), value: z.array(z.string()) }))
      .parse(parse(inner));
    expect(operations.map(({ path }) => path)).toEqual(['/spec/template/spec/containers/0/args']);
    const main = await readFile(join(import.meta.dirname, '../../cli/program.ts'), 'utf8');
    const options = operations.flatMap(({ value }) => value.filter((text) => text.startsWith('--')));
    expect(options.length).toBeGreaterThan(2);
    for (const option of options) expect(main).toContain(`'${option} <`);
  });

  test('has a disruption budget for each deployment, and selectors that find their pods', () => {
    const budgets = ofKind('PodDisruptionBudget').map((it) => budgetShape.parse(it).spec.selector.matchLabels);
    expect(budgets).toEqual(deployments.map(({ spec }) => spec.selector.matchLabels));
    for (const { spec } of deployments) expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  });
});

const kubectl = spawnSync('kubectl', ['version', '--client']).status === 0;

const built = (path: string): readonly { readonly kind: string }[] => {
  const { status, stdout, stderr } = spawnSync('kubectl', ['kustomize', path], { encoding: 'utf8' });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return parseAllDocuments(stdout).map((it) => it.toJS() as { kind: string });
};

// Where there is no kubectl, its kustomize cannot be asked.
(kubectl ? describe : describe.skip)('deploy/overlays/example, as kubectl builds it', () => {
  const overlay = join(import.meta.dirname, '../../deploy/overlays/example');
  test('has the status page beside all roles, and one image for all of them', () => {
    const all = built(overlay);
    const names = all.filter(({ kind }) => kind === 'Deployment').map(nameOf);
    expect(names).toEqual(['ingest', 'migrate', 'partners', 'ui', 'workflows'].map((role) => `syncline-${role}`));
    const images = JSON.stringify(all).match(/"image":"[^"]*"/g) ?? [];
    expect(new Set(images)).toEqual(new Set(['"image":"registry.example.com/syncline:0.1.0"']));
  });

  test('has the definitions that it lists, and they load', async () => {
    const shape = z.object({ metadata: z.object({ name: z.string() }), data: z.record(z.string(), z.string()) });
    const maps = built(overlay).filter(({ kind }) => kind === 'ConfigMap');
    const definitions = maps
      .map((it) => shape.parse(it))
      .find(({ metadata }) => metadata.name.startsWith('syncline-partners-'));
    expect(Object.keys(definitions?.data ?? {})).toEqual(['acme.yaml']);
    const acme = await loadPartner('acme', { dir: join(overlay, 'partners'), env: { ACME_TOKEN: 'x' } });
    expect(Object.keys(acme.streams)).toEqual(['orders']);
  });

  test('components that its comments offer can be taken', async () => {
    const folder = await temporaryFolder();
    await cp(join(import.meta.dirname, '../../deploy'), folder.path, { recursive: true });
    const file = join(folder.path, 'overlays/example/kustomization.yaml');
    const text = (await readFile(file, 'utf8')).replaceAll('# - ..', '- ..');
    // Who leaves ingest out has nothing to patch in it.
    await writeFile(
      file,
      text.replace(/ {2}- target: \{ kind: Deployment, name: syncline-ingest \}\n(?: {4}.*\n){4}/, ''),
    );
    const names = built(join(folder.path, 'overlays/example'))
      .filter(({ kind }) => kind === 'Deployment' || kind === 'Service' || kind === 'PodDisruptionBudget')
      .map((it) => `${it.kind} ${nameOf(it)}`);
    await folder.remove();
    expect(names).toContain('Deployment syncline-targets');
    expect(names.filter((name) => name.includes('ingest'))).toEqual([]);
  });

  test('the page answers where its service and probes look', () => {
    const shape = z.object({
      spec: z.object({
        template: z.object({
          spec: z.object({
            containers: z
              .array(
                z.object({
                  args: z.array(z.string()),
                  ports: z.array(z.object({ containerPort: z.number() })),
                  readinessProbe: probe,
                }),
              )
              .length(1),
          }),
        }),
      }),
    });
    const ui = built(overlay).find((it) => it.kind === 'Deployment' && nameOf(it) === 'syncline-ui');
    const [container] = shape.parse(ui).spec.template.spec.containers;
    expect(container?.args).toEqual(['--address', `0.0.0.0:${container?.ports[0]?.containerPort}`]);
    expect(container?.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
  });
});
