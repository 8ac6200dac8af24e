import { ContractError, type ReplyOf, type RpcType } from '@sallyport/contracts';
import { injectTrace, type SallyportError, tracer } from '@sallyport/runtime';
import type { Broker, Message } from '../broker.ts';
import {
  RpcBusyError,
  RpcContractError,
  RpcFailedError,
  RpcTimeoutError,
  RpcUnavailableError,
} from '../errors.ts';
import type { RequestOptions, Rpc } from '../ports.ts';
import {
  checkId,
  checkSize,
  DEFAULT_TIMEOUT_MS,
  decodeJson,
  encodePassing,
  HEADER,
} from '../wire.ts';
import type { Deadline, Deadlines } from './deadlines.ts';

const spans = tracer('@sallyport/bus');

/** The asking half of `Rpc`. */
export function requester(broker: Broker, deadlines: Deadlines): Rpc['request'] {
  return <R extends RpcType>(rpc: R, data: unknown, options: RequestOptions = {}) =>
    spans.span(
      `request ${rpc.subject}`,
      { kind: 'client' },
      () =>
        new Promise<ReplyOf<R>>((resolve, reject) => {
          const question = new Question(broker, deadlines, rpc, options, resolve, reject);
          question.ask(data);
        }),
    );
}

/**
 * One request on its way. One promise, one object that is its own deadline, and no async function in between: at the
 * edge's rate each of them is a tenth of what a request costs.
 */
class Question<R extends RpcType> implements Deadline {
  slot = 0;
  readonly #broker: Broker;
  readonly #deadlines: Deadlines;
  readonly #rpc: R;
  readonly #options: RequestOptions;
  readonly #resolve: (reply: ReplyOf<R>) => void;
  readonly #reject: (reason: unknown) => void;
  #forget: (() => void) | undefined;
  #abort: (() => void) | undefined;

  constructor(
    broker: Broker,
    deadlines: Deadlines,
    rpc: R,
    options: RequestOptions,
    resolve: (reply: ReplyOf<R>) => void,
    reject: (reason: unknown) => void,
  ) {
    this.#broker = broker;
    this.#deadlines = deadlines;
    this.#rpc = rpc;
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
  }

  /** Sends it. What it throws rejects the promise it is called in; then nothing was sent. */
  ask(data: unknown): void {
    const { timeoutMs = DEFAULT_TIMEOUT_MS, signal, idempotencyKey } = this.#options;
    signal?.throwIfAborted();
    this.#rpc.parse(data);
    const headers = injectTrace();
    if (timeoutMs !== DEFAULT_TIMEOUT_MS) headers[HEADER.timeout] = String(timeoutMs);
    if (idempotencyKey !== undefined) {
      headers[HEADER.key] = checkId('idempotency key', idempotencyKey);
    }
    const { subject } = this.#rpc;
    const message = { headers, body: encodePassing(data) };
    checkSize(this.#broker, subject, message);
    this.#deadlines.set(timeoutMs, this);
    if (signal !== undefined) {
      this.#abort = () => {
        this.#end();
        this.#reject(signal.reason);
      };
      signal.addEventListener('abort', this.#abort, { once: true });
    }
    try {
      this.#forget = this.#broker.request(subject, message, (reply, refused) =>
        this.#settle(reply, refused),
      );
    } catch (error) {
      this.#end();
      throw error;
    }
  }

  late(): void {
    this.#end();
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = this.#options;
    const text = `no answer to ${this.#rpc.subject} within ${timeoutMs} ms: it may have been executed`;
    this.#reject(new RpcTimeoutError(text));
  }

  #settle(reply: Message | undefined, refused: SallyportError | undefined): void {
    this.#forget = undefined;
    this.#end();
    if (reply === undefined) {
      this.#reject(refused ?? new RpcUnavailableError(`nobody answers ${this.#rpc.subject}`));
      return;
    }
    try {
      this.#resolve(answer(this.#rpc, reply));
    } catch (error) {
      this.#reject(error);
    }
  }

  /** Nothing comes for it any more. */
  #end(): void {
    this.#forget?.();
    this.#deadlines.clear(this);
    if (this.#abort !== undefined) this.#options.signal?.removeEventListener('abort', this.#abort);
  }
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
  if (status === undefined) {
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
