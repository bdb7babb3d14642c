import type { Command, Option } from 'commander';
import type { Run } from './command.ts';
import type { ChaosChoice } from './chaos/choice.ts';
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
    .description("record a partner's answers, without secrets and personal data, for tests and for chaos")
    .option('--stream <name>', 'only this stream')
    .option('--out <dir>', 'folder of recordings', 'recordings')
    .option('--requests <n>', 'most requests of one stream', '100')
    .option('--replace <fields>', 'further fields whose values are replaced, separated by commas')
    .option('--keep <fields>', 'fields whose values are kept, separated by commas')
    .option('--as-is', 'keep personal data; secrets are still left out')
    .addOption(json)
    .action(async (name: string, options: RecordChoice & { json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/partners-record.ts')).partnersRecord({ ...context, name }),
      )(options),
    );
  partners
    .command('replay <name>')
    .description('serve a recording of the partner on this machine, until Ctrl-C')
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
      'test a definition: sync from a recording, or from generated answers, under faults and kills, and compare with an undisturbed sync',
    )
    .option(...from)
    .option('--generate', 'without a recording: answers are made from the definition')
    .option('--records <n>', 'with --generate: records of a stream (200)')
    .option('--rounds <n>', 'how many rounds, each with other faults', '5')
    .option('--kills <n>', 'times the worker is killed in a round', '1')
    .option(
      '--lies',
      'also leave out records, send some that are none, and announce too many: many APIs let nobody notice',
    )
    .option('--seed <n>', 'repeat the faults, and the generated answers, of another run')
    .option('--round <n>', 'only this round of the seed')
    .addOption(json)
    .action(async (name: string, options: ChaosChoice & { json?: boolean }) =>
      run<typeof options>(async (context) => (await import('./commands/chaos.ts')).chaos({ ...context, name }))(
        options,
      ),
    );
}
