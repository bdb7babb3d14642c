import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export interface Talk {
  readonly socket: Socket;
  /** All that came, once the server has closed the connection. */
  readonly closed: Promise<string>;
  /** All that came, once it holds this text. Rejects where the connection is closed before. */
  said(text: string): Promise<string>;
}

/** A connection of bytes, for what no HTTP client sends. */
export function talk(url: string): Talk {
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  let came = '';
  let isClosed = false;
  socket.setEncoding('latin1').on('data', (more: string) => {
    came += more;
  });
  // The server may reset what it does not want to read.
  socket.on('error', () => {});
  const closed = new Promise<string>((resolve) => {
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      isClosed = true;
      resolve(came);
    });
  });
  return {
    socket,
    closed,
    said: async (text) => {
      while (!came.includes(text)) {
        if (isClosed) throw new Error(`the connection was closed after: ${came}`);
        await sleep(5);
      }
      return came;
    },
  };
}

/** Sends all at once, and waits for the end. */
export function exchange(url: string, bytes: string | Buffer): Promise<string> {
  const { socket, closed } = talk(url);
  socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  return closed;
}

/** Sends one piece after the other until the server closes. */
export async function trickle(url: string, pieces: readonly string[], everyMs: number): Promise<string> {
  const { socket, closed } = talk(url);
  const over = new AbortController();
  void closed.then(() => over.abort());
  for (const piece of pieces) {
    if (over.signal.aborted) break;
    socket.write(piece);
    await sleep(everyMs);
  }
  return closed;
}
