import { createServer } from 'node:net';

/** A port of 127.0.0.1 that nobody listened on a moment ago; another process may still be quicker, so callers try again. */
export const freePort = (): Promise<number> => listenable(0);

/** `port` if nobody listens on it now, else a free one; a free one when absent. */
export const portOrFree = async (port: number | undefined): Promise<number> =>
  port === undefined ? freePort() : listenable(port).catch(() => freePort());

/** One below 32768, where systems hand out none by themselves. */
export async function freeLowPort(): Promise<number> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await listenable(20_000 + Math.floor(Math.random() * 12_000));
    } catch (error) {
      if (attempt >= 100) throw error;
    }
  }
}

function listenable(port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => {
        if (typeof address === 'object' && address !== null) resolve(address.port);
        else reject(new Error('the system gave a socket without a port'));
      });
    });
  });
}
