import { createServer } from 'node:http';
import { join } from 'node:path';
import { getHeapSpaceStatistics, getHeapStatistics, writeHeapSnapshot } from 'node:v8';
import { BroadcastChannel, isMainThread, threadId } from 'node:worker_threads';

/**
 * Loaded before a process of the project (`--expose-gc --import`): it says over a socket in SOAK_PROBES what the process holds once its
 * garbage is collected, threads included.
 */
const ASK = 'soak: collect';
const SNAPSHOT = 'soak: snapshot ';
const channel = new BroadcastChannel('soak');
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads has no origins
const post = (message) => channel.postMessage(message);

const collected = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  const { total_physical_size: heapCommitted, malloced_memory: malloced } = getHeapStatistics();
  const spaces = {};
  for (const { space_name: name, space_used_size: used } of getHeapSpaceStatistics()) if (used > 0) spaces[name] = used;
  return { heapUsed, heapCommitted, malloced, external, spaces };
};

/** Into the folder that is asked for, one file a thread. */
const snapshot = (place) => {
  globalThis.gc();
  return writeHeapSnapshot(`${place}.${threadId}.heapsnapshot`);
};

if (isMainThread) listen();
else
  channel.addEventListener('message', ({ data }) => {
    if (data === ASK) post(collected());
    if (typeof data === 'string' && data.startsWith(SNAPSHOT)) post(snapshot(data.slice(SNAPSHOT.length)));
  });
// A listener would keep the thread alive.
channel.unref();

function listen() {
  const heard = [];
  channel.addEventListener('message', ({ data }) => heard.push(data));
  const server = createServer((request, response) => {
    heard.length = 0;
    const place = new URL(request.url, 'http://probe').searchParams.get('snapshot');
    const answer = (told) => {
      response.setHeader('connection', 'close');
      response.end(JSON.stringify(told));
    };
    if (place === null) {
      post(ASK);
      // What is closed gives back its memory in the turns after a collection.
      collected();
      setTimeout(() => answer({ ...collected(), threads: heard, resources: resourcesByKind() }), 300);
    } else {
      post(`${SNAPSHOT}${place}`);
      const own = snapshot(place);
      setTimeout(() => answer({ files: [own, ...heard] }), 5000);
    }
  });
  server.listen(join(process.env.SOAK_PROBES, `${process.pid}.sock`));
  server.unref();
}

function resourcesByKind() {
  const resources = {};
  for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
  return resources;
}
