import {
  CONTENT_TYPE,
  type DataOf,
  type DropReason,
  type EventType,
  encodeBatch,
  type Origin,
} from '@sallyport/contracts';
import { injectTrace, tracer } from '@sallyport/runtime';
import type { Broker } from '../broker.ts';
import { BusClosedError, BusUnavailableError, PayloadTooLargeError } from '../errors.ts';
import type { BusOptions, Events, PublishOptions, RecordOptions } from '../ports.ts';
import { checkId, checkSize, HEADER, HEADROOM } from '../wire.ts';
import { type Batch, Lane } from './lane.ts';

const HEADERS = { [HEADER.type]: CONTENT_TYPE };
/** Larger batches save nothing and make one lost confirmation dear. */
const MAX_BATCH_BYTES = 256 * 1024;
/** Ticks without anything published before the timer stops. */
const MAX_IDLE_TICKS = 20;
const RETRY_MS = [20, 50, 100, 250, 500, 1000];

const spans = tracer('@sallyport/bus');

/** The publishing half of `Events`. */
export class Publisher implements Pick<Events, 'publish' | 'record' | 'flush' | 'pressure'> {
  readonly #broker: Broker;
  readonly #options: BusOptions;
  readonly #origin: Origin;
  readonly #lanes = new Map<string, Lane>();
  readonly #closing = new AbortController();
  readonly #maxEvents: number;
  readonly #maxBytes: number;
  #events = 0;
  #bytes = 0;
  #dropped = 0;
  #ticker: Disposable | undefined;
  #idleTicks = 0;
  #leftAt = Number.NEGATIVE_INFINITY;
  #leaving = false;
  #closed = false;
  readonly #flushes = new Set<{ goals: [Lane, number][]; done: () => void }>();

  constructor(broker: Broker, origin: Origin, options: BusOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#origin = origin;
    this.#maxEvents = options.buffer?.events ?? 10_000;
    this.#maxBytes = options.buffer?.bytes ?? 8 * 1024 * 1024;
  }

  publish<E extends EventType>(event: E, data: DataOf<E>, options: PublishOptions = {}): void {
    if (this.#closed) throw new BusClosedError(`publish of ${event.subject} after the bus closed`);
    const lane = this.#lane(event);
    const { clock, ids } = this.#options;
    const text = lane.write(ids.next(), clock.now(), data, options.about);
    const bytes = Buffer.byteLength(text);
    const seq = lane.take();
    if (bytes + 2 > this.#broker.maxPayload - HEADROOM) {
      const error = new PayloadTooLargeError(
        `event of ${bytes} bytes for ${lane.subject} must be at most ${this.#broker.maxPayload - HEADROOM - 2}`,
      );
      this.#drop(lane, seq, 'oversize', error);
    } else if (this.#events >= this.#maxEvents || this.#bytes + bytes > this.#maxBytes) {
      const full = `buffer of ${this.#events} events, ${this.#bytes} bytes is full`;
      this.#drop(lane, seq, 'pressure', new BusUnavailableError(`${full}: events are dropped`));
    } else {
      lane.push(seq, text, bytes);
      this.#events += 1;
      this.#bytes += bytes;
    }
    this.#arm();
  }

  async record<E extends EventType>(event: E, data: DataOf<E>, options: RecordOptions = {}) {
    options.signal?.throwIfAborted();
    if (this.#closed) throw new BusClosedError(`record of ${event.subject} after the bus closed`);
    const id = checkId('id', options.id ?? this.#options.ids.next());
    return spans.span(`publish ${event.subject}`, { kind: 'producer' }, async () => {
      const lane = this.#lane(event);
      const text = lane.write(id, this.#options.clock.now(), data, options.about);
      const message = { headers: { ...HEADERS, ...injectTrace() }, body: encodeBatch([text]) };
      checkSize(this.#broker, lane.subject, message, HEADROOM);
      if (!this.#broker.connected) {
        throw new BusUnavailableError(`record of ${lane.subject} refused: the broker is away`);
      }
      const seq = lane.take();
      // Facts of this type that were published before go before, as long as nothing has to be sent again.
      if (!lane.busy && !lane.empty) void this.#sendBatch(lane);
      try {
        const { duplicate } = await this.#broker.append(lane.subject, message, {
          dedupe: id,
          signal: options.signal,
        });
        // The first copy stands in the stream under its own seq; this one never will.
        if (duplicate) this.#announce(lane, seq, 'duplicate');
        return { id, duplicate };
      } catch (error) {
        this.#announce(lane, seq, 'unconfirmed');
        throw error;
      }
    });
  }

  async flush(signal?: AbortSignal): Promise<void> {
    signal?.throwIfAborted();
    const goals = [...this.#lanes.values()].map((lane): [Lane, number] => [lane, lane.queued]);
    const { promise, reject, resolve } = Promise.withResolvers<void>();
    const flush = { goals, done: resolve };
    const abort = () => reject(signal?.reason);
    signal?.addEventListener('abort', abort, { once: true });
    this.#flushes.add(flush);
    this.#leave();
    this.#settle();
    try {
      await promise;
    } finally {
      this.#flushes.delete(flush);
      signal?.removeEventListener('abort', abort);
    }
  }

  pressure() {
    return { buffered: this.#events, dropped: this.#dropped };
  }

  /** Takes nothing new and flushes until the signal aborts; then what is left is dropped and reported. */
  async close(signal: AbortSignal): Promise<void> {
    this.#closed = true;
    try {
      await this.flush(signal);
    } catch (error) {
      this.#closing.abort();
      let lost = 0;
      for (const lane of this.#lanes.values()) lost += lane.abandon();
      this.#dropped += lost;
      const fault = new BusUnavailableError(
        `${Math.max(lost, this.#events)} events could not leave before the bus closed`,
        { cause: error },
      );
      this.#options.onFault?.({ kind: 'dropped', subject: 'evt.>', error: fault });
    }
    this.#closing.abort();
    this.#ticker?.[Symbol.dispose]();
  }

  #lane(event: EventType): Lane {
    let lane = this.#lanes.get(event.subject);
    if (lane === undefined) {
      lane = new Lane(event, this.#origin);
      this.#lanes.set(event.subject, lane);
    }
    return lane;
  }

  #drop(lane: Lane, seq: number, reason: DropReason, error: Error): void {
    this.#dropped += 1;
    if (lane.drop(seq, reason)) {
      this.#options.onFault?.({ kind: 'dropped', subject: lane.subject, error });
    }
  }

  #announce(lane: Lane, seq: number, reason: DropReason): void {
    lane.drop(seq, reason);
    this.#arm();
  }

  /**
   * Lets what is there leave in a moment, together with what comes till then: with the end of this turn of the loop when
   * nothing has left lately, else with the next tick. So a burst costs no timer and a stream of turns no batch each.
   */
  #arm(): void {
    this.#idleTicks = 0;
    if (this.#leaving) return;
    const { clock, lingerMs = 1 } = this.#options;
    if (clock.monotonic() - this.#leftAt >= lingerMs / 2) {
      this.#leaving = true;
      setImmediate(() => {
        this.#leaving = false;
        this.#leave();
      });
    } else {
      this.#ticker ??= clock.every(lingerMs, () => this.#tick());
    }
  }

  /** One timer goes on under load: to arm one for each batch would cost as much as the batch. */
  #tick(): void {
    this.#idleTicks += 1;
    if (this.#idleTicks > MAX_IDLE_TICKS) {
      this.#ticker?.[Symbol.dispose]();
      this.#ticker = undefined;
    }
    this.#leave();
  }

  #leave(): void {
    this.#leftAt = this.#options.clock.monotonic();
    for (const lane of this.#lanes.values()) {
      if (!lane.busy && !lane.empty) void this.#sendBatch(lane);
    }
  }

  async #sendBatch(lane: Lane): Promise<void> {
    lane.busy = true;
    const { clock, ids } = this.#options;
    const limit = Math.min(this.#broker.maxPayload - HEADROOM, MAX_BATCH_BYTES);
    const batch = lane.batch(limit, clock.now(), () => ids.next());
    const stored = await this.#store(lane.subject, batch);
    this.#events -= batch.events;
    this.#bytes -= batch.bytes;
    if (!stored) this.#dropped += batch.events;
    lane.settled = Math.max(lane.settled, batch.last);
    lane.busy = false;
    if (this.#flushes.size > 0) {
      this.#settle();
      this.#leave();
    } else if (!lane.empty) this.#arm();
  }

  /** Appends until the stream has it; false when the bus closes first. Never rejects. */
  async #store(subject: string, { texts }: Batch): Promise<boolean> {
    const { clock, ids, onFault } = this.#options;
    const message = { headers: HEADERS, body: encodeBatch(texts) };
    const dedupe = ids.next();
    for (let attempt = 0; ; attempt += 1) {
      try {
        await this.#broker.append(subject, message, { dedupe, signal: this.#closing.signal });
        return true;
      } catch (error) {
        if (this.#closing.signal.aborted) return false;
        if (attempt === 0) onFault?.({ kind: 'send', subject, error: error as Error });
      }
      const pause = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] as number;
      try {
        await clock.sleep(pause, this.#closing.signal);
      } catch {
        return false; // the bus closes
      }
    }
  }

  /** Tells the flushes whose events have all left. */
  #settle(): void {
    for (const { goals, done } of this.#flushes) {
      if (goals.every(([lane, goal]) => lane.settled >= goal)) done();
    }
  }
}
