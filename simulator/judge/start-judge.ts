import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Arrival } from './arrivals.ts';
import type { JudgeReport } from './report.ts';
import type { JudgeInput } from './settings.ts';
import type { Stall } from './stall.ts';

export interface JudgeProcess {
  readonly url: string;
  readonly pid: number;
  report(): Promise<JudgeReport & { readonly stall: Stall }>;
  arrivals(): Promise<readonly Arrival[]>;
  /** Begins anew, with all of the settings given here. */
  configure(settings: JudgeInput): Promise<void>;
  close(): Promise<void>;
}

/** The judge in a process of its own, which ends with this one. Works from the sources and from dist/. */
export async function startJudge(settings: JudgeInput = {}): Promise<JudgeProcess> {
  const source = import.meta.url.endsWith('.ts');
  const program = fileURLToPath(new URL(source ? 'main.ts' : 'main.js', import.meta.url));
  const child = spawn(
    process.execPath,
    // Without helper threads to wait for, which have to wait for a core themselves.
    [
      '--single-threaded-gc',
      ...(source ? ['--import', 'tsx'] : []),
      program,
      '--with-parent',
      '--config',
      JSON.stringify(settings),
    ],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)), stdio: ['pipe', 'pipe', 'pipe'] },
  );
  const ended = once(child, 'exit');
  ended.catch(() => {});
  let [said, complained] = ['', ''];
  child.stderr.on('data', (part: Buffer) => (complained = (complained + part.toString()).slice(-4000)));
  const line = await new Promise<string>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', () => reject(new Error(`the judge did not start: ${complained.trim()}`)));
    child.stdout.on('data', (part: Buffer) => {
      said += part.toString();
      if (said.includes('\n')) resolve(said);
    });
  });
  const { url, pid } = JSON.parse(line) as { readonly url: string; readonly pid: number };
  return {
    url,
    pid,
    report: async () => (await (await asked(`${url}/_judge/report`)).json()) as JudgeReport & { readonly stall: Stall },
    arrivals: async () => linesOf(await (await asked(`${url}/_judge/arrivals`)).text()),
    async configure(next) {
      await (await asked(`${url}/_judge/config`, { method: 'POST', body: JSON.stringify(next) })).arrayBuffer();
    },
    async close() {
      if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}

async function asked(url: string, init?: RequestInit): Promise<Response> {
  const response = await fetch(url, init);
  if (!response.ok) throw new Error(`the judge answered ${response.status}: ${await response.text()}`);
  return response;
}

const linesOf = (text: string): readonly Arrival[] =>
  text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Arrival);
