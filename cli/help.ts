import { Help, type Command, type HelpConfiguration } from 'commander';

/** Commands of the first level as `syncline --help` shows them: thirty in a row are read by nobody. */
const groups: Readonly<Record<string, readonly string[]>> = {
  'Begin:': ['init', 'demo', 'dev', 'doctor', 'completion'],
  'Read partners:': ['partners', 'auth', 'sync', 'schedule', 'backfill', 'reconcile', 'runs', 'limits', 'chaos'],
  'See what happens:': ['status', 'alerts', 'calls', 'trace', 'drift', 'anomalies'],
  'Answer what waits for a person:': ['approvals', 'quarantine', 'waiting'],
  'Take in what partners send:': ['callers', 'webhooks'],
  'Tables and targets:': [
    'plan',
    'rebuild',
    'rollback',
    'targets',
    'export',
    'undo',
    'duplicates',
    'erase',
    'prune',
    'janitor',
    'decrypt',
  ],
  'Run it on servers:': ['migrate', 'worker', 'ingest', 'ui', 'codec'],
};

const order = Object.values(groups).flat();
/** Those below the first level stay in the order in which they were added. */
const placeOf = (command: Command): number => {
  if (command.parent?.parent != null) return 0;
  const at = order.indexOf(command.name());
  return at === -1 ? order.length : at;
};

/** Fits 100 columns; a group names its commands, which take the options. */
export const helpFormat: HelpConfiguration = {
  showGlobalOptions: true,
  helpWidth: Math.min(process.stdout.columns || 100, 100),
  subcommandTerm: (command) => [command.name(), ...command.registeredArguments.map(termOf)].join(' '),
  visibleCommands: (command) => new Help().visibleCommands(command).toSorted((a, b) => placeOf(a) - placeOf(b)),
  groupItems: (_, visible, groupOf) => new Help().groupItems(visible, visible, groupOf),
};

const termOf = (argument: Command['registeredArguments'][number]): string => {
  const name = `${argument.name()}${argument.variadic ? '...' : ''}`;
  return argument.required ? `<${name}>` : `[${name}]`;
};

export function groupCommands(program: Command): void {
  for (const command of program.commands) {
    const group = Object.keys(groups).find((heading) => groups[heading]?.includes(command.name()));
    if (group !== undefined) command.helpGroup(group);
  }
}
