import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInput } from '../../core/errors.ts';
import { bodyOf } from '../asked.ts';
import { errorReply, jsonReply } from '../reply.ts';
import type { Reply } from '../reply.ts';
import { checked } from '../settings.ts';
import { transmit } from '../transmit.ts';
import type { Run } from './run.ts';
import { reportOf } from './report.ts';
import { judgeConfig } from './settings.ts';
import type { JudgeConfig } from './settings.ts';
import type { Stall } from './stall.ts';

/** What controls may do. */
export interface Controlled {
  run(): Run;
  stall(): Stall;
  /** Begins anew: nothing is kept. */
  configure(settings: JudgeConfig): void;
}

/** `/_judge/…`: neither limited nor counted. Reading a report keeps the judge busy, so it belongs after a run. */
export async function control(
  controlled: Controlled,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const what = `${request.method} ${request.url?.split('?')[0]}`;
  const body = await bodyOf(request);
  if (what === 'GET /_judge/arrivals') return await sendArrivals(controlled.run(), response);
  await transmit(response, replyTo(controlled, what, body), []);
}

function replyTo(controlled: Controlled, what: string, body: string): Reply {
  switch (what) {
    case 'GET /_judge/report':
      return jsonReply(200, { ...reportOf(controlled.run()), stall: controlled.stall() });
    case 'GET /_judge/counts':
      return jsonReply(200, controlled.run().counts);
    case 'GET /_judge/config':
      return jsonReply(200, { ...controlled.run().settings, tokens: undefined });
    case 'POST /_judge/config':
      controlled.configure(checked(judgeConfig, json(body), 'config'));
      return jsonReply(200, { ...controlled.run().settings, tokens: undefined });
    default:
      return errorReply(404, 'not_found', 'no such control; docs/simulator.md lists them');
  }
}

/** NDJSON, as fast as the reader reads. */
async function sendArrivals({ arrivals }: Run, response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const PER_BLOCK = 1000;
  for (let from = 0; from < arrivals.kept(); from += PER_BLOCK) {
    let block = '';
    for (let index = from; index < Math.min(from + PER_BLOCK, arrivals.kept()); index += 1)
      block += `${JSON.stringify(arrivals.at(index))}\n`;
    if (!response.write(block)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (response.destroyed) return;
  }
  response.end();
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new InvalidInput('the body must be JSON', { cause });
  }
}
