import { AsyncLocalStorage } from 'node:async_hooks';
import { ContractError, type DataOf, type ReplyOf, type RpcType } from '@sallyport/contracts';
import { SallyportError, type TraceHeaders, tracer } from '@sallyport/runtime';
import type { Broker, Message } from '../broker.ts';
import { BusArgumentError } from '../errors.ts';
import type {
  BusOptions,
  RequestContext,
  RespondOptions,
  RpcHandler,
  Subscription,
} from '../ports.ts';
import {
  checkSize,
  DEFAULT_TIMEOUT_MS,
  decodeJson,
  encodeJson,
  encodePassing,
  HEADER,
} from '../wire.ts';
import type { Deadlines } from './deadlines.ts';

const spans = tracer('@sallyport/bus');
const BUSY: Message = { headers: { [HEADER.status]: 'busy' }, body: encodeJson(null) };

interface Waiting {
  readonly request: Message;
  readonly reply: (message: Message) => void;
  /** When the caller stops waiting, on the monotonic clock. */
  readonly deadline: number;
}

/** The answering half of `Rpc`. */
export async function respond<R extends RpcType>(
  broker: Broker,
  deadlines: Deadlines,
  bus: BusOptions,
  rpc: R,
  options: RespondOptions,
  handler: RpcHandler<DataOf<R>, ReplyOf<R>>,
): Promise<Subscription> {
  const responder = new Responder(broker, deadlines, bus, rpc, options, handler);
  await responder.start();
  return responder;
}

class Responder<R extends RpcType> implements Subscription {
  readonly #broker: Broker;
  readonly #deadlines: Deadlines;
  readonly #bus: BusOptions;
  readonly #rpc: R;
  readonly #handler: RpcHandler<DataOf<R>, ReplyOf<R>>;
  readonly #concurrency: number;
  readonly #room: number;
  readonly #queue: Waiting[] = [];
  readonly #cut = new AbortController();
  #listening: AsyncDisposable | undefined;
  #running = 0;
  #quiet: (() => void) | undefined;
  #drained: Promise<void> | undefined;

  constructor(
    broker: Broker,
    deadlines: Deadlines,
    bus: BusOptions,
    rpc: R,
    { concurrency = 64, waiting = 4 * concurrency }: RespondOptions,
    handler: RpcHandler<DataOf<R>, ReplyOf<R>>,
  ) {
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new BusArgumentError(`concurrency ${concurrency} must be a whole number from 1`);
    }
    this.#broker = broker;
    this.#deadlines = deadlines;
    this.#bus = bus;
    this.#rpc = rpc;
    this.#handler = handler;
    this.#concurrency = concurrency;
    this.#room = waiting;
  }

  async start(): Promise<void> {
    // In one process the caller's context would otherwise reach the handler, past the wire.
    const here = AsyncLocalStorage.snapshot();
    this.#listening = await this.#broker.respond(this.#rpc.subject, (request, reply) => {
      if (this.#running >= this.#concurrency && this.#queue.length >= this.#room) {
        reply(BUSY);
        return;
      }
      const waits = Number(request.headers[HEADER.timeout] ?? DEFAULT_TIMEOUT_MS);
      const deadline = this.#bus.clock.monotonic() + waits;
      this.#queue.push({ request, reply, deadline });
      here(() => this.#next());
    });
  }

  drain(signal?: AbortSignal): Promise<void> {
    this.#drained ??= this.#end(signal);
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #end(signal: AbortSignal | undefined): Promise<void> {
    await this.#listening?.[Symbol.asyncDispose]();
    if (this.#running === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#quiet = resolve;
    const cut = () => {
      this.#queue.length = 0;
      this.#cut.abort(signal?.reason);
      resolve();
    };
    if (signal?.aborted) cut();
    signal?.addEventListener('abort', cut, { once: true });
    await promise;
    signal?.removeEventListener('abort', cut);
  }

  #next(): void {
    while (this.#running < this.#concurrency) {
      const waiting = this.#queue.shift();
      if (waiting === undefined) return;
      // Its caller has given up: to do the work now helps nobody and delays those behind.
      if (this.#bus.clock.monotonic() >= waiting.deadline) continue;
      this.#running += 1;
      void this.#run(waiting);
    }
  }

  async #run({ request, reply, deadline }: Waiting): Promise<void> {
    const scope = new Scope(
      this.#deadlines,
      deadline - this.#bus.clock.monotonic(),
      this.#cut.signal,
    );
    try {
      const answer = await this.#answer(request, scope);
      // The caller's own deadline is at hand: whether an answer still reached it would be chance.
      if (this.#bus.clock.monotonic() < deadline) reply(answer);
    } catch (error) {
      this.#fault('send', error as Error);
    }
    scope.end();
    this.#running -= 1;
    this.#next();
    if (this.#running === 0) this.#quiet?.();
  }

  async #answer({ headers, body }: Message, scope: Scope): Promise<Message> {
    const { subject } = this.#rpc;
    let request: DataOf<R>;
    try {
      request = this.#rpc.parse(decodeJson(body)) as DataOf<R>;
    } catch (error) {
      this.#fault('poison', error as Error);
      return failure('contract', 'SP_ERR_CONTRACT', (error as Error).message);
    }
    const parent = headers as TraceHeaders;
    try {
      const value = await spans.span(`respond ${subject}`, { kind: 'server', parent }, async () =>
        this.#handler(request, scope.context(headers[HEADER.key])),
      );
      const message = { headers: OK, body: encodePassing(this.#rpc.parseReply(value)) };
      checkSize(this.#broker, subject, message);
      return message;
    } catch (error) {
      if (error instanceof SallyportError) return failure('failed', error.code, error.message);
      this.#fault(error instanceof ContractError ? 'poison' : 'handler', error as Error);
      // The text may hold anything; only errors made for others to read leave the process.
      return failure('failed', 'SP_ERR_INTERNAL', 'internal error');
    }
  }

  #fault(kind: 'poison' | 'handler' | 'send', error: Error): void {
    this.#bus.onFault?.({ kind, subject: this.#rpc.subject, error });
  }
}

/** An answer that says nothing of its status is one: a header costs both sides about a microsecond. */
const OK = {};

function failure(status: 'failed' | 'contract', code: string, message: string): Message {
  return { headers: { [HEADER.status]: status }, body: encodeJson({ code, message }) };
}

/** The signal of one request; made only for handlers that look at it. */
class Scope {
  readonly #deadlines: Deadlines;
  readonly #ms: number;
  readonly #parent: AbortSignal;
  #clear: (() => void) | undefined;
  #signal: AbortSignal | undefined;

  constructor(deadlines: Deadlines, ms: number, parent: AbortSignal) {
    this.#deadlines = deadlines;
    this.#ms = ms;
    this.#parent = parent;
  }

  context(idempotencyKey: string | undefined): RequestContext {
    const scope = this;
    return {
      idempotencyKey,
      get signal() {
        return scope.#open();
      },
    };
  }

  end(): void {
    this.#clear?.();
  }

  #open(): AbortSignal {
    if (this.#signal === undefined) {
      const late = new AbortController();
      this.#clear = this.#deadlines.after(this.#ms, () =>
        late.abort(new DOMException('the caller has stopped waiting', 'TimeoutError')),
      );
      this.#signal = AbortSignal.any([late.signal, this.#parent]);
    }
    return this.#signal;
  }
}
