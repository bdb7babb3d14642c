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
const { tests } = z
  .object({
    tests: z.array(
      z.object({ alert_rule_test: z.array(z.object({ alertname: z.string(), exp_alerts: z.array(z.unknown()) })) }),
    ),
  })
  .parse(await read('alerts.test.yaml'));
const cases = tests.flatMap((it) => it.alert_rule_test);
const ofIngest = groups.filter(({ name }) => name === 'syncline-ingest').flatMap(({ rules }) => rules);

/** A tool of Prometheus; Debian has it in the package `prometheus`. */
const promtool = await run('promtool', ['--version']).then(
  () => 'promtool',
  () => undefined,
);

describe('deploy/prometheus/alerts.yaml', () => {
  test.each(ofIngest.map(({ alert }) => alert))('%s has a case where it fires, and one where it does not', (alert) => {
    const fires = cases.filter(({ alertname }) => alertname === alert).map(({ exp_alerts: of }) => of.length > 0);
    expect(new Set(fires)).toEqual(new Set([true, false]));
  });

  test('has no case of a rule that is no more, and docs/metrics.md names each rule of ingest', async () => {
    const known = ofIngest.map(({ alert }) => alert);
    expect(known.length).toBeGreaterThan(5);
    expect(cases.filter(({ alertname }) => !known.includes(alertname))).toEqual([]);
    const document = await readFile(join(import.meta.dirname, '../../docs/metrics.md'), 'utf8');
    expect([...document.matchAll(/^\| `(Syncline\w+)` /gm)].map(([, name]) => name)).toEqual(known);
  });
});

(promtool === undefined ? describe.skip : describe)('promtool, where it is there', () => {
  test('says that each rule fires in its cases, and only there', async () => {
    const { stdout } = await run('promtool', ['test', 'rules', join(folder, 'alerts.test.yaml')]);
    expect(stdout).toContain('SUCCESS');
  });
});
