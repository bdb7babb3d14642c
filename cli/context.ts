import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Client, ClientInterceptors } from '@temporalio/client';
import type { Pool } from 'pg';
import { z } from 'zod';
import { readConfig, type Config } from '../config/config.ts';
import { InvalidInput } from '../core/errors.ts';
import { databaseTrouble } from './database-trouble.ts';
import { readEnvFile } from './env-file.ts';

const devServices = z.object({
  pid: z.int(),
  databaseUrl: z.string(),
  temporalAddress: z.string(),
  uiUrl: z.string(),
  partnersDir: z.string(),
  env: z.record(z.string(), z.string()),
  /** The `.env` file that it read; the commands of other terminals read it again, so that no secret is written here. */
  envFile: z.string().nullable().default(null),
});
export type DevServices = z.output<typeof devServices>;

/** Where `syncline dev` leaves word of its services for the commands of other terminals. */
export const devServicesFile = (config: Config): string => resolve(join(config.home, 'dev', 'services.json'));

/** What is set wins; what is not comes from a running `syncline dev`, and from its `.env`. */
export function withDevServices(config: Config): Config & { readonly uiUrl: string | undefined } {
  const dev = readDevServices(config);
  if (dev === undefined) return { ...config, uiUrl: undefined };
  const filled = dev.envFile === null ? config : readConfig({ ...readEnvFile(dev.envFile), ...config.env });
  return {
    ...filled,
    home: config.home,
    databaseUrl: config.databaseUrl ?? dev.databaseUrl,
    temporalAddress: config.temporalAddress ?? dev.temporalAddress,
    partnersDir: config.env['SYNCLINE_PARTNERS_DIR'] === undefined ? dev.partnersDir : config.partnersDir,
    env: { ...dev.env, ...filled.env },
    uiUrl: dev.uiUrl,
  };
}

/** A `syncline dev` that runs now. */
export function readDevServices(config: Config): DevServices | undefined {
  const file = devServicesFile(config);
  if (!existsSync(file)) return undefined;
  const parsed = devServices.safeParse(JSON.parse(readFileSync(file, 'utf8')));
  return parsed.success && isAlive(parsed.data.pid) ? parsed.data : undefined;
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

export async function withDatabase<T>(config: Config, work: (pool: Pool) => Promise<T>): Promise<T> {
  if (config.databaseUrl === undefined)
    throw new InvalidInput(
      'there is no database: set DATABASE_URL, or start one with `syncline dev` in another terminal',
    );
  const { openPool } = await import('../store/session/open-pool.ts');
  const pool = openPool(config.databaseUrl, 4, config.names.controlSchema);
  try {
    return await work(pool);
  } catch (error) {
    throw databaseTrouble(error, config.databaseUrl);
  } finally {
    await pool.end();
  }
}

export async function withTemporal<T>(
  config: Config,
  work: (client: Client) => Promise<T>,
  {
    patienceMs,
    interceptors,
  }: { readonly patienceMs?: number; readonly interceptors?: ClientInterceptors | undefined } = {},
): Promise<T> {
  const { connectClient } = await import('../client/temporal-client.ts');
  const client = await connectClient({
    address: config.temporalAddress,
    namespace: config.temporalNamespace,
    payloadKeys: config.payloadKeys,
    interceptors,
    ...(patienceMs === undefined ? {} : { patienceMs }),
  });
  try {
    return await work(client);
  } finally {
    await client.connection.close();
  }
}
