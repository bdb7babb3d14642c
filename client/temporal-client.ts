import { Client, type ClientInterceptors } from '@temporalio/client';
import type { PayloadKey } from '../config/payload-keys.ts';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { SECOND } from '../core/duration.ts';
import { explain, NeedsAttention } from '../core/errors.ts';
import { connectToTemporal } from './connect.ts';
import { dataConverterOf } from './payload-codec.ts';

export interface TemporalAt {
  readonly address: string | undefined;
  readonly namespace: string;
  /** Those that the workers have (SYNCLINE_PAYLOAD_KEYS). */
  readonly payloadKeys?: readonly PayloadKey[];
  /** Of who traces its calls. */
  readonly interceptors?: ClientInterceptors | undefined;
  /** How long to try to connect; 5 s if absent. */
  readonly patienceMs?: number;
}

/** A client by the standard TEMPORAL_* variables; a given address wins over theirs. */
export async function connectClient({
  address,
  namespace,
  payloadKeys = [],
  interceptors,
  patienceMs = 5 * SECOND,
}: TemporalAt): Promise<Client> {
  const { connectionOptions } = loadClientConnectConfig();
  const options = { ...connectionOptions, ...(address === undefined ? {} : { address }), connectTimeout: patienceMs };
  try {
    return new Client({
      connection: await connectToTemporal(options),
      namespace,
      dataConverter: dataConverterOf(payloadKeys),
      ...(interceptors === undefined ? {} : { interceptors }),
    });
  } catch (error) {
    throw new NeedsAttention(
      `Temporal does not answer at ${options.address ?? 'localhost:7233'} (${explain(error)}): start it (\`syncline dev\`), or set TEMPORAL_ADDRESS`,
      { cause: error },
    );
  }
}
