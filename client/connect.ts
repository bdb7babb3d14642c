import { InterceptingCall, Metadata, status, type Interceptor } from '@grpc/grpc-js';
import {
  Connection,
  defaultGrpcRetryOptions,
  makeGrpcRetryInterceptor,
  type ConnectionOptions,
} from '@temporalio/client';

const CLOSED = 'the connection to Temporal was closed';

/**
 * A connection whose calls end when it is closed, with CANCELLED. Those of `Connection.connect` do not: one that waits for
 * the end of a workflow keeps its process for 20 s more, and one that waits to be tried again throws from a timer, which
 * ends the process with a stack.
 */
export async function connectToTemporal(options: ConnectionOptions): Promise<Connection> {
  const calls = new CallsUntilClose();
  const connection = await Connection.connect({
    ...options,
    interceptors: [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), calls.interceptor],
  });
  const close = connection.close.bind(connection);
  connection.close = () => {
    calls.end();
    return close();
  };
  return connection;
}

/** Stands between the retries and the channel, so that each attempt of a call goes through it. */
class CallsUntilClose {
  readonly #live = new Set<InterceptingCall>();
  #ended = false;

  readonly interceptor: Interceptor = (options, nextCall) => {
    if (this.#ended) return neverSent();
    const call: InterceptingCall = new InterceptingCall(nextCall(options), {
      start: (metadata, _listener, next) => {
        this.#live.add(call);
        next(metadata, {
          onReceiveStatus: (received, tell) => {
            this.#live.delete(call);
            tell(received);
          },
        });
      },
    });
    return call;
  };

  end(): void {
    this.#ended = true;
    for (const call of this.#live) call.cancelWithStatus(status.CANCELLED, CLOSED);
  }
}

/** A call that has ended before it began. Without the empty message the retries have none to pass on, and throw. */
const neverSent = (): InterceptingCall =>
  new InterceptingCall(
    {
      cancelWithStatus: () => {},
      getPeer: () => '',
      start: () => {},
      sendMessageWithContext: () => {},
      sendMessage: () => {},
      startRead: () => {},
      halfClose: () => {},
      getAuthContext: () => null,
    },
    {
      start: (_metadata, listener) => {
        queueMicrotask(() => {
          listener.onReceiveMessage(null);
          listener.onReceiveStatus({ code: status.CANCELLED, details: CLOSED, metadata: new Metadata() });
        });
      },
    },
  );
