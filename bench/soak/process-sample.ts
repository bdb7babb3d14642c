import { readdir, readFile, readlink } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';

/** What a process holds, its garbage collected. Memory in MB. */
export interface ProcessSample {
  readonly rssMb: number;
  /** Of the main thread and of all others together. */
  readonly heapMb: number;
  readonly threadsHeapMb: number;
  readonly externalMb: number;
  readonly threads: number;
  readonly fds: number;
  /** Of them. */
  readonly sockets: number;
  readonly files: number;
  /** What keeps its event loop alive, by kind (process.getActiveResourcesInfo). */
  readonly resources: Readonly<Record<string, number>>;
}

interface Told {
  readonly heapUsed: number;
  readonly external: number;
  readonly threads: readonly { readonly heapUsed: number; readonly external: number }[];
  readonly resources: Readonly<Record<string, number>>;
}

export async function sampleProcess(pid: number, probes: string): Promise<ProcessSample> {
  const told = JSON.parse(await asked(join(probes, `${pid}.sock`))) as Told;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const links = await linksOf(pid);
  return {
    rssMb: number('VmRSS') / 1024,
    heapMb: megabytes(told.heapUsed),
    threadsHeapMb: megabytes(told.threads.reduce((sum, { heapUsed }) => sum + heapUsed, 0)),
    externalMb: megabytes(told.external + told.threads.reduce((sum, { external }) => sum + external, 0)),
    threads: number('Threads'),
    fds: links.length,
    sockets: links.filter((link) => link.startsWith('socket:')).length,
    files: links.filter((link) => link.startsWith('/') && !link.startsWith('/dev/') && !link.startsWith('/proc/'))
      .length,
    resources: told.resources,
  };
}

const megabytes = (bytes: number): number => bytes / 1024 ** 2;

async function linksOf(pid: number): Promise<readonly string[]> {
  const names = await readdir(`/proc/${pid}/fd`);
  const links = await Promise.all(names.map((name) => readlink(`/proc/${pid}/fd/${name}`).catch(() => '')));
  return links.filter((link) => link !== '');
}

function asked(socketPath: string): Promise<string> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path: '/' }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}
