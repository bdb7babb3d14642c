import type { Command, Option } from 'commander';
import type { Run } from './command.ts';
import type { ChaosChoice } from './commands/chaos.ts';
import type { RecordChoice } from './commands/partners-record.ts';

const from = ['--from <dir>', 'folder of recordings', 'recordings'] as const;

/** The commands that keep what a partner answers, and play it. */
export function addRecordingCommands(to: {
  readonly program: Command;
  readonly partners: Command;
  readonly run: Run;
  readonly json: Option;
}): void {
  const { program, partners, run, json } = to;
  partners
    .command('record <name>')
    .description('keep what a partner answers, without secrets and personal data, for tests and for chaos')
    .option('--stream <name>', 'only this stream')
    .option('--out <dir>', 'folder of recordings', 'recordings')
    .option('--requests <n>', 'of one stream, at most', '100')
    .option('--replace <fields>', 'names of fields whose values are replaced as well, with commas between')
    .option('--keep <fields>', 'names of fields whose values stay, with commas between')
    .option('--as-is', 'keep personal data; secrets are left out all the same')
    .addOption(json)
    .action(async (name: string, options: RecordChoice & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/partners-record.ts')).partnersRecord({ ...context, name }),
      )(options),
    );
  partners
    .command('replay <name>')
    .description('answer on this machine as the partner was recorded, until Ctrl-C')
    .option(...from)
    .option('--port <n>', '0 takes a free one', '0')
    .addOption(json)
    .action(async (name: string, options: { from: string; port: string; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/partners-replay.ts')).partnersReplay({ ...context, name }),
      )(options),
    );
  program
    .command('chaos <partner>')
    .description(
      'try a definition: sync from its recording under faults and kills, and compare with an undisturbed sync',
    )
    .option(...from)
    .option('--rounds <n>', 'how many, each with other faults', '5')
    .option('--kills <n>', 'times the worker is killed in a round', '1')
    .option('--lies', 'also leave records out of pages, which many APIs give no way to notice')
    .option('--seed <n>', 'repeats what another run did')
    .option('--round <n>', 'only this round of the seed')
    .addOption(json)
    .action(async (name: string, options: ChaosChoice & { json?: boolean }) =>
      run<typeof options>(async (context) => (await import('./commands/chaos.ts')).chaos({ ...context, name }))(
        options,
      ),
    );
}
