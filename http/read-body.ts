import type { IncomingMessage } from 'node:http';
import { GiveUp } from '../core/errors.ts';

/** All bytes of a message, or an error: a body that broke off is never taken for a whole one. */
export function readBody(
  message: IncomingMessage,
  { maxBytes, what }: { readonly maxBytes: number; readonly what: string },
): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => {
      reject(new GiveUp(`${what} answered more than ${maxBytes} bytes: ask for smaller pages or raise maxBytes`));
      message.destroy();
    };
    if (Number(message.headers['content-length'] ?? 0) > maxBytes) {
      refuse();
      return;
    }
    message.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes > maxBytes) refuse();
      else chunks.push(chunk);
    });
    message.on('end', () => {
      const [first] = chunks;
      resolve(first !== undefined && chunks.length === 1 ? first : Buffer.concat(chunks, bytes));
    });
    message.on('error', reject);
    message.on('close', () => reject(Object.assign(new Error('the body broke off'), { code: 'ECONNRESET' })));
  });
}
