import { readFile } from 'node:fs/promises';
import { explain, InvalidInput } from '../../core/errors.ts';
import { addressList } from '../../ingest/address-list.ts';
import type { BehindProxies } from '../../ingest/knock-of.ts';
import type { Tls } from '../../ingest/server.ts';
import { startIngestRole } from '../../workers/ingest-role.ts';
import { createLogger } from '../../workers/logger.ts';
import { checkedAddress } from '../checked-address.ts';
import type { CommandContext } from '../command.ts';
import { exitCodes } from '../exit.ts';
import { requireDatabase } from '../require-database.ts';
import { untilStopped } from '../until-stopped.ts';

export interface IngestOptions {
  readonly address: string;
  readonly publicUrl?: string;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly tlsClientCa?: string;
  readonly trustedProxy: readonly string[];
  readonly proxyHeader: string;
  readonly clientCertHeader?: string;
}

export async function ingest({ config, output, options }: CommandContext<IngestOptions>): Promise<number> {
  const stopped = untilStopped();
  const address = checkedAddress(options.address);
  const tls = await tlsOf(options);
  const proxies = proxiesOf(options);
  await requireDatabase(config);
  const log = createLogger(config.logLevel);
  const server = await startIngestRole({
    config,
    log,
    address,
    tls,
    proxies,
    ...(options.publicUrl === undefined ? {} : { publicUrl: originOf(options.publicUrl) }),
  });
  try {
    output.json({ url: server.url });
    output.say(`Callers push to ${server.url}/v1/PARTNER/STREAM`);
    log.info({ url: server.url }, 'ingest started');
    await stopped;
    log.info({}, 'ending: accepted requests are answered first');
  } finally {
    await server.close();
  }
  return exitCodes.ok;
}

async function tlsOf({ tlsCert, tlsKey, tlsClientCa }: IngestOptions): Promise<Tls | undefined> {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined)
    throw new InvalidInput(
      'expected --tls-cert and --tls-key together; give both, or none behind a proxy that does TLS',
    );
  return {
    cert: await read('--tls-cert', tlsCert),
    key: await read('--tls-key', tlsKey),
    clientCa: tlsClientCa === undefined ? undefined : await read('--tls-client-ca', tlsClientCa),
  };
}

function proxiesOf({ trustedProxy, proxyHeader, clientCertHeader }: IngestOptions): BehindProxies | undefined {
  const header = proxyHeader.toLowerCase();
  if (header !== 'x-forwarded-for' && header !== 'forwarded')
    throw new InvalidInput(`--proxy-header: expected X-Forwarded-For or Forwarded, found ${proxyHeader}`);
  if (trustedProxy.length === 0) {
    if (clientCertHeader !== undefined)
      throw new InvalidInput(
        '--client-cert-header: anybody could write it; list the proxy that does with --trusted-proxy',
      );
    return undefined;
  }
  try {
    return { trusted: addressList(trustedProxy), header, certificateHeader: clientCertHeader?.toLowerCase() };
  } catch (error) {
    throw new InvalidInput(`--trusted-proxy: ${explain(error)}`);
  }
}

async function read(option: string, path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    throw new InvalidInput(`${option}: expected a file that can be read, found none at ${path} (${explain(error)})`);
  }
}

function originOf(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new InvalidInput(`--public-url: expected a URL such as https://push.example.com, found ${text}`);
  return url.href.replace(/\/$/, '');
}
