import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { explain, InvalidInput } from '../../core/errors.ts';
import { compilePartner } from '../../definitions/compile.ts';
import { compileWebhooks } from '../../definitions/compile-webhooks.ts';
import { loadPartner } from '../../definitions/load.ts';
import { presetOf } from '../../ingest/webhooks/presets.ts';
import { sampleBody, TEST_TYPE } from '../../ingest/webhooks/sample-body.ts';
import { sign } from '../../ingest/webhooks/sign.ts';
import { isValid } from '../../ingest/webhooks/verify.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { webhookNamed } from '../webhook-named.ts';

interface TestContext extends CommandContext<{ url: string; type?: string; body?: string }> {
  readonly partner: string;
  readonly webhook: string;
}

/** Sends what the partner would send, and something that only looks like it. */
export async function webhooksTest({ config, output, options, partner, webhook: name }: TestContext): Promise<number> {
  const definition = await loadPartner(partner, { dir: config.partnersDir, env: config.env });
  const webhook = webhookNamed(compileWebhooks(compilePartner(definition, config.names)), { partner, webhook: name });
  const preset = presetOf(webhook.definition);
  const secret = webhook.definition.secrets.find((one) => isValid(one, Date.now()))?.value;
  if (secret === undefined)
    throw new InvalidInput(
      `no secret of ${partner}/${name} is valid now: add one, or look at its \`from\` and \`until\``,
    );
  const id = `test_${randomUUID()}`;
  const body =
    options.body === undefined ? sampleBody(webhook, preset, { id, type: options.type }) : await bodyOf(options.body);
  const target = new URL(`/hooks/${partner}/${name}`, addressOf(options.url)).href;
  const type =
    preset.type !== undefined && 'header' in preset.type ? { [preset.type.header]: options.type ?? TEST_TYPE } : {};
  const headers = {
    'content-type': 'application/json',
    ...type,
    ...sign(preset, { secret, id, url: webhook.definition.url ?? target, body, nowMs: Date.now() }),
  };
  const accepted = await post(target, headers, body);
  // One byte more: nobody has signed that.
  const refused = await post(target, headers, Buffer.concat([body, Buffer.from(' ')]));
  const right = accepted >= 200 && accepted < 300;
  output.json({ url: target, accepted, refused });
  output.say(`POST ${target}`);
  output.say(`${accepted} for a delivery that is signed with the first valid secret${right ? '' : ': expected 200'}`);
  output.say(`${refused} for the same with one byte more${refused === 401 ? '' : ': expected 401'}`);
  if (accepted === 404) output.say('The server knows no such webhook: does it read the same definitions?');
  if (accepted === 401) output.say('The server has other secrets, or its clock is far from this one.');
  return right && refused === 401 ? exitCodes.ok : exitCodes.failed;
}

async function post(url: string, headers: Readonly<Record<string, string>>, body: Buffer): Promise<number> {
  try {
    const answer = await fetch(url, { method: 'POST', headers, body: new Uint8Array(body), redirect: 'manual' });
    await answer.arrayBuffer();
    return answer.status;
  } catch (error) {
    throw new InvalidInput(
      `--url: nobody answers at ${url} (${explain(error)}); start \`syncline ingest\`, or give its address`,
    );
  }
}

async function bodyOf(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (error) {
    throw new InvalidInput(`--body: expected a file that can be read, found none at ${path} (${explain(error)})`);
  }
}

function addressOf(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidInput(`--url: expected an address such as http://127.0.0.1:8080, found ${text}`);
  return url;
}
