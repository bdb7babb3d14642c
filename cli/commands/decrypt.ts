import { createInterface } from 'node:readline/promises';
import { InvalidInput } from '../../core/errors.ts';
import { loadPartner } from '../../definitions/load.ts';
import { secretFor, secretsOf } from '../../definitions/secrets.ts';
import { decryptText } from '../../records/hide-text.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';

interface DecryptContext extends CommandContext<{ key?: string }> {
  readonly partner: string;
  readonly stream: string;
  readonly field: string;
  /** Lines of the standard input when left out. */
  readonly lines?: AsyncIterable<string> | Iterable<string>;
}

/** Gives back what `encrypt` has made, a text per line, with the key of the definition or another one. */
export async function decrypt(context: DecryptContext): Promise<number> {
  const key = await keyOf(context);
  const texts: string[] = [];
  let line = 0;
  for await (const text of context.lines ?? createInterface({ input: process.stdin })) {
    line += 1;
    try {
      texts.push(text.trim() === '' ? '' : decryptText(key, text.trim()));
    } catch (error) {
      throw error instanceof InvalidInput ? new InvalidInput(`line ${line}: ${error.message}`) : error;
    }
  }
  context.output.json(texts);
  for (const text of texts) context.output.say(text);
  return exitCodes.ok;
}

async function keyOf({ config, partner, stream, field, options }: DecryptContext): Promise<string> {
  if (options.key !== undefined) return secretFor(secretsOf(config.env))(options.key);
  const { streams } = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  const transforms = (Object.hasOwn(streams, stream) ? streams[stream] : undefined)?.transforms ?? {};
  const encrypted = Object.entries(transforms).flatMap(([name, { encrypt }]) => (encrypt === undefined ? [] : [name]));
  const key = Object.hasOwn(transforms, field) ? transforms[field]?.encrypt : undefined;
  if (key !== undefined) return key;
  const cure = encrypted.length === 0 ? 'it encrypts none' : `it encrypts ${encrypted.join(', ')}`;
  throw new InvalidInput(`${partner}.${stream} has no field ${JSON.stringify(field)} that is encrypted; ${cure}`);
}
