import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { explain, InvalidInput } from '../core/errors.ts';

export const hostOf = (address: string): string => address.slice(0, address.lastIndexOf(':'));

/** Listens on `host:port` and returns the port; 0 takes a free one. `setting` is where the address was given. */
export async function listen(
  server: Server,
  { address, setting }: { address: string; setting: string },
): Promise<number> {
  const port = Number(address.slice(address.lastIndexOf(':') + 1));
  try {
    server.listen(port, hostOf(address).replace(/^\[|\]$/g, ''));
    await once(server, 'listening');
  } catch (error) {
    throw new InvalidInput(
      `${setting}: cannot listen on ${address} (${explain(error)}); choose another address, or port 0 for a free one`,
    );
  }
  return (server.address() as AddressInfo).port;
}

/** Also of connections that are kept open. */
export async function closeServer(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
