import { createServer } from 'node:http';
import { join } from 'node:path';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/**
 * Loaded before a process of the project (`--expose-gc --import`): it says over a socket in SOAK_PROBES what the process holds once its
 * garbage is collected, threads included.
 */
const ASK = 'soak: collect';
const channel = new BroadcastChannel('soak');
// oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel between threads has no origins
const post = (message) => channel.postMessage(message);

const collected = () => {
  globalThis.gc();
  const { heapUsed, external } = process.memoryUsage();
  return { heapUsed, external };
};

if (isMainThread) listen();
else
  channel.addEventListener('message', ({ data }) => {
    if (data === ASK) post(collected());
  });
// A listener would keep the thread alive.
channel.unref();

function listen() {
  const heard = [];
  channel.addEventListener('message', ({ data }) => heard.push(data));
  const server = createServer((_, response) => {
    heard.length = 0;
    post(ASK);
    // What is closed gives back its memory in the turns after a collection.
    collected();
    setTimeout(() => {
      const { heapUsed, external } = collected();
      const resources = {};
      for (const name of process.getActiveResourcesInfo()) resources[name] = (resources[name] ?? 0) + 1;
      response.setHeader('connection', 'close');
      response.end(JSON.stringify({ heapUsed, external, threads: heard, resources }));
    }, 300);
  });
  server.listen(join(process.env.SOAK_PROBES, `${process.pid}.sock`));
  server.unref();
}
