import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { listPartners } from '../../definitions/load.ts';
import { startEmbedded } from '../../services/embedded.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers } from '../../workers/sync-worker.ts';
import { called } from '../called.ts';
import type { CommandContext } from '../command.ts';
import { devServicesFile, type DevServices } from '../context.ts';
import { startDemoPartner } from '../demo-partner.ts';
import { exitCodes } from '../exit.ts';
import { untilStopped } from '../until-stopped.ts';

export async function dev({
  config,
  output,
  options,
}: CommandContext<{ partners?: string; demo: boolean }>): Promise<number> {
  const stopped = untilStopped();
  const partnersDir = resolve(options.partners ?? config.partnersDir);
  const services = await startEmbedded({
    dir: join(config.home, 'dev'),
    cacheDir: config.cacheDir,
    pathEnv: config.pathEnv,
    durable: true,
    say: output.say,
    controlSchema: config.names.controlSchema,
  });
  const demo = options.demo ? await startDemoPartner() : undefined;
  const file = devServicesFile(config);
  try {
    const env = { ...demo?.env };
    const workers = await startWorkers({
      config: {
        ...config,
        databaseUrl: services.databaseUrl,
        temporalAddress: services.temporalAddress,
        workflowBundle: services.workflowBundle,
        partnersDir,
        env: { ...env, ...config.env },
      },
      log: createLogger(config.logLevel === 'info' ? 'warn' : config.logLevel),
      roles: [],
    });
    const word: DevServices = {
      pid: process.pid,
      databaseUrl: services.databaseUrl,
      temporalAddress: services.temporalAddress,
      uiUrl: services.uiUrl,
      partnersDir,
      env,
    };
    const [first = 'PARTNER'] = await listPartners(partnersDir);
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(word, null, 2), { mode: 0o600 });
    output.say(
      `\nReady. In another terminal:\n  ${called(`sync ${first}`)}\n  psql ${services.databaseUrl}\nTemporal UI: ${services.uiUrl}\nCtrl-C ends everything; data stays in ${join(config.home, 'dev')}.`,
    );
    await Promise.race([stopped, workers.ended]);
    output.say('Ending.');
    await workers.stop();
  } finally {
    await rm(file, { force: true });
    await demo?.simulator.close();
    await services.stop();
  }
  return exitCodes.ok;
}
