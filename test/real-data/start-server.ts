import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChildServer } from '../../services/child-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

const scripts = { 'json-server': 'serve-json.mjs', 'graphql-http': 'serve-graphql.mjs' };

export interface DataServer {
  readonly url: string;
  stop(): Promise<void>;
}

/** A server that nobody here wrote, in a process of its own, with these lists. */
export async function startServer(name: 'json-server' | 'graphql-http', lists: object): Promise<DataServer> {
  const script = fileURLToPath(new URL(scripts[name], import.meta.url));
  const folder = await temporaryFolder();
  const file = join(folder.path, 'db.json');
  await writeFile(file, JSON.stringify(lists));
  const heard = new EventEmitter();
  const port = once(heard, 'port') as Promise<[string]>;
  const server = startChildServer({
    command: process.execPath,
    args: [script, file],
    cwd: folder.path,
    stopSignal: 'SIGTERM',
    orphanSignal: 'TERM',
    thenRemove: folder.path,
    onLine: (line) => {
      if (line.startsWith('port ')) heard.emit('port', line.slice('port '.length));
    },
  });
  const died = server.exited.then(() => {
    throw new Error(`${name} did not start: ${server.lastLines()}`);
  });
  died.catch(() => {});
  return {
    url: `http://127.0.0.1:${(await Promise.race([port, died]))[0]}`,
    stop: async () => {
      await server.stop();
      await folder.remove();
    },
  };
}
