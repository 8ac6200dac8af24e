import {
  type DropReason,
  dropNoticeWriter,
  type EventType,
  type EventWriter,
  eventWriter,
  type Origin,
} from '@sallyport/contracts';
import { injectTrace } from '@sallyport/runtime';
import { encodeText } from '../wire.ts';

/**
 * An event in its wire form, or a range of dropped ones that isn't announced yet. `bytes` is what the text has at most,
 * until somebody measures it: to measure all of them would cost a sixth of what an event may.
 */
type Item =
  | { readonly text: string; bytes: number; readonly to: number }
  | { readonly from: number; to: number; readonly reason: DropReason };

/** Room that a notice takes in a batch; generous, for it is written when the batch is. */
const NOTICE_BYTES = 1024;
/** What waits in one lane leaves at once when it is as much as this, and never more of it together. */
const FULL = { events: 1000, bytes: 256 * 1024 };
/** Bytes of a UTF-16 code unit in UTF-8, at most. */
const WIDEST = 3;

/** What is published on one subject by this process: it counts `seq` and keeps what hasn't left yet. */
export class Lane {
  readonly subject: string;
  readonly #ids: string;
  readonly #writer: EventWriter<unknown>;
  readonly #notice: ReturnType<typeof dropNoticeWriter>;
  #queue: Item[] = [];
  /** How many of the queue, from its head, have been measured. */
  #measured = 0;
  /** Characters that wait. */
  #length = 0;
  #seq = 0;
  /** A batch is on its way. */
  busy = false;
  /** The newest `seq` that was put into the queue, and the newest that left it for good. */
  queued = 0;
  settled = 0;

  /** `id` is the lane's own: with the `seq` behind it, it is the id of what brings none along. */
  constructor(event: EventType, origin: Origin, id: string) {
    this.subject = event.subject;
    this.#ids = `${id}-`;
    this.#writer = eventWriter(event, origin);
    this.#notice = dropNoticeWriter(event.eventType, origin);
  }

  get empty(): boolean {
    return this.#queue.length === 0;
  }

  /** Whether there is so much that to wait for more saves nothing. */
  get full(): boolean {
    return this.#queue.length >= FULL.events || this.#length >= FULL.bytes;
  }

  /**
   * The wire form under the next `seq`, which is taken only by {@link take}. Without `given` the id is the lane's with the
   * `seq`: a random one costs as much as the data, by its look-ups in a table that has left the cache between two bursts.
   */
  write(given: string | undefined, time: number, data: unknown, about: string | undefined): string {
    const { traceparent, tracestate } = injectTrace();
    const seq = this.#seq + 1;
    const id = given ?? this.#ids + seq;
    return this.#writer.write({ id, time, seq, data, subject: about, traceparent, tracestate });
  }

  /** Takes the `seq` that {@link write} used. */
  take(): number {
    this.#seq += 1;
    return this.#seq;
  }

  /** Puts an event that {@link write} wrote behind the others; gives back its bytes as they are counted now. */
  push(seq: number, text: string): number {
    const bytes = text.length * WIDEST;
    this.#queue.push({ text, bytes, to: seq });
    this.#length += text.length;
    this.queued = seq;
    return bytes;
  }

  /** Measures what hasn't been, and says by how much the count of bytes becomes smaller. */
  measure(): number {
    let saved = 0;
    for (; this.#measured < this.#queue.length; this.#measured += 1) {
      const item = this.#queue[this.#measured] as Item;
      if (!('text' in item)) continue;
      saved += item.bytes;
      item.bytes = Buffer.byteLength(item.text);
      saved -= item.bytes;
    }
    return saved;
  }

  /** Remembers that `seq` won't come; a run of drops becomes one notice. Says whether a run began. */
  drop(seq: number, reason: DropReason): boolean {
    this.queued = Math.max(this.queued, seq);
    const last = this.#queue.at(-1);
    if (last !== undefined && 'reason' in last && last.reason === reason && last.to === seq - 1) {
      last.to = seq;
      return false;
    }
    this.#queue.push({ from: seq, to: seq, reason });
    return true;
  }

  /** Takes the oldest items as one batch of at most `maxBytes`. `events` and `counted` bytes leave the buffer's count with it. */
  batch(maxBytes: number, now: number, nextId: () => string): Batch {
    const limit = Math.min(maxBytes, FULL.bytes);
    // Nearly every character is one byte. Where the guess is wrong, the batch is made again, of measured texts.
    let taken = this.#fitting(limit, ({ text }) => text.length);
    let body = this.#encode(taken, now, nextId);
    let saved = 0;
    if (body.length > limit) {
      saved = this.measure();
      taken = this.#fitting(limit, ({ bytes }) => bytes);
      body = this.#encode(taken, now, nextId);
    }
    let [events, counted, last] = [0, saved, this.settled];
    for (let i = 0; i < taken; i += 1) {
      const item = this.#queue[i] as Item;
      last = Math.max(last, item.to);
      if (!('text' in item)) continue;
      events += 1;
      counted += item.bytes;
      this.#length -= item.text.length;
    }
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken);
    this.#measured = Math.max(0, this.#measured - taken);
    return { body, events, counted, last };
  }

  /** How many of the oldest items one message takes, at least one. */
  #fitting(limit: number, sizeOf: (event: Extract<Item, { text: string }>) => number): number {
    let size = 2;
    let taken = 0;
    for (const item of this.#queue) {
      size += 1 + ('text' in item ? sizeOf(item) : NOTICE_BYTES);
      if (taken === FULL.events || (taken > 0 && size > limit)) break;
      taken += 1;
    }
    return taken;
  }

  /** The oldest items as a JSON array. Joined in one go: every string in between would be a copy of all of it. */
  #encode(taken: number, now: number, nextId: () => string): Uint8Array {
    const texts: string[] = [];
    for (let i = 0; i < taken; i += 1) {
      const item = this.#queue[i] as Item;
      if ('text' in item) texts.push(item.text);
      else {
        const { from, to, reason } = item;
        texts.push(this.#notice({ id: nextId(), time: now, from, to, reason }));
      }
    }
    texts[0] = `[${texts[0]}`;
    texts[taken - 1] += ']';
    return encodeText(texts.join(','));
  }

  /** Drops everything that still waits; for the end. */
  abandon(): number {
    const events = this.#queue.filter((item) => 'text' in item).length;
    this.#queue = [];
    this.#measured = 0;
    this.#length = 0;
    this.settled = this.queued;
    return events;
  }
}

export interface Batch {
  /** What leaves: at least one event or notice. */
  readonly body: Uint8Array;
  readonly events: number;
  /** What its events stood for in the count of bytes. */
  readonly counted: number;
  /** The newest `seq` in it. */
  readonly last: number;
}
