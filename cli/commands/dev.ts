import { existsSync } from 'node:fs';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { readConfig } from '../../config/config.ts';
import { InvalidInput } from '../../core/errors.ts';
import { listPartners } from '../../definitions/load.ts';
import { startEmbedded } from '../../services/embedded.ts';
import { createLogger } from '../../workers/logger.ts';
import { startWorkers } from '../../workers/sync-worker.ts';
import { called } from '../called.ts';
import type { CommandContext } from '../command.ts';
import { devServicesFile, readDevServices, type DevServices } from '../context.ts';
import { startDemoPartner } from '../demo-partner.ts';
import { keepPorts, lastPorts } from '../dev-ports.ts';
import { readEnvFile } from '../env-file.ts';
import { exitCodes } from '../exit.ts';
import type { Output } from '../output.ts';
import { untilStopped } from '../until-stopped.ts';

type DevContext = CommandContext<{ partners?: string; demo: boolean; show?: boolean }>;

export async function dev(context: DevContext): Promise<number> {
  const { config, options } = context;
  const running = readDevServices(config);
  if (options.show === true) return show(context, running);
  if (running !== undefined)
    throw new InvalidInput(
      `\`syncline dev\` runs already (process ${running.pid}): \`${called('dev --show')}\` prints its addresses; end it with Ctrl-C in its terminal, or set SYNCLINE_HOME for a second one`,
    );
  return start(context);
}

async function show({ config, output }: DevContext, running: DevServices | undefined): Promise<number> {
  if (running === undefined)
    throw new InvalidInput(`no \`syncline dev\` runs with ${resolve(config.home)}: \`${called('dev')}\` starts one`);
  output.json(documentOf(running));
  await sayAddresses(output, running, config.home);
  return exitCodes.ok;
}

async function start({ config: given, output, options }: DevContext): Promise<number> {
  const stopped = untilStopped();
  const envFile = existsSync('.env') ? resolve('.env') : null;
  const config = envFile === null ? given : readConfig({ ...readEnvFile(envFile), ...given.env });
  if (envFile !== null) output.say(`Variables of ${envFile} are read; what is set in this terminal wins.`);
  const partnersDir = resolve(options.partners ?? config.partnersDir);
  const dir = join(given.home, 'dev');
  const ports = await lastPorts(dir);
  const services = await startEmbedded({
    dir,
    cacheDir: config.cacheDir,
    pathEnv: config.pathEnv,
    durable: true,
    say: output.say,
    controlSchema: config.names.controlSchema,
    ports,
  });
  const demo = options.demo ? await startDemoPartner(ports.partner) : undefined;
  const file = devServicesFile(given);
  try {
    await keepPorts(dir, { ...services.ports, partner: demo?.simulator.port ?? ports.partner });
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
      envFile,
    };
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, JSON.stringify(word, null, 2), { mode: 0o600 });
    output.json(documentOf(word));
    const told = (): Promise<void> => sayAddresses(output, word, given.home);
    await told();
    const asked = askedAgain(output, told);
    await Promise.race([stopped, workers.ended]);
    asked();
    output.say('Ending.');
    await workers.stop();
  } finally {
    await rm(file, { force: true });
    await demo?.simulator.close();
    await services.stop();
  }
  return exitCodes.ok;
}

async function sayAddresses(output: Output, { databaseUrl, uiUrl, partnersDir }: DevServices, home: string) {
  const [first = 'PARTNER'] = await listPartners(partnersDir).catch(() => []);
  output.say(`\nReady. In another terminal, in this folder:
  ${called(`sync ${first}`)}
  ${called('status')}
  psql ${databaseUrl}
Temporal UI: ${uiUrl}
These addresses again: ${called('dev --show')}
Ctrl-C where it runs ends everything; data stays in ${join(resolve(home), 'dev')}.`);
}

const documentOf = ({ pid, databaseUrl, temporalAddress, uiUrl, partnersDir }: DevServices): object => ({
  pid,
  databaseUrl,
  temporalAddress,
  uiUrl,
  partnersDir,
});

/** Enter in its own terminal asks for the addresses, which have scrolled away. Returns what ends the asking. */
function askedAgain(output: Output, tell: () => Promise<void>): () => void {
  if (!process.stdin.isTTY) return () => {};
  output.say('Enter prints all this again.');
  const lines = createInterface({ input: process.stdin });
  lines.on('line', () => void tell());
  return () => lines.close();
}
