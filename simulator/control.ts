import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { InvalidInput } from '../core/errors.ts';
import { askedOf, bodyOf } from './asked.ts';
import { streams } from './records.ts';
import type { StreamName } from './records.ts';
import { errorReply, jsonReply } from './reply.ts';
import type { Reply } from './reply.ts';
import { applySettings, mutateWorld } from './running.ts';
import type { Running } from './running.ts';
import { checked, faults, latencyMs, limits, mutation } from './settings.ts';
import { transmit } from './transmit.ts';
import { truthOf } from './truth-of.ts';

/** `/_sim/…`: for whoever runs the test. Neither limited nor counted nor faulty. */
export async function control(running: Running, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { method, url } = askedOf(request);
  const body = await bodyOf(request);
  const stream = streams.find((each) => url.pathname === `/_sim/truth/${each}`);
  if (stream !== undefined) return await sendTruth(running, stream, url, response);
  if (url.pathname === '/_sim/requests')
    return await sendLines(
      response,
      running.traffic.arrivals().map((arrival) => JSON.stringify(arrival)),
    );
  await transmit(response, replyTo(running, `${method} ${url.pathname}`, body), []);
}

function replyTo(running: Running, what: string, body: string): Reply {
  switch (what) {
    case 'GET /_sim/stats':
      return jsonReply(200, running.traffic.stats());
    case 'POST /_sim/reset':
      running.traffic.reset();
      return jsonReply(200, running.traffic.stats());
    case 'GET /_sim/faults':
      return jsonReply(200, running.plan.uses());
    case 'POST /_sim/faults':
      applySettings(running, { faults: checked(faults, json(body), 'faults') });
      return jsonReply(200, running.plan.uses());
    case 'POST /_sim/limits':
      applySettings(running, { limits: checked(limits, json(body), 'limits') });
      return jsonReply(200, running.limits);
    case 'POST /_sim/latency':
      applySettings(running, { latencyMs: checked(latencyMs, json(body), 'latency') });
      return jsonReply(200, running.latencyMs);
    case 'POST /_sim/mutate':
      mutateWorld(running, checked(mutation, json(body), 'mutation'));
      return jsonReply(200, Object.fromEntries(streams.map((each) => [each, running.world.tables[each].order.length])));
    default:
      return errorReply(404, 'not_found', 'no such control; docs/simulator.md lists them');
  }
}

async function sendTruth(running: Running, stream: StreamName, url: URL, response: ServerResponse): Promise<void> {
  const number = (name: string, otherwise: number): number => {
    const text = url.searchParams.get(name);
    if (text !== null && !/^\d{1,12}$/.test(text)) throw new InvalidInput(`${name} must be a whole number`);
    return text === null ? otherwise : Number(text);
  };
  const from = number('offset', 0);
  const to = from + number('limit', Infinity);
  const { order } = running.world.tables[stream];
  await sendLines(response, truthOf(running.world, stream, order.subarray(from, Math.min(to, order.length))));
}

/** NDJSON, as fast as the reader reads. */
async function sendLines(response: ServerResponse, lines: Iterable<string>): Promise<void> {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  let block = '';
  for (const line of lines) {
    block += `${line}\n`;
    if (block.length < 100_000) continue;
    if (!response.write(block)) await Promise.race([once(response, 'drain'), once(response, 'close')]);
    if (response.destroyed) return;
    block = '';
  }
  response.end(block);
}

function json(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new InvalidInput('the body must be JSON', { cause });
  }
}
