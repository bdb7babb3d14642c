import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { startChildServer } from '../../services/child-server.ts';
import { temporaryFolder } from '../support/temporary-folder.ts';

export interface JsonServer {
  readonly url: string;
  stop(): Promise<void>;
}

const script = fileURLToPath(new URL('serve-json.mjs', import.meta.url));

/** json-server in a process of its own, with these lists. */
export async function startJsonServer(lists: object): Promise<JsonServer> {
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
    throw new Error(`json-server did not start: ${server.lastLines()}`);
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
