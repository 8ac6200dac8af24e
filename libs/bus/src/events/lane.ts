import {
  type DropReason,
  dropNoticeWriter,
  type EventType,
  type EventWriter,
  eventWriter,
  type Origin,
} from '@sallyport/contracts';
import { injectTrace } from '@sallyport/runtime';

/** An event in its wire form, or a range of dropped ones that isn't announced yet. */
type Item =
  | { readonly text: string; readonly bytes: number; readonly to: number }
  | { readonly from: number; to: number; readonly reason: DropReason };

/** Room that a notice takes in a batch; generous, for it is written when the batch is. */
const NOTICE_BYTES = 1024;
const MAX_BATCH_EVENTS = 1000;

/** What is published on one subject by this process: it counts `seq` and keeps what hasn't left yet. */
export class Lane {
  readonly subject: string;
  readonly #writer: EventWriter<unknown>;
  readonly #notice: ReturnType<typeof dropNoticeWriter>;
  #queue: Item[] = [];
  #seq = 0;
  /** A batch is on its way. */
  busy = false;
  /** The newest `seq` that was put into the queue, and the newest that left it for good. */
  queued = 0;
  settled = 0;

  constructor(event: EventType, origin: Origin) {
    this.subject = event.subject;
    this.#writer = eventWriter(event, origin);
    this.#notice = dropNoticeWriter(event.eventType, origin);
  }

  get empty(): boolean {
    return this.#queue.length === 0;
  }

  /** The wire form under the next `seq`, which is taken only by {@link take}. */
  write(id: string, time: number, data: unknown, about: string | undefined): string {
    const { traceparent, tracestate } = injectTrace();
    const seq = this.#seq + 1;
    return this.#writer.write({ id, time, seq, data, subject: about, traceparent, tracestate });
  }

  /** Takes the `seq` that {@link write} used. */
  take(): number {
    this.#seq += 1;
    return this.#seq;
  }

  push(seq: number, text: string, bytes: number): void {
    this.#queue.push({ text, bytes, to: seq });
    this.queued = seq;
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

  /** Takes the oldest items as one batch of at most `maxBytes`. `events` and `bytes` leave the buffer's count with it. */
  batch(maxBytes: number, now: number, nextId: () => string): Batch {
    const texts: string[] = [];
    let [events, bytes, size, taken, last] = [0, 0, 2, 0, this.settled];
    for (const item of this.#queue) {
      const itemSize = ('text' in item ? item.bytes : NOTICE_BYTES) + 1;
      if (taken === MAX_BATCH_EVENTS || (taken > 0 && size + itemSize > maxBytes)) break;
      size += itemSize;
      taken += 1;
      last = Math.max(last, item.to);
      if ('text' in item) {
        texts.push(item.text);
        events += 1;
        bytes += item.bytes;
      } else {
        const { from, to, reason } = item;
        texts.push(this.#notice({ id: nextId(), time: now, from, to, reason }));
      }
    }
    this.#queue = taken === this.#queue.length ? [] : this.#queue.slice(taken);
    return { texts, events, bytes, last };
  }

  /** Drops everything that still waits; for the end. */
  abandon(): number {
    const events = this.#queue.filter((item) => 'text' in item).length;
    this.#queue = [];
    this.settled = this.queued;
    return events;
  }
}

export interface Batch {
  readonly texts: readonly string[];
  readonly events: number;
  readonly bytes: number;
  /** The newest `seq` in it. */
  readonly last: number;
}
