import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import type { Pool } from 'pg';
import type { RunReport } from '../../messages/sync-partner.ts';
import { reportOfSync, startSync } from '../../client/start-sync.ts';
import { dayOf } from '../../core/window.ts';
import { startEmbedded } from '../../services/embedded.ts';
import { showRun } from '../../store/inspect/inspect.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers } from '../../workers/sync-worker.ts';
import { printBalance } from '../balance.ts';
import { called } from '../called.ts';
import type { CommandContext } from '../command.ts';
import { withDatabase, withTemporal } from '../context.ts';
import { plainNames } from '../../messages/names.ts';
import { compareWithPartner, type Proof } from '../demo-proof.ts';
import { awaitLake, compareLake, writeDemoPartners } from '../demo-lake.ts';
import { demoSize, startDemoPartner } from '../demo-partner.ts';
import { exitCodes } from '../exit.ts';
import type { Output } from '../output.ts';
import { untilStopped } from '../until-stopped.ts';
import { workflowUrl } from '../workflow-url.ts';

export async function demo({ config, output, options }: CommandContext<{ keep?: boolean }>): Promise<number> {
  const stopped = untilStopped();
  output.say('Starting PostgreSQL and Temporal …');
  const dir = join(config.home, `demo-${process.pid}`);
  const services = await startEmbedded({
    dir,
    cacheDir: config.cacheDir,
    pathEnv: config.pathEnv,
    durable: false,
    say: output.say,
  });
  const partner = await startDemoPartner();
  const definitions = await writeDemoPartners(dir);
  output.say(
    `A demo partner with ${demoSize.payments.toLocaleString('en-US')} payments listens on ${partner.simulator.url}`,
  );
  const settings = {
    ...config,
    // Its tables are named in what it says.
    names: plainNames,
    databaseUrl: services.databaseUrl,
    temporalAddress: services.temporalAddress,
    workflowBundle: services.workflowBundle,
    partnersDir: definitions.dir,
    env: { ...config.env, ...partner.env },
    uiUrl: services.uiUrl,
  };
  try {
    const log = createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel);
    const workers = await startWorkers({ config: settings, log, roles: [] });
    try {
      const proved = await withDatabase(settings, (pool) =>
        withTemporal(settings, (client) =>
          play({ output, client, pool, simulator: partner.simulator, settings, lake: definitions.lake }),
        ),
      );
      if (options.keep === true) {
        output.say('\nEverything stays up until Ctrl-C.');
        await Promise.race([stopped, workers.ended]);
      } else
        output.say(
          `\nAll of it ends now: \`${called('dev')}\` keeps it up, \`${called('demo --keep')}\` keeps this one.`,
        );
      return proved ? exitCodes.ok : exitCodes.failed;
    } finally {
      await workers.stop();
    }
  } finally {
    await partner.simulator.close();
    await services.stop();
  }
}

interface Stage {
  readonly output: Output;
  readonly client: Client;
  readonly pool: Pool;
  readonly simulator: Awaited<ReturnType<typeof startDemoPartner>>['simulator'];
  /** The DuckDB file. */
  readonly lake: string | null;
  readonly settings: { readonly uiUrl: string; readonly temporalNamespace: string; readonly databaseUrl: string };
}

async function play(stage: Stage): Promise<boolean> {
  const { output, client, pool, simulator, settings, lake } = stage;
  const window = dayOf(Date.now());
  output.say('\nFirst sync:');
  const first = await syncAndWatch(stage, { window, generation: 1 });
  const proof = await compareWithPartner(pool, simulator);
  output.say('\nCompared with what the partner really holds, record by record:');
  output.table(proof, ['stream', 'at the partner', 'in the warehouse', 'different', 'proved']);

  output.say('\nThe same sync again: listings anew, payments since the watermark:');
  const second = await syncAndWatch(stage, { window, generation: 2 });
  const again = await compareWithPartner(pool, simulator);
  const doubled = 'failure' in second ? -1 : second.counts.inserted + second.counts.updated;
  output.say(
    doubled === 0 ? 'Nothing doubled: no row was inserted or changed.' : `${doubled} rows were written a second time!`,
  );

  const inLake = await proveLake(stage);

  const runs = [first, second].flatMap((run) => ('failure' in run ? [] : [run.runId]));
  output.say(
    `\nThe runs in the Temporal UI:\n${runs.map((id) => `  ${workflowUrl(settings.uiUrl, settings.temporalNamespace, id)}`).join('\n')}`,
  );
  output.say(`The tables:\n  psql ${settings.databaseUrl} -c 'select * from demo.payments limit 5'`);
  if (lake !== null)
    output.say(
      `The DuckDB file, while nothing else has it open:\n  duckdb ${lake} 'select * from demo.payments limit 5'`,
    );
  const proved = [...proof, ...again, ...inLake].every((row) => row.proved === 'yes') && doubled === 0;
  output.json({
    first,
    second,
    proof: again,
    lake: inLake,
    proved,
    uiUrl: settings.uiUrl,
    databaseUrl: settings.databaseUrl,
  });
  await client.connection.ensureConnected();
  return proved;
}

async function proveLake({ output, pool, simulator, lake }: Stage): Promise<readonly Proof[]> {
  if (lake === null) {
    output.say('\nNo DuckDB file was written: `npm install @duckdb/node-api` brings its driver.');
    return [];
  }
  await awaitLake(pool);
  const proof = await compareLake(lake, simulator);
  output.say('\nThe same tables in a DuckDB file, made from the log without a call to the partner:');
  output.table(proof, ['stream', 'at the partner', 'in the warehouse', 'different', 'proved']);
  return proof;
}

async function syncAndWatch(
  { output, client, pool }: Stage,
  run: { readonly window: string; readonly generation: number },
): Promise<RunReport | { readonly failure: string }> {
  const started = await startSync(client, { partner: 'demo', streams: [], kind: 'manual', ...run });
  const result = reportOfSync(started.handle);
  const watching = { ended: false };
  const watch = (async () => {
    while (!watching.ended) {
      await sleep(1000);
      if (watching.ended) return;
      const { streams } = await showRun(pool, started.runId).catch(() => ({ streams: [] }));
      output.say(
        `  ${streams.map((stream) => `${stream.stream} ${stream.counts.fetched.toLocaleString('en-US')}`).join('   ')}`,
      );
    }
  })();
  const report = await result.finally(() => {
    watching.ended = true;
  });
  await watch;
  if ('failure' in report) output.say(`The sync failed: ${report.failure}`);
  else {
    printBalance(output, report.streams);
    output.say(`Outcome ${report.outcome}.`);
  }
  return report;
}
