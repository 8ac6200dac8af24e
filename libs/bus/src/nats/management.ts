import { JetStreamApiError, type JetStreamManager, jetstreamManager } from '@nats-io/jetstream';
import { errors } from '@nats-io/transport-node';
import { BusUnavailableError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { BusPermissionError } from './errors.ts';

/** Calls of JetStream's management API, with this package's errors. */
export interface Management {
  /**
   * What `work` gives; undefined where the broker says "not found". Rejects with `BusUnavailableError`,
   * `BusPermissionError`, the signal's reason, or the broker's own refusal as `JetStreamApiError`.
   */
  call<T>(
    work: (manager: JetStreamManager) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T | undefined>;
}

export async function openManagement(
  connection: Connection,
  timeoutMs: number,
): Promise<Management> {
  // Its check asks for the account's limits, which services have no leave to see.
  const manager = await jetstreamManager(connection.client, {
    checkAPI: false,
    timeout: timeoutMs,
  });
  return {
    async call(work, signal) {
      signal?.throwIfAborted();
      if (!connection.connected) throw new BusUnavailableError('the broker is away');
      const { promise: cut, reject } = Promise.withResolvers<never>();
      const abort = () => reject(signal?.reason);
      signal?.addEventListener('abort', abort, { once: true });
      // A call lost with its connection would only end by its time-out.
      using _watch = connection.onConnection(() =>
        reject(new BusUnavailableError('the connection broke')),
      );
      try {
        return await Promise.race([work(manager), cut]);
      } catch (error) {
        if (error instanceof JetStreamApiError && error.status === 404) return undefined;
        throw inOurWords(error);
      } finally {
        signal?.removeEventListener('abort', abort);
      }
    },
  };
}

function inOurWords(error: unknown): unknown {
  const cause = (error as Error).cause;
  for (const found of [error, cause]) {
    if (found instanceof errors.PermissionViolationError) {
      return new BusPermissionError('publish', found.subject, { cause: error });
    }
  }
  const client = [
    ...[errors.TimeoutError, errors.RequestError, errors.ClosedConnectionError],
    ...[errors.DrainingConnectionError, errors.NoRespondersError],
  ];
  if (client.some((kind) => error instanceof kind) || isDisabled(error)) {
    return new BusUnavailableError(
      `the broker must answer about its streams: ${(error as Error).message}`,
      { cause: error },
    );
  }
  return error;
}

/** The client's word for "nobody answers": JetStream is off, or not up yet after a restart. */
function isDisabled(error: unknown): boolean {
  return error instanceof Error && error.constructor.name === 'JetStreamNotEnabled';
}
