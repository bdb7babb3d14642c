import { createTransport } from 'nodemailer';
import { textOf, titleOf, type AlertMessage } from '../alerts/message.ts';
import { SECOND } from '../core/duration.ts';
import { RetryLater } from '../core/errors.ts';
import type { Channel } from '../definitions/alerts.ts';

const TIMEOUT_MS = 15 * SECOND;

/** By SMTP. An attempt whose end was lost may arrive twice, with the same Message-ID. */
export async function sendByEmail(
  { smtp, from, to }: Extract<Channel, { type: 'email' }>,
  message: AlertMessage,
  { what }: { readonly what: string },
): Promise<void> {
  const transport = createTransport({
    url: smtp,
    connectionTimeout: TIMEOUT_MS,
    greetingTimeout: TIMEOUT_MS,
    socketTimeout: TIMEOUT_MS,
  });
  try {
    await transport.sendMail({
      from,
      to: [...to],
      subject: titleOf(message).replaceAll(/\s+/g, ' '),
      text: `${textOf(message)}\n`,
      messageId: `<${message.id}@syncline>`,
      headers: { 'Auto-Submitted': 'auto-generated' },
    });
  } catch (error) {
    // Its messages may repeat what the server says, and that is all: no password is among it.
    throw new RetryLater(`${what}: ${reasonOf(error)}`);
  } finally {
    transport.close();
  }
}

function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return 'failed';
  const { code, responseCode } = error as Error & { code?: string; responseCode?: number };
  return [code ?? error.name, responseCode].filter((part) => part !== undefined).join(' ');
}
