import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline webhooks …`: only words here; what a command needs is loaded when it is called. */
export function addWebhookCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const webhooks = program
    .command('webhooks')
    .description('webhooks of partners: list, test, replay (docs/webhooks.md)');
  webhooks
    .command('list [partner]')
    .description('each webhook: its address, its last delivery, how many came, and what waits for a person')
    .addOption(json)
    .action(async (partner: string | undefined, options: { json?: boolean }) =>
      run(async (context) => (await import('./commands/webhooks.ts')).webhooksList({ ...context, partner }))(options),
    );
  webhooks
    .command('test <partner> <webhook>')
    .description('send a signed test delivery to the running server, and then a forged one')
    .option('--url <url>', 'the address of `syncline ingest`', 'http://127.0.0.1:8080')
    .option('--type <type>', 'the name of the event; when absent, one that no route matches')
    .option('--body <file>', 'a file with the body of the delivery')
    .addOption(json)
    .action(
      async (
        partner: string,
        webhook: string,
        options: { url: string; type?: string; body?: string; json?: boolean },
      ) =>
        run<typeof options>(async (context) =>
          (await import('./commands/webhooks-test.ts')).webhooksTest({ ...context, partner, webhook }),
        )(options),
    );
  webhooks
    .command('replay <partner> <webhook>')
    .description('process failed deliveries again, and fetch again the records that could not be fetched')
    .addOption(json)
    .action(async (partner: string, webhook: string, options: { json?: boolean }) =>
      run(async (context) =>
        (await import('./commands/webhooks-replay.ts')).webhooksReplay({ ...context, partner, webhook }),
      )(options),
    );
}
