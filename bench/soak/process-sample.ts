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
  /** What its heaps have of the system, used or not. */
  readonly committedMb: number;
  /** Of its own pages (no files): what neither its heaps nor their buffers have, so native code, stacks and what malloc keeps. */
  readonly nativeMb: number;
  readonly threads: number;
  readonly fds: number;
  /** Of them. */
  readonly sockets: number;
  readonly files: number;
  /** What keeps its event loop alive, by kind (process.getActiveResourcesInfo). */
  readonly resources: Readonly<Record<string, number>>;
}

interface Heap {
  readonly heapUsed: number;
  readonly heapCommitted: number;
  readonly external: number;
}

interface Told extends Heap {
  readonly threads: readonly Heap[];
  readonly resources: Readonly<Record<string, number>>;
}

export async function sampleProcess(pid: number, probes: string): Promise<ProcessSample> {
  const told = (await asked(join(probes, `${pid}.sock`), '/')) as Told;
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  const number = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(status)?.[1] ?? 0);
  const links = await linksOf(pid);
  const heaps: readonly Heap[] = [told, ...told.threads];
  const externalMb = megabytes(heaps.reduce((sum, { external }) => sum + external, 0));
  const committedMb = megabytes(heaps.reduce((sum, { heapCommitted }) => sum + heapCommitted, 0));
  return {
    rssMb: number('VmRSS') / 1024,
    heapMb: megabytes(told.heapUsed),
    threadsHeapMb: megabytes(told.threads.reduce((sum, { heapUsed }) => sum + heapUsed, 0)),
    externalMb,
    committedMb,
    nativeMb: number('RssAnon') / 1024 - committedMb - externalMb,
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

/** Heap snapshots of a process, one a thread, as files that begin with `place` (chrome://inspect reads them). */
export async function snapshotProcess(pid: number, probes: string, place: string): Promise<void> {
  await asked(join(probes, `${pid}.sock`), `/?snapshot=${encodeURIComponent(place)}`);
}

function asked(socketPath: string, path: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    request({ socketPath, path }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve(JSON.parse(text)));
    })
      .on('error', reject)
      .end();
  });
}
