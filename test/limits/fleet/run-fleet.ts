import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartnerInput } from '../../../definitions/definition.ts';
import { program } from './programs.ts';
import type { SenderOptions } from './sender.ts';
import type { StrictOptions, StrictReport } from './strict-partner.ts';

export interface FleetOptions {
  readonly databaseUrl: string;
  readonly partner: Partial<StrictOptions> & Pick<StrictOptions, 'limit'>;
  readonly limits: PartnerInput['limits'];
  readonly processes: number;
  readonly streams: number;
  /** Ms after which one process is killed and another one started; undefined: none. */
  readonly replaceAfterMs?: readonly number[];
  /** Processes that only burn CPU meanwhile. */
  readonly burners?: number;
}

export interface FleetReport extends StrictReport {
  /** (requests − burst) ÷ rate, over the time it took. */
  readonly efficiency: number;
  readonly senders: readonly unknown[];
}

/** Several processes with one credential against a strict partner, to its end. */
export async function runFleet(options: FleetOptions): Promise<FleetReport> {
  const strict: StrictOptions = {
    kind: 'bucket',
    perMs: 1000,
    burst: 1,
    enough: 100,
    latencyMs: 0,
    ...options.partner,
  };
  const children: ChildProcess[] = [];
  const start = (name: string, given: unknown): ChildProcess => {
    const child = spawn(process.execPath, [program(name), JSON.stringify(given)], {
      stdio: ['pipe', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: '' },
    });
    children.push(child);
    return child;
  };
  try {
    for (let i = 0; i < (options.burners ?? 0); i++)
      children.push(
        spawn(process.execPath, ['-e', 'setTimeout(() => process.exit(), 600000); for (;;) Math.random()'], {
          stdio: 'ignore',
        }),
      );
    const partner = start('strict-partner', strict);
    const partnerUrl = `http://127.0.0.1:${await firstLine(partner)}`;
    const given: SenderOptions = { ...options, partnerUrl };
    const sender = (): { child: ChildProcess; said: Promise<string> } => {
      const child = start('sender', given);
      return { child, said: firstLine(child) };
    };
    const senders = Array.from({ length: options.processes }, sender);
    for (const afterMs of options.replaceAfterMs ?? []) {
      await sleep(afterMs);
      senders.shift()?.child.kill('SIGKILL');
      senders.push(sender());
    }
    const said = await Promise.all(senders.map((each) => each.said));
    const report = (await (await fetch(`${partnerUrl}/report`)).json()) as StrictReport;
    const idealMs = ((report.arrivals - strict.burst) * strict.perMs) / strict.limit;
    return {
      ...report,
      efficiency: idealMs / report.wallMs,
      senders: said.map((each) => JSON.parse(each || '{}') as unknown),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

async function firstLine(child: ChildProcess): Promise<string> {
  if (child.stdout === null) return '';
  const lines = createInterface({ input: child.stdout });
  const line = await Promise.race([
    once(lines, 'line').then(([text]) => String(text)),
    once(child, 'exit').then(() => ''),
  ]);
  lines.close();
  child.stdout.resume();
  return line;
}
