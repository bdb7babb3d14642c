import { Client, credentials, Metadata } from '@grpc/grpc-js';
import { loadClientConnectConfig, type ClientConnectConfig } from '@temporalio/envconfig';

const SERVICE = '/temporal.api.workflowservice.v1.WorkflowService';
const PORT = 7233;

/** Temporal limits how often some things may be asked in a second; its own client asks again too. */
const RETRIES = {
  methodConfig: [
    {
      name: [{}],
      retryPolicy: {
        maxAttempts: 5,
        initialBackoff: '0.1s',
        maxBackoff: '1s',
        backoffMultiplier: 2,
        retryableStatusCodes: ['UNAVAILABLE', 'RESOURCE_EXHAUSTED'],
      },
    },
  ],
};

/** Calls of Temporal's API, their messages as bytes of protobuf. */
export interface UnaryCalls {
  /** Rejects with what gRPC says, also when the deadline has passed. */
  call(method: string, request: Uint8Array): Promise<Uint8Array>;
  close(): void;
}

export interface UnaryCallsAt {
  /** Wins over that of `connection`. */
  readonly address: string | undefined;
  readonly namespace: string;
  /** Epoch ms until which everything has to be answered. */
  readonly deadlineMs: number;
  /** By the standard TEMPORAL_* variables, if absent. */
  readonly connection?: Pick<ClientConnectConfig['connectionOptions'], 'address' | 'tls' | 'apiKey' | 'metadata'>;
}

/**
 * For a command that asks one small question: Temporal's client begins with building descriptions of all messages there are, which takes five
 * times as long as to connect and to ask. Rejects when there is no connection by the deadline.
 */
export async function openUnaryCalls({
  address,
  namespace,
  deadlineMs,
  connection = loadClientConnectConfig().connectionOptions,
}: UnaryCallsAt): Promise<UnaryCalls> {
  const { apiKey } = connection;
  const tls = connection.tls === true ? {} : connection.tls;
  const client = new Client(
    withPort(address ?? connection.address ?? 'localhost'),
    tls
      ? credentials.createSsl(
          bufferOf(tls.serverRootCACertificate),
          bufferOf(tls.clientCertPair?.key),
          bufferOf(tls.clientCertPair?.crt),
        )
      : credentials.createInsecure(),
    {
      'grpc.service_config': JSON.stringify(RETRIES),
      ...(tls && tls.serverNameOverride !== undefined
        ? {
            'grpc.ssl_target_name_override': tls.serverNameOverride,
            'grpc.default_authority': tls.serverNameOverride,
          }
        : {}),
    },
  );
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(connection.metadata ?? {})) metadata.set(name, value);
  metadata.set('temporal-namespace', namespace);
  if (typeof apiKey === 'string') metadata.set('authorization', `Bearer ${apiKey}`);
  const calls: UnaryCalls = {
    call: (method, request) =>
      new Promise((resolve, reject) => {
        client.makeUnaryRequest(
          `${SERVICE}/${method}`,
          (bytes: Uint8Array) => Buffer.from(bytes),
          (bytes: Buffer): Uint8Array => bytes,
          request,
          metadata,
          { deadline: deadlineMs },
          (error, answer) => (error === null ? resolve(answer as Uint8Array) : reject(error)),
        );
      }),
    close: () => client.close(),
  };
  try {
    await new Promise<void>((resolve, reject) => {
      client.waitForReady(deadlineMs, (error) => (error === undefined ? resolve() : reject(error)));
    });
    return calls;
  } catch (error) {
    calls.close();
    throw error;
  }
}

const bufferOf = (bytes: Uint8Array | undefined): Buffer | null => (bytes === undefined ? null : Buffer.from(bytes));

/** `host`, `host:port`, `[::1]` or `[::1]:port`. */
const withPort = (address: string): string =>
  /:\d+$/.test(address.replace(/^\[[^\]]*\]/, '')) ? address : `${address}:${PORT}`;
