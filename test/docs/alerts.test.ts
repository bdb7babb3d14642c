import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { Ajv } from 'ajv';
import { parse } from 'yaml';
import { catalog, ruleNames } from '../../alerts/catalog.ts';
import { leftoverKinds, leftoverWords } from '../../core/leftover.ts';
import { treeOf, type CommandNode } from '../../cli/completion/tree.ts';
import { program } from '../../cli/program.ts';
import { alertsFile } from '../../definitions/alerts.ts';
import { loadAlerts } from '../../definitions/load-alerts.ts';
import { withFiles } from '../definitions/partner-files.ts';

const document = readFileSync('docs/alerts.md', 'utf8');
const blocks = [...document.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text = '']) => text);
const tree = treeOf(program);

test('has a row and a runbook for each rule, in their order, with its severity', () => {
  const rows = [...document.matchAll(/^\| \[`([a-z-]+)`\]\(#\1\) .*\| (page|ticket) +\|$/gm)];
  expect(rows.map(([, rule, severity]) => [rule, severity])).toEqual(
    ruleNames.map((rule) => [rule, catalog[rule].severity]),
  );
  expect([...document.matchAll(/^### ([a-z-]+)$/gm)].map(([, rule]) => rule)).toEqual(ruleNames);
});

test('its examples are settings that load', async () => {
  expect(blocks.length).toBeGreaterThanOrEqual(3);
  const names = [...document.matchAll(/\$\{([A-Z_]+)\}/g)].map(([, name = '']) => name);
  const env = Object.fromEntries(
    names.map((name) => [name, name === 'SMTP_URL' ? 'smtp://mail.example' : 'https://x.example/y']),
  );
  const isAlerts = new Ajv({ strict: true, allowUnionTypes: true, validateFormats: false }).compile(
    JSON.parse(readFileSync('schema/alerts.schema.json', 'utf8')) as object,
  );
  for (const block of blocks) {
    await withFiles({ 'alerts.yaml': block }, (dir) => loadAlerts({ dir, env }, ruleNames));
    isAlerts(parse(block));
    expect(isAlerts.errors).toBeNull();
  }
});

const defaultOf = (field: string): string =>
  new RegExp(`^\\| \`${field}\` +\\| ([^|]*?) +\\|`, 'm').exec(document)?.[1] ?? '';

test('its defaults are those that the settings have', () => {
  const { routes } = alertsFile.parse({ routes: [{ to: ['a'] }] });
  expect(routes[0]).toMatchObject({
    groupBy: ['partner', 'rule'],
    wait: 30_000,
    repeat: 4 * 3_600_000,
    resolved: true,
    continue: false,
  });
  expect(['groupBy', 'wait', 'repeat', 'resolved', 'continue'].map(defaultOf)).toEqual([
    '`[partner, rule]`',
    '`30s`',
    '`4h`',
    '`true`',
    '`false`',
  ]);
});

/** Why a command that somebody is told to type is none. */
function faultOf(words: readonly string[]): string | undefined {
  let node: CommandNode = tree;
  let given = 0;
  for (const word of words) {
    if (word.startsWith('--')) {
      if (!node.options.some(({ long }) => long === word)) return `${node.name} has no ${word}`;
      continue;
    }
    const next = given === 0 ? node.commands.find(({ name }) => name === word) : undefined;
    if (next !== undefined) node = next;
    else if (node.commands.length > 0) return `${node.name} has no ${word}`;
    else given += 1;
  }
  return given < node.arguments.filter(({ required }) => required).length
    ? `${node.name} lacks an argument`
    : undefined;
}

const place = { partner: 'acme', stream: 'orders', subject: 'nightly' };
const said = [document, ...ruleNames.map((rule) => catalog[rule].whatToDo(place))].join('\n');
const commands = new Set(
  [...said.matchAll(/`syncline ([^`]+)`|^syncline ([^#\n]+)/gm)].map(([, one, two]) => (one ?? two ?? '').trim()),
);

test.each([...commands])('`syncline %s` is a command that there is', (command) => {
  expect(faultOf(command.replaceAll(/'[^']*'/g, 'x').split(/\s+/))).toBeUndefined();
});

test('docs/janitor.md has a row for each kind of leftover, in their order, and who ends it', () => {
  const rows = [
    ...readFileSync('docs/janitor.md', 'utf8').matchAll(/^\| `([a-z-]+)` +\| [^|]+ \| (janitor|person|nobody)\b/gm),
  ];
  const by = { janitor: 'janitor', person: 'person', kept: 'nobody' } as const;
  expect(rows.map(([, kind, who]) => [kind, who])).toEqual(
    leftoverKinds.map((kind) => [kind, by[leftoverWords[kind].by]]),
  );
});
