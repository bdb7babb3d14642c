import { execFile, spawn } from 'node:child_process';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from '../../services/free-port.ts';
import { eventually } from '../support/eventually.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

/** A real Prometheus. It begins to scrape five seconds after its start, so start it early. */
export interface Prometheus {
  /** Waits until each source was scraped at least twice, so that a rate has something to stand on. */
  readonly ready: () => Promise<void>;
  readonly query: (expr: string) => Promise<readonly unknown[]>;
  readonly stop: () => Promise<void>;
}

/** Debian has it in the package `prometheus`. */
export const hasPrometheus = await promisify(execFile)('prometheus', ['--version']).then(
  () => true,
  () => false,
);

/** @param sources by job: what each scrape of it gets; while it rejects, the job is down. */
export async function startPrometheus(sources: Readonly<Record<string, () => Promise<string>>>): Promise<Prometheus> {
  const folder = await temporaryFolder();
  const jobs = Object.keys(sources);
  const server = createServer((request, response) => {
    const read = sources[(request.url ?? '').slice(1)];
    if (read === undefined) {
      response.writeHead(404).end();
      return;
    }
    void read().then(
      (text) => response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4' }).end(text),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // As on a network: each process is an instance of its own.
  const scrapes = jobs.map((job) => ({
    job_name: job,
    metrics_path: `/${job}`,
    static_configs: [{ targets: [`127.0.0.1:${port}`], labels: { instance: job } }],
  }));
  const config = { global: { scrape_interval: '1s', scrape_timeout: '1s' }, scrape_configs: scrapes };
  // JSON is YAML as well.
  await writeFile(join(folder.path, 'prometheus.yml'), JSON.stringify(config));
  const address = `127.0.0.1:${await freePort()}`;
  const child = spawn(
    'prometheus',
    [
      `--config.file=${join(folder.path, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder.path, 'data')}`,
      `--web.listen-address=${address}`,
      '--log.level=warn',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'] },
  );
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ask = async (path: string, parameters: Readonly<Record<string, string>>): Promise<unknown> => {
    const body = new URLSearchParams(parameters);
    const answer = await fetch(`http://${address}/api/v1/${path}`, { method: 'POST', body });
    const { data, error } = (await answer.json()) as { data?: unknown; error?: string };
    if (error !== undefined) throw new Error(`${parameters['query'] ?? path}: ${error}`);
    return data;
  };
  const query = async (expr: string): Promise<readonly unknown[]> =>
    ((await ask('query', { query: expr })) as { result: unknown[] }).result;
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM');
    await ended;
    await new Promise((resolve) => server.close(resolve));
    await folder.remove();
  };
  const scraped = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(`Prometheus ended: ${said}`);
    const found = await query('sum_over_time(up[1m]) >= 2 and up == 1').catch(() => []);
    return found.length === jobs.length;
  };
  const ready = async (): Promise<void> => {
    await eventually(scraped).catch((late: unknown) => {
      throw new Error(`Prometheus does not reach ${jobs.join(', ')}: ${said}`, { cause: late });
    });
  };
  return { ready, query, stop };
}
