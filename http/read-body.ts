import type { IncomingMessage } from 'node:http';
import { GiveUp } from '../core/errors.ts';
import { spool, type Spooled } from './spool.ts';

export interface BodyOptions {
  readonly maxBytes: number;
  readonly what: string;
}

const tooLarge = ({ what, maxBytes }: BodyOptions): GiveUp =>
  new GiveUp(`${what} answered more than ${maxBytes} bytes: ask for smaller pages or raise maxBytes`);

const brokeOff = (): Error => Object.assign(new Error('the body broke off'), { code: 'ECONNRESET' });

/** As `readBody`, but what is large goes to a file while it arrives. */
export async function spoolBody(message: IncomingMessage, options: BodyOptions): Promise<Spooled> {
  const { maxBytes } = options;
  if (Number(message.headers['content-length'] ?? 0) > maxBytes) {
    message.destroy();
    throw tooLarge(options);
  }
  const body = await spool(message, { maxBytes, tooLarge: () => tooLarge(options) });
  if (!message.complete) throw brokeOff();
  return body;
}

/** All bytes of a message, or an error: a body that broke off is never taken for a whole one. */
export function readBody(message: IncomingMessage, options: BodyOptions): Promise<Buffer> {
  const { maxBytes } = options;
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const refuse = (): void => {
      reject(tooLarge(options));
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
    message.on('close', () => reject(brokeOff()));
  });
}
