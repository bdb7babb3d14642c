import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Line {
  readonly address: string;
  /** As when the server dies: what is connected is cut, and nothing answers any more. */
  cut(): Promise<void>;
}

/** To a server at `host:port`, and can be cut. `port`: where it begins; a free one, if absent. */
export async function lineTo(address: string, port = 0): Promise<Line> {
  const { hostname, port: to } = new URL(`tcp://${address}`);
  const sockets = new Set<Socket>();
  const server = createServer((from) => {
    const there = connect(Number(to), hostname);
    for (const [one, other] of [
      [from, there],
      [there, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(port, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    cut: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
