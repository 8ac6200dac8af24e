import { AsyncLocalStorage } from 'node:async_hooks';
import type { Broker, ConsumeOptions, Delivery, StoredMessage } from './broker.ts';
import { bury } from './dead-letters.ts';
import { BusArgumentError } from './errors.ts';
import type { BusOptions, DeliveryContext, DeliveryLimits, Subscription } from './ports.ts';

/** What became of one delivery. A rejection of the work means another try. */
export type Verdict = undefined | { readonly dead: string } | { readonly retryMs: number };

const DEFAULTS: DeliveryLimits = {
  ackWaitMs: 30_000,
  maxDeliver: 5,
  backoffMs: [100, 1_000, 5_000, 30_000],
};

interface Consume extends Pick<ConsumeOptions, 'stream' | 'filter' | 'durable' | 'from'> {
  readonly limits: Partial<DeliveryLimits>;
  readonly concurrency: number;
  readonly maxInFlight: number;
  /** The consumer's name in dead letters. */
  readonly name: string;
}

/** The message to work on, and what the handler is told about the delivery. */
export type Work = (message: StoredMessage, context: DeliveryContext) => Promise<Verdict>;

/**
 * Consumes for `work`: a few at a time, extended while they run, again after a pause when they fail, buried when they
 * fail too often. Everything that deliveries of events and jobs have in common.
 */
export async function consume(
  broker: Broker,
  options: Pick<BusOptions, 'clock' | 'onFault'>,
  what: Consume,
  work: Work,
): Promise<Subscription> {
  const limits = compile(what.limits);
  const runner = new Runner(broker, options, what, limits, work);
  await runner.start();
  return runner;
}

class Runner implements Subscription {
  readonly #broker: Broker;
  readonly #options: Pick<BusOptions, 'clock' | 'onFault'>;
  readonly #what: Consume;
  readonly #limits: DeliveryLimits;
  readonly #work: Work;
  readonly #stack = new AsyncDisposableStack();
  readonly #cut = new AbortController();
  readonly #open = new Set<Delivery>();
  readonly #waiting: Delivery[] = [];
  #stop: (() => Promise<void>) | undefined;
  #running = 0;
  #stopping = false;
  #drained: Promise<void> | undefined;
  #quiet: (() => void) | undefined;

  constructor(
    broker: Broker,
    options: Pick<BusOptions, 'clock' | 'onFault'>,
    what: Consume,
    limits: DeliveryLimits,
    work: Work,
  ) {
    this.#broker = broker;
    this.#options = options;
    this.#what = what;
    this.#limits = limits;
    this.#work = work;
  }

  async start(): Promise<void> {
    const { stream, filter, durable, from, maxInFlight } = this.#what;
    const { ackWaitMs } = this.#limits;
    this.#stack.use(this.#options.clock.every(Math.max(1, ackWaitMs / 3), () => this.#extend()));
    const options = { stream, filter, durable, from, maxInFlight, ackWaitMs };
    // Handlers run in the context of the subscription, not of whoever's message happened to wake it.
    const here = AsyncLocalStorage.snapshot();
    try {
      const consumption = await this.#broker.consume(options, (delivery) => {
        this.#open.add(delivery);
        this.#waiting.push(delivery);
        here(() => this.#next());
      });
      this.#stack.use(consumption);
      this.#stop = () => consumption.stop();
    } catch (error) {
      await this.#stack.disposeAsync();
      throw error;
    }
  }

  drain(signal?: AbortSignal): Promise<void> {
    this.#drained ??= this.#end(signal);
    return this.#drained;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.drain();
  }

  async #end(signal: AbortSignal | undefined): Promise<void> {
    this.#stopping = true;
    await this.#stop?.();
    await Promise.all(this.#waiting.splice(0).map((delivery) => this.#giveBack(delivery)));
    const cut = () => {
      this.#cut.abort(signal?.reason);
      this.#quiet?.();
    };
    if (this.#running > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#quiet = resolve;
      if (signal?.aborted) cut();
      signal?.addEventListener('abort', cut, { once: true });
      await promise;
      signal?.removeEventListener('abort', cut);
    }
    // After a cut: handlers that still run lose their messages to another try.
    await Promise.all([...this.#open].map((delivery) => this.#giveBack(delivery)));
    await this.#stack.disposeAsync();
  }

  #giveBack(delivery: Delivery): Promise<void> {
    this.#open.delete(delivery);
    return delivery.retry(0);
  }

  #next(): void {
    while (!this.#stopping && this.#running < this.#what.concurrency) {
      const delivery = this.#waiting.shift();
      if (delivery === undefined) return;
      this.#running += 1;
      void this.#run(delivery);
    }
  }

  async #run(delivery: Delivery): Promise<void> {
    const verdict = await this.#judge(delivery);
    if (this.#open.delete(delivery)) {
      if (verdict === undefined) await delivery.ack();
      else if ('retryMs' in verdict) await delivery.retry(verdict.retryMs);
      else await this.#bury(delivery, verdict.dead);
    }
    this.#running -= 1;
    if (this.#stopping) {
      if (this.#running === 0) this.#quiet?.();
    } else this.#next();
  }

  /** Runs the work; what to do with the delivery then. Never rejects. */
  async #judge(delivery: Delivery): Promise<Verdict> {
    const { attempt } = delivery;
    const { maxDeliver, backoffMs } = this.#limits;
    const lasting = this.#what.durable !== undefined;
    if (lasting && attempt > maxDeliver) {
      return { dead: `no answer in ${maxDeliver} tries: its handlers crashed or hung` };
    }
    try {
      const context = { signal: this.#cut.signal, attempt, redelivered: attempt > 1 };
      return await this.#work(delivery, context);
    } catch (error) {
      this.#fault('handler', error as Error);
      if (lasting && attempt >= maxDeliver) {
        return { dead: `failed ${attempt} times, last with: ${(error as Error).message}` };
      }
      return { retryMs: backoffMs[Math.min(attempt, backoffMs.length) - 1] as number };
    }
  }

  async #bury(delivery: Delivery, reason: string): Promise<void> {
    if (this.#what.durable === undefined) {
      this.#fault('poison', new BusArgumentError(`${delivery.subject}: ${reason}`));
      return delivery.ack();
    }
    try {
      await bury(this.#broker, delivery, { reason, consumer: this.#what.name });
      this.#fault('dead', new BusArgumentError(`given up: ${reason}`));
      await delivery.ack();
    } catch (error) {
      this.#fault('send', error as Error);
      await delivery.retry(this.#limits.backoffMs.at(-1) as number);
    }
  }

  #extend(): void {
    for (const delivery of this.#open) delivery.extend();
  }

  #fault(kind: 'handler' | 'poison' | 'dead' | 'send', error: Error): void {
    this.#options.onFault?.({ kind, subject: this.#what.filter, error });
  }
}

function compile(limits: Partial<DeliveryLimits>): DeliveryLimits {
  const all = { ...DEFAULTS, ...limits };
  const { ackWaitMs, maxDeliver, backoffMs } = all;
  if (!(ackWaitMs >= 10)) {
    throw new BusArgumentError(`ackWaitMs ${ackWaitMs} must be at least 10 milliseconds`);
  }
  if (!Number.isInteger(maxDeliver) || maxDeliver < 1) {
    throw new BusArgumentError(`maxDeliver ${maxDeliver} must be a whole number from 1`);
  }
  if (backoffMs.length === 0 || !backoffMs.every((ms) => ms >= 0)) {
    throw new BusArgumentError(`backoffMs [${backoffMs}] must have one or more pauses from 0`);
  }
  return all;
}
