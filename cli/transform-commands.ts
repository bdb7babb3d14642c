import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline decrypt`: only words here; what a command needs is loaded when it is called. */
export function addTransformCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  program
    .command('decrypt <partner> <stream> <field>')
    .description('decrypt values of an encrypted field: one text per line of standard input')
    .option('--key <name>', "the variable or secret with the key, if it is not the definition's present one")
    .addOption(json)
    .action(async (partner: string, stream: string, field: string, options: { key?: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/decrypt.ts')).decrypt({ ...context, partner, stream, field }),
      )(options),
    );
}
