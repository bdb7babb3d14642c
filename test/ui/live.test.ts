import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { expect, test } from '@jest/globals';
import { Live } from '../../ui/live.ts';
import { eventually } from '../support/eventually.ts';

const MOST = 200;

test('whoever leaves before live events begin takes no place of others', async () => {
  const answers: ((pulse: string) => void)[] = [];
  const live = new Live(() => new Promise((resolve) => answers.push(resolve)));
  const asked: { readonly response: ServerResponse; readonly heard: Promise<boolean> }[] = [];
  const server = createServer((_, response) => {
    const heard = live.listen(response).then((taken) => {
      if (!taken) response.writeHead(503).end();
      return taken;
    });
    asked.push({ response, heard });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const visit = (): ReturnType<typeof connect> => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => {});
    socket.write('GET /live HTTP/1.1\r\nhost: x\r\n\r\n');
    return socket;
  };
  try {
    const visitors = Array.from({ length: MOST }, visit);
    expect(await eventually(() => asked.length === MOST)).toBe(true);
    for (const socket of visitors) socket.destroy();
    expect(await eventually(() => asked.every(({ response }) => response.destroyed))).toBe(true);
    for (const answer of answers) answer('now');
    await Promise.all(asked.map(({ heard }) => heard));

    const last = visit();
    const [head] = (await once(last, 'data')) as [Buffer];
    expect(String(head)).toContain('text/event-stream');
    expect(await asked.at(-1)?.heard).toBe(true);
    last.destroy();
  } finally {
    live.close();
    server.close();
    server.closeAllConnections();
  }
});
