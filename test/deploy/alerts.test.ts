import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { z } from 'zod';

const folder = join(import.meta.dirname, '../../deploy/prometheus');
const read = async (file: string): Promise<unknown> => parse(await readFile(join(folder, file), 'utf8'));
const run = promisify(execFile);

const { groups } = z
  .object({ groups: z.array(z.object({ name: z.string(), rules: z.array(z.looseObject({ alert: z.string() })) })) })
  .parse(await read('alerts.yaml'));
const testFiles = ['workers.test.yaml', 'alerts.test.yaml'];
const testsOf = z.object({
  tests: z.array(
    z.object({ alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })) }),
  ),
});
const cases = (await Promise.all(testFiles.map(read))).flatMap((file) =>
  testsOf.parse(file).tests.flatMap((it) => it.alert_rule_test),
);
const known = groups.flatMap(({ rules }) => rules.map(({ alert }) => alert));
/** It fires always: that is what it is for. */
const WATCHDOG = 'SynclineWatchdog';

/** A tool of Prometheus; Debian has it in the package `prometheus`. */
const promtool = await run('promtool', ['--version']).then(
  () => 'promtool',
  () => undefined,
);

describe('deploy/prometheus/alerts.yaml', () => {
  test.each(known)('%s has a case where it fires, and one where it does not', (alert) => {
    const fires = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts: of }) => of.length > 0);
    expect(new Set(fires)).toEqual(new Set(alert === WATCHDOG ? [true] : [true, false]));
  });

  test('has no case of a rule that is no more, and docs/metrics.md names each rule', async () => {
    expect(known.length).toBeGreaterThan(20);
    expect(cases.filter(({ alertname }) => !known.includes(alertname))).toEqual([]);
    const document = await readFile(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
    expect([...document.matchAll(/^\| `(Syncline\w+)` /gm)].map(([, name]) => name)).toEqual(known);
  });
});

(promtool === undefined ? describe.skip : describe)('promtool, where it is there', () => {
  test('says that each rule fires in its cases, and only there', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', ...testFiles.map((file) => join(folder, file))]);
    expect(stdout.match(/SUCCESS/g)).toHaveLength(testFiles.length);
  });

  test('takes the settings', async () => {
    // Those of Compose are at the place where it puts the rules.
    const { stdout } = await run('promtool', ['check', 'config', '--syntax-only', join(folder, 'prometheus.yaml')]);
    expect(stdout).toContain('SUCCESS');
  });
});

/** Debian has it in the package `prometheus-alertmanager`. */
const amtool = await run('amtool', ['--version']).then(
  () => 'amtool',
  () => undefined,
);

(amtool === undefined ? describe.skip : describe)('amtool, where it is there', () => {
  const config = join(folder, '../alertmanager/alertmanager.yaml');
  const routed = async (...labels: readonly string[]): Promise<string> =>
    (await run('amtool', ['config', 'routes', 'test', `--config.file=${config}`, ...labels])).stdout.trim();

  test('takes the settings of Alertmanager, which sends each severity to a receiver of its own', async () => {
    expect((await run('amtool', ['check-config', config])).stdout).toContain('SUCCESS');
    expect(await routed('alertname=SynclineStreamFailed', 'severity=page')).toBe('page');
    expect(await routed('alertname=run-failed', 'severity=ticket')).toBe('ticket');
    expect(await routed(`alertname=${WATCHDOG}`, 'severity=none')).toBe('watchdog');
  });
});
