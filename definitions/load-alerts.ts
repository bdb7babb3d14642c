import { closest } from './closest.ts';
import { ALERTS, alertsFile, noAlertSettings, type AlertSettings } from './alerts.ts';
import { findFile } from './find.ts';
import type { LoadFrom } from './load.ts';
import { loadChecked } from './load-checked.ts';
import type { Problem } from './problem.ts';
import { secretsOf } from './secrets.ts';

/** Reads, fills in and checks `alerts.yaml`; everything that is wrong with it comes in one InvalidInput. `rules`: those there are. */
export async function loadAlerts(
  { dir, env, secrets = secretsOf(env) }: LoadFrom,
  rules: readonly string[],
): Promise<{ readonly file: string | undefined; readonly settings: AlertSettings }> {
  const file = await findFile(dir, ALERTS);
  if (file === undefined) return { file, settings: noAlertSettings };
  const { value } = await loadChecked(file, {
    schema: alertsFile,
    secrets,
    check: (settings) => [...unknownChannels(settings), ...unknownRules(settings, rules)],
  });
  return { file, settings: value };
}

function unknownChannels({ channels, routes }: AlertSettings): readonly Problem[] {
  const known = Object.keys(channels);
  const named = routes.flatMap(({ to, escalate }, index) => [
    ...to.map((name, at) => ({ name, path: ['routes', index, 'to', at] })),
    ...(escalate?.to ?? []).map((name, at) => ({ name, path: ['routes', index, 'escalate', 'to', at] })),
  ]);
  return named
    .filter(({ name }) => !known.includes(name))
    .map(({ name, path }) => ({ path, says: `there is no channel ${JSON.stringify(name)}${cure(name, known)}` }));
}

function unknownRules({ routes, rules: set }: AlertSettings, rules: readonly string[]): readonly Problem[] {
  const named = [
    ...set.map(({ rule }, index) => ({ rule, path: ['rules', index, 'rule'] })),
    ...routes.flatMap(({ match }, index) =>
      [match.rule ?? []].flat().map((rule) => ({ rule, path: ['routes', index, 'match', 'rule'] })),
    ),
  ];
  return named
    .filter(({ rule }) => !rule.includes('*') && !rules.includes(rule))
    .map(({ rule, path }) => ({ path, says: `there is no rule ${JSON.stringify(rule)}${cure(rule, rules)}` }));
}

function cure(name: string, known: readonly string[]): string {
  if (known.length === 0) return ': declare it under channels';
  const near = closest(name, known);
  return near === undefined ? `; there are ${known.join(', ')}` : `; did you mean "${near}"?`;
}
