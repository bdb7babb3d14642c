import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseDuration } from '../core/duration.ts';
import { InvalidInput } from '../core/errors.ts';
import { failpoints } from '../core/failpoint.ts';
import { namesOf, reserved, type Names } from '../messages/names.ts';
import { duplicatesLimits, duplicatesVariables, type DuplicatesLimits } from './duplicates-settings.ts';
import { callsSettings, callsVariables, type CallsSettings } from './calls-settings.ts';
import { janitorSettings, janitorVariables, type JanitorSettings } from './janitor-settings.ts';
import { ingestSettings, ingestVariables, type IngestSettings } from './ingest-settings.ts';
import { wantsTraces } from './traces-settings.ts';
import { uiProblem, uiSettings, uiVariables, type UiSettings } from './ui-settings.ts';
import { workerLimits, workerVariables, type WorkerLimits } from './worker-settings.ts';
import { parsePayloadKeys, type PayloadKey } from './payload-keys.ts';

type Environment = Readonly<Record<string, string | undefined>>;

const failpointRule = z
  .string()
  .regex(
    new RegExp(`^(${failpoints.join('|').replaceAll('.', '\\.')})(:\\d+)?$`),
    'NAME or NAME:COUNT, see core/failpoint.ts',
  );

const installationName = z
  .string()
  .regex(/^[a-z][a-z0-9]{0,19}$/, 'a name of up to 20 lower-case letters and digits that starts with a letter')
  .refine((name) => !(reserved as readonly string[]).includes(name), `a name other than ${reserved.join(', ')}`);

const logLevels = ['debug', 'info', 'warn', 'error', 'silent'] as const;

const schema = z.object({
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/, error: 'a postgres:// URL' }).optional(),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  SYNCLINE_INSTALLATION: installationName.default(''),
  SYNCLINE_PARTNERS_DIR: z.string().min(1).default('partners'),
  SYNCLINE_HOME: z.string().min(1).default('.syncline'),
  SYNCLINE_LOG_LEVEL: z.enum(logLevels, `one of ${logLevels.join(', ')}`).default('info'),
  SYNCLINE_WORKFLOW_BUNDLE: z.string().min(1).optional(),
  SYNCLINE_HEARTBEAT_TIMEOUT: z
    .string()
    .default('10s')
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value === undefined || value < 1000)
        context.addIssue({ code: 'custom', message: 'a duration of 1s or more, such as 10s' });
      return value ?? 0;
    }),
  SYNCLINE_HEALTH_ADDRESS: z
    .string()
    .regex(/^.+:\d{1,5}$/, 'host:port, such as 127.0.0.1:8090')
    .optional(),
  ...workerVariables,
  ...ingestVariables,
  ...uiVariables,
  ...callsVariables,
  ...duplicatesVariables,
  ...janitorVariables,
  SYNCLINE_PAYLOAD_KEYS: z
    .string()
    .default('')
    .transform((text, context) => {
      const keys = parsePayloadKeys(text);
      if (keys === undefined)
        context.addIssue({
          code: 'custom',
          message: 'id:key, where key is 32 bytes in base64 (openssl rand -base64 32) and each id is used once',
        });
      return keys ?? [];
    }),
  SYNCLINE_CODEC_TOKEN: z.string().min(16, 'a secret of 16 characters or more (openssl rand -hex 32)').optional(),
  SYNCLINE_FAILPOINT: failpointRule.optional(),
  XDG_CACHE_HOME: z.string().optional(),
  HOME: z.string().optional(),
  PATH: z.string().default('/usr/bin:/bin'),
});

/** The environment, read once and checked. `env` goes on to the definitions, which may name any variable. */
export interface Config {
  readonly databaseUrl: string | undefined;
  readonly temporalAddress: string | undefined;
  readonly temporalNamespace: string;
  /** What is called what in Temporal and in the database. */
  readonly names: Names;
  readonly partnersDir: string;
  /** Where embedded services keep their data. */
  readonly home: string;
  readonly logLevel: (typeof logLevels)[number];
  readonly workflowBundle: string | undefined;
  readonly heartbeatTimeoutMs: number;
  /** Where a worker answers probes, `host:port`; undefined: nowhere. */
  readonly healthAddress: string | undefined;
  readonly worker: WorkerLimits;
  readonly ingest: IngestSettings;
  readonly ui: UiSettings;
  readonly calls: CallsSettings;
  readonly duplicates: DuplicatesLimits;
  readonly janitor: JanitorSettings;
  /** Traces go to a collector. */
  readonly traces: boolean;
  /** Temporal keeps payloads encrypted with the first one; none: as they are. */
  readonly payloadKeys: readonly PayloadKey[];
  /** What `syncline codec` wants to be shown; undefined: nothing. */
  readonly codecToken: string | undefined;
  readonly failpoint: string | undefined;
  readonly cacheDir: string;
  readonly pathEnv: string;
  readonly env: Environment;
}

export function readConfig(env: Environment): Config {
  // An empty variable is as good as none: compose files pass those.
  const given = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  const parsed = schema.safeParse({ ...given, ...fromFiles(given) });
  if (!parsed.success)
    throw new InvalidInput(
      parsed.error.issues
        .map((issue) => `${issue.path.join('.')}: expected ${issue.message}; correct it in the environment`)
        .join('\n'),
    );
  const value = parsed.data;
  const problem = uiProblem(value);
  if (problem !== undefined) throw new InvalidInput(`${problem}; correct it in the environment`);
  return {
    databaseUrl: value.DATABASE_URL,
    temporalAddress: value.TEMPORAL_ADDRESS,
    temporalNamespace: value.TEMPORAL_NAMESPACE,
    names: namesOf(value.SYNCLINE_INSTALLATION),
    partnersDir: value.SYNCLINE_PARTNERS_DIR,
    home: value.SYNCLINE_HOME,
    logLevel: value.SYNCLINE_LOG_LEVEL,
    workflowBundle: value.SYNCLINE_WORKFLOW_BUNDLE,
    heartbeatTimeoutMs: value.SYNCLINE_HEARTBEAT_TIMEOUT,
    healthAddress: value.SYNCLINE_HEALTH_ADDRESS,
    worker: workerLimits(value),
    ingest: ingestSettings(value),
    ui: uiSettings(value),
    calls: callsSettings(value),
    duplicates: duplicatesLimits(value),
    janitor: janitorSettings(value),
    traces: wantsTraces(given),
    payloadKeys: value.SYNCLINE_PAYLOAD_KEYS,
    codecToken: value.SYNCLINE_CODEC_TOKEN,
    failpoint: value.SYNCLINE_FAILPOINT,
    cacheDir: `${value.XDG_CACHE_HOME ?? `${value.HOME ?? '.'}/.cache`}/syncline`,
    pathEnv: value.PATH,
    env: given,
  };
}

/** Our own settings that are secrets may come from files; definitions read theirs themselves (definitions/secrets.ts). */
const fromFile = [
  'DATABASE_URL',
  'SYNCLINE_PAYLOAD_KEYS',
  'SYNCLINE_CODEC_TOKEN',
  'SYNCLINE_UI_TOKEN',
  'SYNCLINE_UI_OIDC_SECRET',
] as const;

function fromFiles(env: Environment): Record<string, string> {
  const values: Record<string, string> = {};
  for (const name of fromFile) {
    const file = env[`${name}_FILE`];
    if (file === undefined) continue;
    if (env[name] !== undefined)
      throw new InvalidInput(`expected one of ${name} and ${name}_FILE, found both; unset one of them`);
    try {
      values[name] = readFileSync(file, 'utf8').trim();
    } catch (cause) {
      throw new InvalidInput(
        `${name}_FILE: expected a file that can be read, found none at ${file}; correct the path`,
        { cause },
      );
    }
  }
  return values;
}
