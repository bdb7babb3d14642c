import { Command, Option } from 'commander';
import { nameThisProcess } from '../core/this-process.ts';
import { addAnomalyCommands } from './anomaly-commands.ts';
import { addScheduleCommands } from './schedule-commands.ts';
import { addAlertCommands } from './alert-commands.ts';
import { addApprovalCommands } from './approval-commands.ts';
import { addCallCommands } from './call-commands.ts';
import { addCallerCommands } from './caller-commands.ts';
import { addBackfillCommands } from './backfill-commands.ts';
import { addDuplicateCommands } from './duplicate-commands.ts';
import { addEraseCommands } from './erase-commands.ts';
import { addExportCommands } from './export-commands.ts';
import type { withDevServices } from './context.ts';
import { groupCommands, helpFormat } from './help.ts';
import type { Output } from './output.ts';
import { addLimitCommands } from './limit-commands.ts';
import { addLogCommands } from './log-commands.ts';
import { addQuarantineCommands } from './quarantine-commands.ts';
import { addJanitorCommands } from './janitor-commands.ts';
import { addReconcileCommands } from './reconcile-commands.ts';
import { addRebuildCommands } from './rebuild-commands.ts';
import { addRecordingCommands } from './recording-commands.ts';
import { addRunControl } from './run-control.ts';
import type { IngestOptions } from './commands/ingest.ts';
import type { UiCommandOptions } from './commands/ui.ts';
import type { PartnersReportOptions } from './commands/partners-report.ts';
import { addTargetCommands } from './target-commands.ts';
import { addTransformCommands } from './transform-commands.ts';
import { addUndoCommands } from './undo-commands.ts';
import { addWaitingCommands } from './waiting-commands.ts';
import { addWebhookCommands } from './webhook-commands.ts';
import { packageFacts } from './package-facts.ts';

/** What a command needs is loaded when it is called: help and usage errors come at once. */
export const program = new Command('syncline')
  .description('Partner-to-warehouse syncs on Temporal: nothing lost, nothing doubled, no partner flooded')
  .version(packageFacts().version)
  .exitOverride()
  .configureHelp(helpFormat);

const json = new Option('--json', 'print one JSON document and nothing else on stdout');
type Settings = ReturnType<typeof withDevServices>;

/** Runs a command with its configuration and output; its number is the exit code. */
function run<O extends object>(
  work: (context: { config: Settings; output: Output; options: O }) => Promise<number>,
): (options: O) => Promise<void> {
  return async (options) => {
    const [{ processConfig, processEnvironment }, { withDevServices }, { createOutput }, { lookOf }, { runCommand }] =
      await Promise.all([
        import('../config/env.ts'),
        import('./context.ts'),
        import('./output.ts'),
        import('./terminal/paint.ts'),
        import('./run-command.ts'),
      ]);
    const output = createOutput(
      'json' in options && options.json === true,
      lookOf(process.stdout, processEnvironment()),
    );
    process.exitCode = await runCommand(work, { config: withDevServices(processConfig()), output, options });
  };
}

program.hook('preAction', (_, command) => nameThisProcess(`\`syncline ${pathOf(command)}\``));

function pathOf(command: Command): string {
  const above = command.parent?.parent ? `${pathOf(command.parent)} ` : '';
  return `${above}${command.name()}`;
}

program
  .command('init [dir]')
  .description('write a project to begin with: definitions, a test, settings; existing files stay as they are')
  .addOption(json)
  .action(async (dir: string | undefined, options: { json?: boolean }) =>
    run<typeof options>(async (context) =>
      (await import('./commands/init.ts')).init({ ...context, options: dir === undefined ? {} : { dir } }),
    )(options),
  );

program
  .command('demo')
  .description('try everything on this machine: services, a demo partner, two syncs, and a proof')
  .option('--keep', 'keep everything running until Ctrl-C')
  .addOption(json)
  .action(run<{ keep?: boolean }>(async (context) => (await import('./commands/demo.ts')).demo(context)));

program
  .command('dev')
  .description('start local services, the demo partner and all workers, until Ctrl-C; data and ports are kept')
  .option('--partners <dir>', 'folder of definitions')
  .option('--no-demo', 'without the demo partner')
  .option('--show', 'print the addresses of the running one, and exit')
  .addOption(json)
  .action(
    run<{ partners?: string; demo: boolean; show?: boolean }>(async (context) =>
      (await import('./commands/dev.ts')).dev(context),
    ),
  );

program
  .command('worker')
  .description('run workers against DATABASE_URL and TEMPORAL_ADDRESS')
  .option(
    '--role <role...>',
    'workflows, partners, partner=<name>, targets, target=<name>; all of them when absent',
    [],
  )
  .addOption(json)
  .action(run<{ role: string[] }>(async (context) => (await import('./commands/worker.ts')).worker(context)));

program
  .command('ingest')
  .description('receive records that callers push (POST /v1/PARTNER/STREAM) and webhooks, until Ctrl-C')
  .option('--address <host:port>', 'address to listen on; port 0 takes a free one', '127.0.0.1:8080')
  .option('--public-url <url>', 'the URL that callers use, if it is another address')
  .option('--tls-cert <file>', 'its certificate, for TLS without a proxy')
  .option('--tls-key <file>', 'the key of that certificate')
  .option('--tls-client-ca <file>', "the CA of callers' certificates; with it, callers may present one")
  .option('--trusted-proxy <network...>', "proxies in front of it, which are trusted to name the caller's address", [])
  .option('--proxy-header <name>', 'the header in which they name it: X-Forwarded-For or Forwarded', 'X-Forwarded-For')
  .option('--client-cert-header <name>', 'the header in which they pass the certificate of a caller')
  .addOption(json)
  .action(run<IngestOptions>(async (context) => (await import('./commands/ingest.ts')).ingest(context)));

program
  .command('ui')
  .description('the status page: what is late or wrong, why, since when, what to do; stays up until Ctrl-C')
  .option('--address <host:port>', 'address to listen on; port 0 takes a free one', '127.0.0.1:8085')
  .addOption(json)
  .action(run<UiCommandOptions>(async (context) => (await import('./commands/ui.ts')).ui(context)));

program
  .command('migrate')
  .description('bring the tables of DATABASE_URL up to date')
  .option('--patience <duration>', 'how long to try to get a lock that a transaction holds', '2m')
  .addOption(json)
  .action(
    run<{ patience: string }>(async (context) => (await import('./commands/migrate.ts')).migrateCommand(context)),
  );

program
  .command('sync <partner> [streams...]')
  .description('pull a partner now, or join the run that is doing so')
  .option('--window <window>', 'a day or a range: 2026-11-24, 2026-01-01..2026-01-31; today when absent')
  .option('--force', 'read the window again, although it is done')
  .option('--no-wait', 'start it and do not wait for its end')
  .addOption(json)
  .action(
    async (
      partner: string,
      streams: string[],
      options: { window?: string; force?: boolean; wait: boolean; json?: boolean },
    ) =>
      run<typeof options>(async (context) =>
        (await import('./commands/sync.ts')).sync({ ...context, partner, streams }),
      )(options),
  );

program
  .command('auth <partner>')
  .description('authorize in a browser (auth: { grant: authorization_code }), and store the tokens')
  .option('--stream <name>', 'for a stream with an `auth` of its own')
  .option('--port <port>', 'the port of this machine to which the browser returns; a free one when absent')
  .option('--no-browser', 'only print the page to open')
  .option('--paste', 'the browser is on another machine: paste the URL it ends at')
  .addOption(json)
  .action(
    async (
      partner: string,
      options: { stream?: string; port?: string; browser: boolean; paste?: boolean; json?: boolean },
    ) =>
      run<typeof options>(async (context) => (await import('./commands/auth.ts')).authorize({ ...context, partner }))(
        options,
      ),
  );

addScheduleCommands(program, run);
addBackfillCommands(program, run);
addDuplicateCommands(program, run);
addEraseCommands(program, run);
addUndoCommands(program, run);
addReconcileCommands(program, run);
addAlertCommands(program, run);
addCallCommands(program, run);
addApprovalCommands(program, run);
addCallerCommands(program, run);

const partners = program
  .command('partners')
  .description('definitions: list, check, prepare; report what its API did; pause a partner; record its answers');
partners
  .command('list')
  .description('each definition: whether it is valid, its streams, the address of its API')
  .addOption(json)
  .action(run(async (context) => (await import('./commands/partners.ts')).partnersList(context)));
partners
  .command('check <name>')
  .description('check a definition and ask each stream for a few pages; shows records, types and what is wrong')
  .option('--offline', 'check the definition only')
  .option('--key <stream=fields>', 'ask nobody: say what another primary key would have made of the log')
  .option('--stream <name>', 'only this stream')
  .option('--suggest-schema', 'write a schema for the records that came')
  .addOption(json)
  .action(
    async (name: string, options: { offline?: boolean; stream?: string; suggestSchema?: boolean; json?: boolean }) =>
      run<typeof options>(async (context) =>
        (await import('./commands/partners-check.ts')).partnersCheck({ ...context, name }),
      )(options),
  );
partners
  .command('prepare [names...]')
  .description('create the tables of pushed streams, for an ingest without the right to; safe to repeat')
  .addOption(json)
  .action(async (names: string[], options: { json?: boolean }) =>
    run<typeof options>(async (context) =>
      (await import('./commands/partners-prepare.ts')).partnersPrepare({ ...context, names }),
    )(options),
  );
partners
  .command('report <name>')
  .description("what the partner's API did, beside its documentation and beside before: a file to send to the partner")
  .option('--since <time>', 'as from 30m, 2h, 7d ago, or from a time such as 2026-11-24T03:00:00Z', '7d')
  .option('--markdown', 'Markdown instead of HTML')
  .option('--out <file>', 'where to; named after the partner and the day, in this folder, when absent')
  .option('--force', 'write over a file that is there')
  .addOption(json)
  .action(async (name: string, options: PartnersReportOptions) =>
    run<PartnersReportOptions>(async (context) =>
      (await import('./commands/partners-report.ts')).partnersReport({ ...context, name }),
    )(options),
  );

addRecordingCommands({ program, partners, run, json });

const runs = program
  .command('runs')
  .description('runs: how they ended, what they wait for; pause, resume, cancel, retry, accept');
runs
  .command('list')
  .description('the newest runs: kind, start, duration, outcome')
  .option('--partner <name>', 'only those of this partner')
  .option('--outcome <outcome>', 'ok, partial, deferred, suspect, failed, or running')
  .option('--limit <n>', 'how many', '20')
  .addOption(json)
  .action(
    run<{ partner?: string; outcome?: string; limit: string }>(async (context) =>
      (await import('./commands/runs.ts')).runsList(context),
    ),
  );
runs
  .command('show <id>')
  .description('one run: the balance of each stream, what it waited for, and what unfinished ones wait for')
  .option('--grants <n>', 'also list its last n grants: when each was given, what it waited for, how it ended')
  .addOption(json)
  .action(async (id: string, options: { grants?: string; json?: boolean }) =>
    run<{ grants?: string }>(async (context) => (await import('./commands/runs-show.ts')).runsShow({ ...context, id }))(
      options,
    ),
  );
runs
  .command('report <id>')
  .description(
    'write a run into one HTML file that you can send: how it ended, what became of its records, its progress',
  )
  .option('--out <file>', 'the file; when absent, named after the run, in this folder')
  .option('--force', 'overwrite an existing file')
  .addOption(json)
  .action(async (id: string, options: { out?: string; force?: boolean; json?: boolean }) =>
    run<typeof options>(async (context) => (await import('./commands/runs-report.ts')).runsReport({ ...context, id }))(
      options,
    ),
  );
addRunControl({ runs, partners, run, json });
addTargetCommands(program, run);
addExportCommands(program, run);
addAnomalyCommands(program, run);
addTransformCommands(program, run);

program
  .command('status')
  .description('each stream: last outcome, freshness, watermark, quarantine; what blocks its partner')
  .option('--check', 'exit with 1 when a stream is late, for monitoring')
  .addOption(json)
  .action(run<{ check?: boolean }>(async (context) => (await import('./commands/status.ts')).status(context)));

addLimitCommands(program, run, json);
addQuarantineCommands(program, run, json);
addWaitingCommands(program, run);
addWebhookCommands(program, run);

addLogCommands(program, run);
addRebuildCommands(program, run);

program
  .command('codec')
  .description('decrypt payloads for the Temporal UI and CLI (SYNCLINE_PAYLOAD_KEYS), until Ctrl-C')
  .option('--address <host:port>', 'address to listen on; port 0 takes a free one', '127.0.0.1:8088')
  .option('--allow-origin <url...>', 'origin of the Temporal UI that may use it from a browser', [])
  .option('--encode', 'also encrypt inputs and signals that are sent from there')
  .addOption(json)
  .action(
    run<{ address: string; allowOrigin: string[]; encode?: boolean }>(async (context) =>
      (await import('./commands/codec.ts')).codec(context),
    ),
  );

program
  .command('doctor')
  .description('what is wrong with this installation, and how to fix it')
  .option(
    '--tables',
    'also compare every table with its log, and tables in targets with the store; reads the whole log',
  )
  .addOption(json)
  .action(run<{ tables?: boolean }>(async (context) => (await import('./commands/doctor.ts')).doctor(context)));

addJanitorCommands(program, run);

program
  .command('completion [shell]')
  .description('print the script that lets bash, zsh or fish complete commands, partners and streams')
  .addOption(json)
  .action(async (shell: string | undefined, options: { json?: boolean }) =>
    run<typeof options>(async (context) =>
      (await import('./commands/completion.ts')).completion({ ...context, program, shell }),
    )(options),
  );
program
  .command('complete [words...]', { hidden: true })
  .description('the words that may follow; asked by the scripts of `syncline completion`')
  .addOption(json)
  .action(async (words: string[], options: { json?: boolean }) =>
    run<typeof options>(async (context) =>
      (await import('./commands/completion.ts')).completeWords({ ...context, program, words }),
    )(options),
  );

groupCommands(program);
