import { connect, createServer, type AddressInfo, type Socket } from 'node:net';

export interface TransactionPooler {
  readonly url: string;
  close(): Promise<void>;
}

/** ReadyForQuery of PostgreSQL's protocol: Z, its length of 5, and I when no transaction is open. */
const READY = Buffer.from('Z\0\0\0\x05', 'latin1');

/**
 * Stands before PostgreSQL as a pooler in transaction mode does: after each transaction a client's connection goes back to a
 * stack, and its next statement takes the one on top. Each client brings a connection with it.
 */
export async function startTransactionPooler(databaseUrl: string): Promise<TransactionPooler> {
  const target = new URL(databaseUrl);
  const sockets = new Set<Socket>();
  const idle: Socket[] = [];
  const server = createServer((client) => {
    let backend: Socket | undefined = connect(Number(target.port || 5432), target.hostname);
    for (const socket of [client, backend]) sockets.add(socket.on('error', () => {}));
    const relay = (from: Socket): void => {
      from.on('data', (bytes) => {
        client.write(bytes);
        const [head, state] = [bytes.subarray(-6, -1), bytes.subarray(-1).toString()];
        if (!head.equals(READY) || state !== 'I') return;
        from.removeAllListeners('data');
        idle.push(from);
        backend = undefined;
      });
    };
    relay(backend);
    client.on('data', (bytes) => {
      // Terminate: the connection stays for the others.
      if (bytes[0] === 'X'.charCodeAt(0) && bytes.length === 5) client.end();
      else {
        if (backend === undefined) {
          backend = idle.pop() as Socket;
          relay(backend);
        }
        backend.write(bytes);
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = new URL(databaseUrl);
  url.hostname = '127.0.0.1';
  url.port = String((server.address() as AddressInfo).port);
  return {
    url: url.href,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
