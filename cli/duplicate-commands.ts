import { Option, type Command } from 'commander';
import { InvalidInput } from '../core/errors.ts';
import type { Run } from './command.ts';
import type { ChangeOptions } from './commands/duplicates-change.ts';
import type { DecideOptions } from './commands/duplicates-decide.ts';
import type { DriftOptions } from './commands/duplicates-drift.ts';
import type { RemoveOptions } from './commands/duplicates-remove.ts';
import type { ShowOptions } from './commands/duplicates.ts';

/** `syncline duplicates …`: only words here; what a command needs is loaded when it is called. */
export function addDuplicateCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const group = program
    .command('duplicates')
    .description('find rows that mean the same thing, merge them into golden records, and undo that at any time');
  group
    .command('plan <name>')
    .description('find pairs by the rules of duplicates.yaml and make a plan of them; nothing changes by it')
    .option(
      '--wait-for-approval <duration>',
      'the workflow waits so long for the signal `approve`, and then applies the plan',
    )
    .addOption(json)
    .action((name: string, options: { waitForApproval?: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-find.ts')).planDuplicates({ ...context, name }),
      )(options),
    );
  group
    .command('join <name>')
    .description('compare rows that came since by the rules of the plan in force, and let them join merged clusters')
    .addOption(json)
    .action((name: string, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-find.ts')).joinDuplicates({ ...context, name }),
      )(options),
    );
  group
    .command('list [name]')
    .description('plans: what they propose, what was decided, what is in force')
    .addOption(json)
    .action((name: string | undefined, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates.ts')).listDuplicates({ ...context, name }),
      )(options),
    );
  filtered(group.command('show <plan>').description('pairs of a plan side by side, the weakest of each cluster first'))
    .option('--undecided', 'only pairs that nobody has decided')
    .option('--limit <n>', 'at most so many pairs (default: 20)')
    .addOption(json)
    .action((plan: string, options: ShowOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates.ts')).showDuplicates({ ...context, plan }),
      )(options),
    );
  for (const [name, description] of [
    ['approve', 'approve pairs of a plan: without a filter those from the threshold `merge` on'],
    ['reject', 'reject pairs of a plan: they never merge, and no later plan proposes them'],
  ] as const)
    filtered(group.command(`${name} <plan>`).description(description))
      .requiredOption('--reason <text>', 'why: kept with the decision')
      .option('--again', 'also pairs that were decided otherwise before')
      .addOption(json)
      .action((plan: string, options: DecideOptions & { json?: boolean }) =>
        run<typeof options>(async (context) =>
          (await import('./commands/duplicates-decide.ts')).decide({ ...context, plan, decision: name }),
        )(options),
      );
  for (const [name, description] of [
    ['apply', 'merge what was approved of a plan; rows stay, golden records follow'],
    ['undo', 'take a plan back at any later time, or only a rule, a cluster or a pair of it'],
  ] as const) {
    const command = group.command(`${name} <plan>`).description(description);
    if (name === 'undo')
      command
        .option('--rule <name>', 'only what this rule has found (score: the weighed pairs)')
        .option('--cluster <n>', 'only this cluster')
        .option('--pair <n>', 'only this pair');
    command
      .requiredOption('--reason <text>', 'why: kept with the change')
      .addOption(json)
      .action((plan: string, options: ChangeOptions & { json?: boolean }) =>
        run<typeof options>(async (context) =>
          (await import('./commands/duplicates-change.ts')).changePlan({ ...context, plan, action: name }),
        )(options),
      );
  }
  group
    .command('drift <name>')
    .description('pairs in force whose rows were edited so that they say different things now')
    .option('--limit <n>', 'show at most so many pairs (default: 20)')
    .option('--undo', 'undo these pairs')
    .option('--reason <text>', 'with --undo, why: kept with the change')
    .addOption(json)
    .action((name: string, options: DriftOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-drift.ts')).driftOfDuplicates({ ...context, name }),
      )(options),
    );
  group
    .command('why <plan>')
    .description(
      'which run, page or caller made the duplicates, since when, and what key would have made one row of them',
    )
    .addOption(json)
    .action((plan: string, options: { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-why.ts')).whyDuplicates({ ...context, plan }),
      )(options),
    );
  filtered(group.command('export <plan>').description('write a plan to a file: .csv to edit it, .html to read it'))
    .requiredOption('--out <file>', 'the file; its ending says what it becomes')
    .addOption(json)
    .action((plan: string, options: ShowOptions & { out: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-export.ts')).exportDuplicates({ ...context, plan }),
      )(options),
    );
  group
    .command('import <plan>')
    .description('take decisions from a CSV file that `duplicates export` wrote: merge or no in its column `decision`')
    .requiredOption('--file <file>', 'the edited file')
    .requiredOption('--reason <text>', 'why: kept with the decisions')
    .addOption(json)
    .action((plan: string, options: { file: string; reason: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-import.ts')).importDecisions({ ...context, plan }),
      )(options),
    );
  group
    .command('links <name>')
    .description('write which rows belong together now, for other warehouses: .csv or .parquet')
    .option('--out <file>', 'the file; its ending says what it becomes')
    .addOption(
      new Option('--forget', 'no warehouse uses them any more: nobody is told when they are out of date').conflicts(
        'out',
      ),
    )
    .addOption(json)
    .action((name: string, options: { out?: string; forget?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) => {
        if (options.forget === true)
          return (await import('./commands/duplicates-check-links.ts')).forgetWritten({ ...context, name });
        if (options.out === undefined) throw new InvalidInput('name a file with --out');
        return (await import('./commands/duplicates-links.ts')).writeLinks({
          ...context,
          options: { out: options.out },
          name,
        });
      })(options),
    );
  group
    .command('view <name>')
    .description('print the SQL of the views of golden records for a target')
    .option('--target <name>', 'a target of targets.yaml that all streams are written to')
    .addOption(
      new Option('--check', 'only say whether the links that were last written are those of now').conflicts('target'),
    )
    .addOption(json)
    .action((name: string, options: { target?: string; check?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) => {
        if (options.check === true)
          return (await import('./commands/duplicates-check-links.ts')).checkLinks({ ...context, name });
        if (options.target === undefined) throw new InvalidInput('name a target with --target, or ask with --check');
        return (await import('./commands/duplicates-links.ts')).viewInTarget({
          ...context,
          options: { target: options.target },
          name,
        });
      })(options),
    );
  group
    .command('remove <plan>')
    .description('take rows that a plan has merged out of their tables; without --yes it only says which ones would go')
    .option('--yes', 'remove them')
    .option('--expect <n>', 'with --yes: how many rows, as the command says without it')
    .option('--reason <text>', 'with --yes, why: kept with the removal')
    .option('--after <duration>', 'only what has been merged for so long (default: 7d)')
    .addOption(json)
    .action((plan: string, options: RemoveOptions & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/duplicates-remove.ts')).removeDuplicates({ ...context, plan }),
      )(options),
    );
  for (const [name, description] of [
    ['never', 'two rows never belong together: they are parted now if they do'],
    ['may', 'two rows may belong together again'],
  ] as const)
    group
      .command(`${name} <name> <left> <right>`)
      .description(`${description} (rows as "crm.contacts 123")`)
      .requiredOption('--reason <text>', 'why: kept with it')
      .addOption(json)
      .action((of: string, left: string, right: string, options: { reason: string; json?: boolean }) =>
        run<typeof options>(async (context) =>
          (await import('./commands/duplicates-decide.ts')).keepApart({
            ...context,
            name: of,
            rows: [left, right],
            way: name,
          }),
        )(options),
      );
}

/** Which pairs. */
const filtered = (command: Command): Command =>
  command
    .option('--rule <name>', 'only pairs of this rule (score: the weighed ones)')
    .option('--cluster <n>', 'only this cluster')
    .option('--pair <n>', 'only this pair')
    .addOption(new Option('--found <what>', 'only what the thresholds propose so').choices(['merge', 'review']))
    .option('--from <probability>', 'only pairs of at least this probability')
    .option('--to <probability>', 'only pairs of at most this probability');
