import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

const loaded = () => import('./commands/approvals.ts');

/** `syncline approvals …`: only words here; what a command needs is loaded when it is called. */
export function addApprovalCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const approvals = program
    .command('approvals')
    .description("large waves of deletes that wait for a person's approval");
  approvals
    .command('list [partner]')
    .description('those that wait: how many of how many rows would be deleted, which run waits, and until when')
    .option('--all', 'also those that were answered, or that nobody answered in time')
    .addOption(json)
    .action(async (partner: string | undefined, options: { all?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) => (await loaded()).approvalsList({ ...context, partner }))(options),
    );
  approvals
    .command('show <id>')
    .description('one of them, with some of the keys that would be deleted')
    .addOption(json)
    .action(async (id: string, options: { json?: boolean }) =>
      run<typeof options>(async (context) => (await loaded()).approvalsShow({ ...context, id }))(options),
    );
  for (const [name, words] of [
    ['approve', 'delete the rows: the run goes on'],
    ['reject', 'keep the rows: nothing is deleted, and the run does not end as ok'],
  ] as const)
    approvals
      .command(`${name} <id>`)
      .description(words)
      .requiredOption('--reason <text>', 'why: kept with the answer')
      .addOption(json)
      .action(async (id: string, options: { reason: string; json?: boolean }) =>
        run<typeof options>(async (context) => (await loaded()).approvalsDecide({ ...context, id, answer: name }))(
          options,
        ),
      );
}
