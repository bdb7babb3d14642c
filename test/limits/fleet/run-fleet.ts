import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartnerInput } from '../../../definitions/definition.ts';
import { program } from './programs.ts';
import type { Said, SenderOptions } from './sender.ts';
import type { StrictOptions, StrictReport } from './strict-partner.ts';
import { tooSoon } from './too-soon.ts';

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
  /** Requests that broke the limit whatever the machine did to them on their way; slots are judged by the partner alone. */
  readonly tooSoon: number;
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
    const leftUs = new Map<string, number>();
    const counts: unknown[] = [];
    const listen = async (child: ChildProcess): Promise<void> => {
      if (child.stdout === null) return;
      for await (const line of createInterface({ input: child.stdout })) {
        const said = saidOf(line);
        if (said !== undefined && 'id' in said) leftUs.set(said.id, said.leftUs);
        else if (said !== undefined) counts.push(said);
      }
    };
    const sender = (): { child: ChildProcess; ended: Promise<void> } => {
      const child = start('sender', given);
      return { child, ended: listen(child) };
    };
    const senders = Array.from({ length: options.processes }, sender);
    for (const afterMs of options.replaceAfterMs ?? []) {
      await sleep(afterMs);
      senders.shift()?.child.kill('SIGKILL');
      senders.push(sender());
    }
    await Promise.all(senders.map(({ ended }) => ended));
    const report = (await (await fetch(`${partnerUrl}/report`)).json()) as StrictReport;
    // Of one that was killed as it sent nobody knows when.
    const arrived = report.seen.map(({ id, atUs }) => ({ leftUs: leftUs.get(id) ?? atUs, seenUs: atUs }));
    const idealMs = ((report.arrivals - strict.burst) * strict.perMs) / strict.limit;
    return {
      ...report,
      efficiency: idealMs / report.wallMs,
      senders: counts,
      tooSoon: strict.kind === 'concurrency' ? report.refused : tooSoon(arrived, { ...strict, kind: strict.kind }),
    };
  } finally {
    for (const child of children) child.kill('SIGKILL');
  }
}

/** A process that is killed may have said half a line. */
function saidOf(line: string): Said | undefined {
  try {
    return JSON.parse(line) as Said;
  } catch {
    return undefined;
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
