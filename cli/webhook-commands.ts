import { Option, type Command } from 'commander';
import type { Run } from './command.ts';

/** `syncline webhooks …`: only words here; what a command needs is loaded when it is called. */
export function addWebhookCommands(program: Command, run: Run): void {
  const json = new Option('--json', 'print one JSON document and nothing else on stdout');
  const webhooks = program.command('webhooks').description('what partners send by themselves (docs/webhooks.md)');
  webhooks
    .command('list [partner]')
    .description('where they are sent to, when the last one came, how many, and what waits for a person')
    .addOption(json)
    .action(async (partner: string | undefined, options: { json?: boolean }) =>
      run(async (context) => (await import('./commands/webhooks.ts')).webhooksList({ ...context, partner }))(options),
    );
  webhooks
    .command('test <partner> <webhook>')
    .description('sign a delivery as the partner would, send it to the running server, and a forged one after it')
    .option('--url <url>', 'where `syncline ingest` is reached', 'http://127.0.0.1:8080')
    .option('--type <type>', 'what the event is called; one that no route wants when absent')
    .option('--body <file>', 'a delivery of your own, byte for byte')
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
    .description('take deliveries again that could not be taken, and ask again for records that could not be fetched')
    .addOption(json)
    .action(async (partner: string, webhook: string, options: { json?: boolean }) =>
      run(async (context) =>
        (await import('./commands/webhooks-replay.ts')).webhooksReplay({ ...context, partner, webhook }),
      )(options),
    );
}
