import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface Line {
  readonly address: string;
  /** How often somebody has connected. */
  connected(): number;
  /** From now on whoever connects reaches the server. */
  open(): void;
  /** As when the server dies: what is connected is cut, and nothing answers any more. */
  cut(): Promise<void>;
}

/**
 * To a server at `host:port`, and can be cut. `state`: `shut`, whoever connects is cut off, as where a server is starting; `silent`, it is connected to nobody.
 * The port is its own from the beginning: a free one that is taken later may be somebody else's by then.
 */
export async function lineTo(address: string, state: 'open' | 'shut' | 'silent' = 'open'): Promise<Line> {
  const { hostname, port: to } = new URL(`tcp://${address}`);
  const sockets = new Set<Socket>();
  let [now, connections] = [state, 0];
  const server = createServer((from) => {
    connections += 1;
    sockets.add(from);
    from.on('error', () => {});
    if (now === 'shut') from.destroy();
    if (now === 'silent') from.resume();
    if (now !== 'open') return;
    const there = connect(Number(to), hostname);
    for (const [one, other] of [
      [from, there],
      [there, from],
    ] as const) {
      sockets.add(one);
      one.on('error', () => {}).on('close', () => other.destroy());
      one.pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    connected: () => connections,
    open: () => {
      now = 'open';
    },
    cut: async () => {
      if (!server.listening) return;
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
