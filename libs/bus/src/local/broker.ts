import type { Clock } from '@sallyport/runtime';
import type { Broker, ConsumeOptions, Consumption } from '../broker.ts';
import { BusArgumentError } from '../errors.ts';
import { durablePump, ephemeralPump, message } from './consumers.ts';
import type { Exchange } from './exchange.ts';
import type { Journal } from './journal.ts';
import type { Stream } from './journal-format.ts';

/** A consumer of any client, to be woken when something for it is stored. */
export interface Registered {
  readonly stream: Stream;
  readonly filter: string;
  readonly durable: string | undefined;
  wake(): void;
}

/** What all clients of one hub share. */
export interface HubParts {
  readonly clock: Clock;
  readonly maxPayload: number;
  readonly journal: Journal;
  readonly exchange: Exchange;
  readonly consumers: Set<Registered>;
  readonly listeners: Set<(connected: boolean) => void>;
}

const STREAMS: Record<string, Stream> = { evt: 'events', job: 'jobs', dead: 'dead' };

/** One client of the hub. Its disposal ends what it listens to. */
export function localBroker(hub: HubParts): Broker {
  const { clock, maxPayload, journal, exchange, consumers, listeners } = hub;
  /** What this client listens to; each is forgotten when it ends. */
  const open = new Set<AsyncDisposable>();
  const keep = (end: () => void | Promise<void>): AsyncDisposable => {
    const kept = {
      async [Symbol.asyncDispose]() {
        open.delete(kept);
        await end();
      },
    };
    open.add(kept);
    return kept;
  };

  const wake = (stream: Stream, subject: string) => {
    for (const consumer of consumers) {
      if (consumer.stream === stream && matches(consumer.filter, subject)) consumer.wake();
    }
  };
  return {
    maxPayload,
    get connected() {
      return journal.connected;
    },
    onConnection(listener) {
      const own = (connected: boolean) => listener(connected);
      listeners.add(own);
      const kept = keep(() => void listeners.delete(own));
      return { [Symbol.dispose]: () => void kept[Symbol.asyncDispose]() };
    },

    send: (subject, message) => exchange.send(subject, message),
    async listen(subject, onMessage) {
      const listening = exchange.listen(subject, onMessage);
      return keep(() => listening[Symbol.dispose]());
    },
    request: (subject, message, settle) => exchange.request(subject, message, settle),
    async respond(subject, onRequest) {
      const responding = exchange.respond(subject, onRequest);
      return keep(async () => {
        await responding[Symbol.asyncDispose]();
      });
    },

    async append(subject, { headers, body }, { dedupe, signal }) {
      signal?.throwIfAborted();
      const stream = streamOf(subject);
      const stored = journal.call({
        ...({ op: 'append', stream, subject, dedupe } as const),
        headers: JSON.stringify(headers),
        // A view of a larger buffer would take all of it along to the thread.
        body: body.byteLength === body.buffer.byteLength ? body : body.slice(),
        now: clock.now(),
      });
      const result = await abortable(stored, signal);
      if (!result.duplicate) wake(stream, subject);
      return result;
    },

    async consume(options: ConsumeOptions, onDelivery): Promise<Consumption> {
      const { stream, filter, durable, from } = options;
      const parts = { journal, clock, options, onDelivery };
      let registered: Registered & { stop(): Promise<void> };
      if (durable === undefined) {
        const after = await journal.call({ op: 'position', stream, from });
        registered = { stream, filter, durable, ...ephemeralPump(parts, after) };
      } else {
        await journal.call({ op: 'consumer', durable, stream, filter, from });
        const wakeAll = () => {
          for (const consumer of consumers) if (consumer.durable === durable) consumer.wake();
        };
        registered = { stream, filter, durable, ...durablePump(parts, durable, wakeAll) };
      }
      consumers.add(registered);
      registered.wake();
      const stop = async () => {
        consumers.delete(registered);
        await registered.stop();
      };
      return { stop, ...keep(stop) };
    },

    async browse({ after, limit, subject = 'dead.>' }, signal) {
      signal?.throwIfAborted();
      const read = { op: 'read', stream: 'dead', filter: subject, after, limit } as const;
      return (await abortable(journal.call(read), signal)).map(message);
    },
    async remove(sequence, signal) {
      signal?.throwIfAborted();
      return abortable(journal.call({ op: 'remove', stream: 'dead', sequence }), signal);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...open].map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

function streamOf(subject: string): Stream {
  const stream = STREAMS[subject.slice(0, subject.indexOf('.'))];
  if (stream === undefined) {
    throw new BusArgumentError(
      `subject '${subject}' must begin with evt., job. or dead. to be stored`,
    );
  }
  return stream;
}

function matches(filter: string, subject: string): boolean {
  return filter.endsWith('.>') ? subject.startsWith(filter.slice(0, -1)) : subject === filter;
}

/** The work goes on; only the waiting ends. */
function abortable<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work;
  const { promise, resolve, reject } = Promise.withResolvers<T>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  return promise;
}
