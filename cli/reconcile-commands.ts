import { Option, type Command } from 'commander';
import { findingStates, reconcileLevels } from '../core/reconcile.ts';
import type { Run } from './command.ts';
import type { ReconcileOptions } from './commands/reconcile.ts';

/** `syncline reconcile …`: only words here; what a command needs is loaded when it is called. */
export function addReconcileCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const group = program
    .command('reconcile')
    .description('compare what a partner says with what is known: missing, extra, stale, different');
  group
    .command('start <partner> [streams...]', { isDefault: true })
    .description(
      'read the partner anew, with spare quota only, and say where the store differs; all streams when none is named',
    )
    .addOption(
      new Option('--level <level>', 'how deeply records are compared').choices([...reconcileLevels]).default('content'),
    )
    .option('--from <day>', 'only what changed from this day or time on, of incremental streams')
    .option('--to <day>', 'a day, which is included, or a time, which is not; now when absent')
    .option('--sample <n>', 'only so many records of the store, drawn at random and asked for one by one')
    .option('--label <text>', 'its name; with that of one that failed, it goes on from its last page')
    .option('--no-wait', 'start it and return')
    .addOption(json)
    .action(async (partner: string, streams: string[], options: ReconcileOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/reconcile.ts')).reconcileStart({ ...context, partner, streams }),
      )(options),
    );
  group
    .command('list [partner]')
    .description('reconciliations and what they came to, the newest first')
    .option('--limit <n>', 'how many', '20')
    .addOption(json)
    .action(async (partner: string | undefined, options: { limit: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/reconciliations.ts')).reconcileList({ ...context, partner }),
      )(options),
    );
  group
    .command('show <id>')
    .description('what it compared, each finding with its evidence, and what to do')
    .addOption(new Option('--state <state>', 'only findings of this state').choices([...findingStates]))
    .option('--limit <n>', 'how many findings', '50')
    .addOption(json)
    .action(async (id: string, options: { state?: string; limit: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/reconciliations.ts')).reconcileShow({ ...context, id }),
      )(options),
    );
  group
    .command('cancel <id>')
    .description('end it after the pages it is at; started again with its label, it goes on from there')
    .addOption(json)
    .action(async (id: string, options: { json?: boolean }) =>
      run(async (context) => (await import('./commands/reconciliations.ts')).reconcileCancel({ ...context, id }))(
        options,
      ),
    );
  group
    .command('repair <id>')
    .description('read again what differs and land it, after a look at what would be done')
    .option('--kinds <kinds>', 'missing, stale, different, extra, with commas between', 'missing,stale,different')
    .option('--yes', 'do it; without it nothing changes')
    .addOption(json)
    .action(async (id: string, options: { kinds: string; yes?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/reconcile-repair.ts')).reconcileRepair({ ...context, id }),
      )(options),
    );
}
