import { ContractError, type ReplyOf, type RpcType } from '@sallyport/contracts';
import { injectTrace, tracer } from '@sallyport/runtime';
import type { Broker, Message } from '../broker.ts';
import {
  RpcBusyError,
  RpcContractError,
  RpcFailedError,
  RpcTimeoutError,
  RpcUnavailableError,
} from '../errors.ts';
import type { RequestOptions, Rpc } from '../ports.ts';
import { checkId, checkSize, decodeJson, encodeJson, HEADER } from '../wire.ts';
import type { Deadlines } from './deadlines.ts';

const spans = tracer('@sallyport/bus');

/** The asking half of `Rpc`. */
export function requester(broker: Broker, deadlines: Deadlines): Rpc['request'] {
  return <R extends RpcType>(rpc: R, data: unknown, options: RequestOptions = {}) =>
    spans.span(`request ${rpc.subject}`, { kind: 'client' }, async () => {
      const { timeoutMs = 5_000, signal, idempotencyKey } = options;
      signal?.throwIfAborted();
      rpc.parse(data);
      const headers: Record<string, string> = {
        ...injectTrace(),
        [HEADER.timeout]: String(timeoutMs),
      };
      if (idempotencyKey !== undefined) {
        headers[HEADER.key] = checkId('idempotency key', idempotencyKey);
      }
      const message = { headers, body: encodeJson(data) };
      checkSize(broker, rpc.subject, message);
      const reply = await exchange(broker, deadlines, rpc.subject, message, timeoutMs, signal);
      return answer(rpc, reply);
    });
}

function exchange(
  broker: Broker,
  deadlines: Deadlines,
  subject: string,
  message: Message,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<Message> {
  return new Promise((resolve, reject) => {
    let settled = false;
    let forget = () => {};
    const finish = () => {
      settled = true;
      forget();
      clear();
      signal?.removeEventListener('abort', abort);
    };
    const abort = () => {
      finish();
      reject(signal?.reason);
    };
    const clear = deadlines.after(timeoutMs, () => {
      finish();
      const text = `no answer to ${subject} within ${timeoutMs} ms: it may have been executed`;
      reject(new RpcTimeoutError(text));
    });
    signal?.addEventListener('abort', abort, { once: true });
    forget = broker.request(subject, message, (reply) => {
      finish();
      if (reply === undefined) {
        reject(new RpcUnavailableError(`nobody answers ${subject}`));
      } else resolve(reply);
    });
    if (settled) forget();
  });
}

function answer<R extends RpcType>(rpc: R, { headers, body }: Message): ReplyOf<R> {
  const status = headers[HEADER.status];
  if (status === 'busy') throw new RpcBusyError(`${rpc.subject}: the responder has no room`);
  let value: unknown;
  try {
    value = decodeJson(body);
  } catch (cause) {
    throw new RpcContractError(`${rpc.subject}: the answer must be JSON in UTF-8`, { cause });
  }
  if (status === 'ok') {
    try {
      return rpc.parseReply(value) as ReplyOf<R>;
    } catch (cause) {
      if (cause instanceof ContractError) throw new RpcContractError(cause.message, { cause });
      throw cause;
    }
  }
  const { code, message } = value as { code?: unknown; message?: unknown };
  const text = typeof message === 'string' ? message : 'no reason given';
  if (status === 'failed' && typeof code === 'string') throw new RpcFailedError(code, text);
  throw new RpcContractError(`${rpc.subject}: ${text}`);
}
