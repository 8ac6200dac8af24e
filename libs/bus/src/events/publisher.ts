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
import { Lane } from './lane.ts';

const HEADERS = { [HEADER.type]: CONTENT_TYPE };
/** How long facts are collected unless the settings say otherwise. Decision page 0003 has the figures. */
const LINGER_MS = 20;
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
  readonly #lingerMs: number;
  #events = 0;
  #bytes = 0;
  #dropped = 0;
  #ticker: Disposable | undefined;
  #idleTicks = 0;
  #leftAt = Number.NEGATIVE_INFINITY;
  /** What waits will leave: with the end of this turn, the next tick, or the confirmation that its lane waits for. */
  #armed = false;
  /** The end of this turn will let it leave. */
  #soon = false;
  #closed = false;
  readonly #flushes = new Set<{ goals: [Lane, number][]; done: () => void }>();

  constructor(broker: Broker, origin: Origin, options: BusOptions) {
    this.#broker = broker;
    this.#options = options;
    this.#origin = origin;
    this.#maxEvents = options.buffer?.events ?? 10_000;
    this.#maxBytes = options.buffer?.bytes ?? 8 * 1024 * 1024;
    this.#lingerMs = options.lingerMs ?? LINGER_MS;
  }

  publish<E extends EventType>(event: E, data: DataOf<E>, options: PublishOptions = {}): void {
    if (this.#closed) throw new BusClosedError(`publish of ${event.subject} after the bus closed`);
    const lane = this.#lane(event);
    const text = lane.write(undefined, this.#options.clock.now(), data, options.about);
    const seq = lane.take();
    if (!this.#fits(text)) {
      const error = new PayloadTooLargeError(
        `event of ${Buffer.byteLength(text)} bytes for ${lane.subject} must be at most ${this.#maxEventBytes()}`,
      );
      this.#drop(lane, seq, 'oversize', error);
    } else if (!this.#hasRoom(text)) {
      const full = `buffer of ${this.#events} events, ${this.#bytes} bytes is full`;
      this.#drop(lane, seq, 'pressure', new BusUnavailableError(`${full}: events are dropped`));
    } else {
      this.#bytes += lane.push(seq, text);
      this.#events += 1;
    }
    if (!this.#armed) this.#arm();
    else if (lane.full && !lane.busy && !this.#soon) this.#leaveSoon();
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

  #maxEventBytes(): number {
    return this.#broker.maxPayload - HEADROOM - 2;
  }

  /** Whether one message can hold it. */
  #fits(text: string): boolean {
    const limit = this.#maxEventBytes();
    return text.length * 3 <= limit || Buffer.byteLength(text) <= limit;
  }

  /** Whether the buffer can. Only when it gets tight, by the count that is never too low, is anything measured. */
  #hasRoom(text: string): boolean {
    if (this.#events >= this.#maxEvents) return false;
    if (this.#bytes + text.length * 3 <= this.#maxBytes) return true;
    for (const lane of this.#lanes.values()) this.#bytes -= lane.measure();
    return this.#bytes + Buffer.byteLength(text) <= this.#maxBytes;
  }

  #lane(event: EventType): Lane {
    let lane = this.#lanes.get(event.subject);
    if (lane === undefined) {
      lane = new Lane(event, this.#origin, this.#options.ids.next());
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
    if (!this.#armed) this.#arm();
  }

  /**
   * Sees to it that what is there leaves, together with what comes till then: with the end of this turn of the loop when
   * nothing has left for `lingerMs`, else with the next tick. So a fact that comes alone doesn't wait, and however many
   * come, there are about as many batches as ticks.
   */
  #arm(): void {
    this.#armed = true;
    const { clock } = this.#options;
    if (clock.monotonic() - this.#leftAt >= this.#lingerMs) this.#leaveSoon();
    else this.#ticker ??= clock.every(this.#lingerMs, () => this.#tick());
  }

  #leaveSoon(): void {
    if (this.#soon) return;
    this.#soon = true;
    setImmediate(() => {
      this.#soon = false;
      this.#leave();
    });
  }

  /** One timer goes on under load: to arm one for each batch would cost as much as the batch. */
  #tick(): void {
    if (this.#armed) {
      this.#idleTicks = 0;
      this.#leave();
      return;
    }
    this.#idleTicks += 1;
    if (this.#idleTicks < MAX_IDLE_TICKS) return;
    this.#ticker?.[Symbol.dispose]();
    this.#ticker = undefined;
  }

  #leave(): void {
    this.#armed = false;
    for (const lane of this.#lanes.values()) {
      if (lane.busy || lane.empty) continue;
      this.#leftAt = this.#options.clock.monotonic();
      void this.#sendBatch(lane);
    }
  }

  async #sendBatch(lane: Lane): Promise<void> {
    lane.busy = true;
    const { clock, ids } = this.#options;
    const batch = lane.batch(this.#broker.maxPayload - HEADROOM, clock.now(), () => ids.next());
    const size = batch.body.length;
    this.#bytes += size - batch.counted;
    const stored = await this.#store(lane.subject, batch.body);
    this.#events -= batch.events;
    this.#bytes -= size;
    if (!stored) this.#dropped += batch.events;
    lane.settled = Math.max(lane.settled, batch.last);
    lane.busy = false;
    if (this.#flushes.size > 0) {
      this.#settle();
      this.#leave();
    } else if (lane.full) this.#leaveSoon();
    else if (!lane.empty && !this.#armed) this.#arm();
  }

  /** Appends until the stream has it; false when the bus closes first. Never rejects. */
  async #store(subject: string, body: Uint8Array): Promise<boolean> {
    const { clock, ids, onFault } = this.#options;
    const message = { headers: HEADERS, body };
    const dedupe = ids.next();
    for (let attempt = 0; ; attempt += 1) {
      try {
        // Without the signal: to listen to it costs more than the rest, and what is cut off ends with the broker.
        await this.#broker.append(subject, message, { dedupe });
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
