import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { readConfig } from '../../config/config.ts';
import { exporter } from '../../workers/runtime.ts';
import { checkRoles } from '../../workers/roles.ts';

const folder = join(import.meta.dirname, '../../deploy/kubernetes');
const read = (file: string): Promise<string> => readFile(join(folder, file), 'utf8');
const kustomization = z
  .object({ resources: z.array(z.string()), configMapGenerator: z.array(z.object({ files: z.array(z.string()) })) })
  .parse(parse(await read('kustomization.yaml')));

const probe = z.object({ httpGet: z.object({ path: z.string(), port: z.string() }) });
const deploymentShape = z.object({
  metadata: z.object({ name: z.string() }),
  spec: z.object({
    selector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
    template: z.object({
      metadata: z.object({ labels: z.record(z.string(), z.string()), annotations: z.record(z.string(), z.string()) }),
      spec: z.object({
        terminationGracePeriodSeconds: z.number(),
        containers: z
          .array(
            z.object({
              command: z.array(z.string()),
              ports: z.array(z.object({ name: z.string(), containerPort: z.number() })),
              startupProbe: probe,
              livenessProbe: probe,
              readinessProbe: probe,
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

const documents = (
  await Promise.all(
    kustomization.resources.map(async (file) =>
      parseAllDocuments(await read(file)).map((it) => it.toJS() as { kind: string }),
    ),
  )
).flat();
const ofKind = (kind: string): readonly unknown[] => documents.filter((it) => it.kind === kind);
const deployments = ofKind('Deployment').map((it) => deploymentShape.parse(it));
const { data } = z.object({ data: z.record(z.string(), z.string()) }).parse(ofKind('ConfigMap')[0]);

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
    const roles = deployments.map(({ spec }) => spec.template.spec.containers[0]?.command.at(-1) ?? '');
    expect(() => checkRoles(roles)).not.toThrow();
    expect(roles.toSorted()).toEqual(['partners', 'workflows']);
  });

  test.each(deployments.map((it) => [it.metadata.name, it] as const))(
    '%s leaves in time and is probed where it answers',
    (_, { spec }) => {
      const pod = spec.template.spec;
      // The SDK ends what is left after a minute (workers/sync-worker.ts).
      expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(60);
      const [container] = pod.containers;
      const portOf = (name: string): number | undefined =>
        container?.ports.find((port) => port.name === name)?.containerPort;
      expect(`0.0.0.0:${portOf('health')}`).toBe(data['SYNCLINE_HEALTH_ADDRESS']);
      expect(`0.0.0.0:${portOf('metrics')}`).toBe(data['SYNCLINE_METRICS_ADDRESS']);
      expect(spec.template.metadata.annotations['prometheus.io/port']).toBe(String(portOf('metrics')));
      expect(container?.startupProbe.httpGet).toEqual({ path: '/healthz', port: 'health' });
      expect(container?.livenessProbe.httpGet).toEqual({ path: '/healthz', port: 'health' });
      expect(container?.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'health' });
      expect(container?.securityContext).toMatchObject({
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
      });
    },
  );

  test('has a disruption budget for each deployment, and selectors that find their pods', () => {
    const budgets = ofKind('PodDisruptionBudget').map((it) => budgetShape.parse(it).spec.selector.matchLabels);
    expect(budgets).toEqual(deployments.map(({ spec }) => spec.selector.matchLabels));
    for (const { spec } of deployments) expect(spec.template.metadata.labels).toMatchObject(spec.selector.matchLabels);
  });
});
