import { Option, type Command } from 'commander';
import type { Run } from './command.ts';
import type { LimitCommandOptions } from './commands/caller-limits.ts';
import type { AddOptions, ChangeOptions } from './commands/callers.ts';

type Given<O = object> = O & { readonly reason: string; readonly json?: boolean };

const loaded = () => import('./commands/callers.ts');
const loadedLimits = () => import('./commands/caller-limits.ts');
const json = (): Option => new Option('--json', 'print one JSON document and nothing else on stdout');

const SCOPE = 'PARTNER/STREAM, or PARTNER/* for all of its streams';
const TIER = 'critical, normal or bulk: its limits, and its priority under overload';
const ADDRESS = 'only from these addresses or networks, such as 192.0.2.0/24';
const CERTIFICATE = 'only with this client certificate: its SHA-256, or a file with it';

/** `syncline callers …`: only words here; what a command needs is loaded when it is called. */
export function addCallerCommands(program: Command, run: Run): void {
  const callers = program.command('callers').description('who may push records, how much, and who changed that');
  const change = (name: string, description: string): Command =>
    callers
      .command(name)
      .description(description)
      .requiredOption('--reason <text>', 'why: kept with the change')
      .addOption(json());

  limited(change('add <name>', 'add a caller; shows its first key, once'))
    .requiredOption('--scope <scope...>', SCOPE)
    .option('--tier <tier>', TIER, 'normal')
    .option('--address <network...>', ADDRESS)
    .option('--certificate <fingerprint>', CERTIFICATE)
    .action(async (name: string, options: Given<AddOptions>) =>
      run<Given<AddOptions>>(async (context) => (await loaded()).callersAdd({ ...context, name }))(options),
    );
  callers
    .command('list [name]')
    .description('all callers; or one, with its keys and its last changes')
    .option('--all', 'also those that were revoked')
    .addOption(json())
    .action(async (name: string | undefined, options: { all?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) => (await loaded()).callersList({ ...context, name }))(options),
    );
  change('change <name>', 'change where it may push to and from, its tier, its certificate')
    .option('--scope <scope...>', `${SCOPE}; replaces the present ones`)
    .option('--tier <tier>', TIER)
    .option('--address <network...>', ADDRESS)
    .option('--no-address', 'from anywhere')
    .option('--certificate <fingerprint>', CERTIFICATE)
    .option('--no-certificate', 'without a certificate')
    .action(async (name: string, options: Given<ChangeOptions>) =>
      run<Given<ChangeOptions>>(async (context) => (await loaded()).callersChange({ ...context, name }))(options),
    );
  change('rotate <name>', 'make a new key, which is shown once; the old one stays valid for a time')
    .option('--overlap <duration>', 'how long', '24h')
    .action(async (name: string, options: Given<{ overlap: string }>) =>
      run<typeof options>(async (context) => (await loaded()).callersRotate({ ...context, name }))(options),
    );
  change('revoke <name>', 'revoke the caller, or one of its keys, permanently')
    .option('--key <id>', 'only this key')
    .action(async (name: string, options: Given<{ key?: string }>) =>
      run<typeof options>(async (context) => (await loaded()).callersRevoke({ ...context, name }))(options),
    );
  limited(change('limit [name]', 'set how much a caller, or each caller of a tier, may send, from the next request on'))
    .option('--tier <tier>', 'for all callers of the tier that have no limits of their own')
    .option('--for <duration>', 'ends by itself after 30m, 2h, 1d; when absent, it has no end')
    .option('--reset', 'remove its own limits: those of its tier apply')
    .action(async (name: string | undefined, options: Given<LimitCommandOptions>) =>
      run<Given<LimitCommandOptions>>(async (context) => (await loadedLimits()).callersLimit({ ...context, name }))(
        options,
      ),
    );
  change('block <caller>', 'stop serving a caller, or everybody at an address')
    .option('--for <duration>', 'ends by itself after 30m, 2h, 1d; when absent, until it is unblocked')
    .action(async (subject: string, options: Given<{ for?: string }>) =>
      run<typeof options>(async (context) => (await loadedLimits()).callersBlock({ ...context, subject }))(options),
    );
  change('unblock <caller>', 'serve a caller, or an address, again').action(async (subject: string, options: Given) =>
    run<typeof options>(async (context) => (await loadedLimits()).callersUnblock({ ...context, subject }))(options),
  );
}

const limited = (command: Command): Command =>
  command
    .option('--rate <n>', 'units per second, over any longer time')
    .option('--burst <n>', 'units that may come at once after a pause')
    .option('--daily <n>', 'units per day (UTC); none, for a tier: no quota');
