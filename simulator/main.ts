import { readFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { InvalidInput, explain } from '../core/errors.ts';
import type { SimulatorOptions } from './options.ts';
import { startSimulator } from './start.ts';

const usage = `Usage: node --import tsx simulator/main.ts [options]

  --port N            0 takes a free one (default)
  --seed N            same seed, same world, same faults (default 1)
  --customers N       rows the world begins with (default 2000)
  --payments N        (default 5000)   --refunds N (default 500)   --events N (default 10000)
  --now TIME          end of the world's history, ISO (default 2026-11-24T00:00:00Z)
  --latency MS        wait before each answer
  --limit-rate N      requests per --limit-per MS (default 1000), --limit-burst N at once (default 1)
  --limits JSON       all limits, as JSON or the name of a JSON file
  --auth JSON         the same, or just a type: bearer, apiKey, basic, oauth2, hmac
  --faults JSON       a list of faults, as JSON or the name of a JSON file
  --max-limit N       largest page (default 1000)
  --prerender         make all pages before the first request
  --with-parent       end when stdin closes

docs/simulator.md describes endpoints, limits, faults and controls.`;

const text = { type: 'string' } as const;
const flag = { type: 'boolean' } as const;

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      port: text,
      seed: text,
      customers: text,
      payments: text,
      refunds: text,
      events: text,
      now: text,
      latency: text,
      'limit-rate': text,
      'limit-per': text,
      'limit-burst': text,
      limits: text,
      auth: text,
      faults: text,
      'max-limit': text,
      prerender: flag,
      'with-parent': flag,
      help: flag,
    },
  });
  if (values.help === true) return console.log(usage);
  const number = (name: keyof typeof values, otherwise: number): number => {
    const value = values[name];
    if (value === undefined) return otherwise;
    if (typeof value !== 'string' || !/^\d+(\.\d+)?$/.test(value)) throw new InvalidInput(`--${name} must be a number`);
    return Number(value);
  };
  const whole = (name: keyof typeof values, otherwise: number): number => {
    const value = number(name, otherwise);
    if (!Number.isInteger(value)) throw new InvalidInput(`--${name} must be a whole number`);
    return value;
  };
  const flags = {
    ...(values['limit-rate'] === undefined ? {} : { rate: number('limit-rate', 1) }),
    ...(values['limit-per'] === undefined ? {} : { perMs: number('limit-per', 1000) }),
    ...(values['limit-burst'] === undefined ? {} : { burst: whole('limit-burst', 1) }),
  };
  const simulator = await startSimulator({
    port: whole('port', 0),
    seed: whole('seed', 1),
    customers: whole('customers', 2000),
    payments: whole('payments', 5000),
    refunds: whole('refunds', 500),
    events: whole('events', 10_000),
    latencyMs: number('latency', 0),
    maxLimit: whole('max-limit', 1000),
    prerender: values.prerender === true,
    limits: { ...((await jsonOf('limits', values.limits)) as SimulatorOptions['limits']), ...flags },
    faults: ((await jsonOf('faults', values.faults)) ?? []) as NonNullable<SimulatorOptions['faults']>,
    auth: (await authOf(values.auth)) as NonNullable<SimulatorOptions['auth']>,
    ...(values.now === undefined ? {} : { now: values.now }),
  });

  const end = (): void => {
    simulator.close().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  };
  process.once('SIGTERM', end);
  process.once('SIGINT', end);
  if (values['with-parent'] === true) process.stdin.resume().once('close', end).once('error', end);
  console.log(`simulator ready ${simulator.url}`);
}

/** JSON itself, or a file that holds it. What it says is checked by the simulator. */
async function jsonOf(name: string, value: string | undefined): Promise<unknown> {
  if (value === undefined) return undefined;
  const content = /^\s*[[{]/.test(value) ? value : await readFile(value, 'utf8');
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new InvalidInput(`--${name} must be JSON or the name of a JSON file`, { cause });
  }
}

async function authOf(value: string | undefined): Promise<unknown> {
  if (value === undefined) return { type: 'none' };
  return /^[a-zA-Z0-9]+$/.test(value) ? { type: value } : await jsonOf('auth', value);
}

main().catch((error: unknown) => {
  console.error(`simulator: ${explain(error)}\nSee --help.`);
  process.exit(2);
});
