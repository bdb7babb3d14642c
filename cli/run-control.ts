import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

const stream = (): Option => new Option('--stream <name>', 'one stream of the run only');
const reason = '--reason <text>';

/** The commands that stop, resume and repeat what goes on. */
export function addRunControl(to: {
  readonly runs: Command;
  readonly partners: Command;
  readonly run: Run;
  readonly json: Option;
}): void {
  const { runs, partners, run, json } = to;
  runs
    .command('pause <id>')
    .description('stop a run after its current pages, until it is resumed; nothing is lost or read twice')
    .requiredOption(reason, 'why: kept with the pause')
    .option('--now', 'break off the request under way; its page is fetched again later')
    .addOption(stream())
    .addOption(json)
    .action(async (id: string, options: { reason: string; now?: boolean; stream?: string }) =>
      run<typeof options>(async (context) => (await import('./commands/pauses.ts')).runsPause({ ...context, id }))(
        options,
      ),
    );
  runs
    .command('resume <id>')
    .description('end the pause of a run; it goes on where it stopped')
    .option(reason, 'why: kept with the pause')
    .addOption(stream())
    .addOption(json)
    .action(async (id: string, options: { reason?: string; stream?: string }) =>
      run<typeof options>(async (context) => (await import('./commands/pauses.ts')).runsResume({ ...context, id }))(
        options,
      ),
    );
  runs
    .command('cancel <id>')
    .description('end a run after its current pages; started again, it goes on from there')
    .option('--now', 'break off the request under way; its page is fetched again later')
    .addOption(stream())
    .addOption(json)
    .action(async (id: string, options: { now?: boolean; stream?: string }) =>
      run<typeof options>(async (context) => (await import('./commands/cancel.ts')).runsCancel({ ...context, id }))(
        options,
      ),
    );
  runs
    .command('retry <id>')
    .description('read one stream of an ended run again; the others stay as they are')
    .requiredOption('--stream <name>', 'the stream; if it failed, it goes on from there, otherwise it is read anew')
    .option('--no-wait', 'start it and do not wait for its end')
    .addOption(json)
    .action(async (id: string, options: { stream: string; wait: boolean }) =>
      run<typeof options>(async (context) => (await import('./commands/retry.ts')).runsRetry({ ...context, id }))(
        options,
      ),
    );
  runs
    .command('accept <id>')
    .description('of a suspect run: so few records are right; the next run is compared with them')
    .requiredOption('--stream <name>', 'the stream whose listing has become so short')
    .requiredOption(reason, 'why it is right: kept with the run')
    .addOption(json)
    .action(async (id: string, options: { stream: string; reason: string }) =>
      run<typeof options>(async (context) => (await import('./commands/accept.ts')).runsAccept({ ...context, id }))(
        options,
      ),
    );
  partners
    .command('pause <name>')
    .description("stop all requests of the partner's runs, until it is resumed")
    .requiredOption(reason, 'why: kept with the pause')
    .option('--now', 'break off the requests under way; their pages are fetched again later')
    .addOption(json)
    .action(async (partner: string, options: { reason: string; now?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/pauses.ts')).partnersPause({ ...context, partner }),
      )(options),
    );
  partners
    .command('resume <name>')
    .description('end the pause of a partner; its runs go on')
    .requiredOption(reason, 'why: kept with the pause')
    .addOption(json)
    .action(async (partner: string, options: { reason: string }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/pauses.ts')).partnersResume({ ...context, partner }),
      )(options),
    );
}
