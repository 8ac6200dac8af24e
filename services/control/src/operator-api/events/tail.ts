import { once } from 'node:events';
import type { Writable } from 'node:stream';
import {
  type Bus,
  BusUnavailableError,
  type EventContext,
  type StartFrom,
  type Subscription,
} from '@sallyport/bus';
import type { Envelope } from '@sallyport/contracts';
import type { Clock } from '@sallyport/runtime';
import { cloudEvent } from './cloud-event.ts';
import { counter, type Position, positionText } from './position.ts';
import type { Selection } from './selection.ts';

export interface TailOptions {
  readonly events: Bus['events'];
  readonly clock: Clock;
  readonly selection: Selection;
  readonly from: StartFrom;
  /** What the reader has had already. */
  readonly after: Position | undefined;
  /** Where it is written; ended or destroyed when the tail is over. */
  readonly sink: Writable;
  /** Aborts when the tail shall end in order. */
  readonly signal: AbortSignal;
}

/** Why a tail ended: the reader left, it didn't read, or the tail was told to end. */
export type TailEnd = 'left' | 'stalled' | 'told';

/** So often something is written, so that both ends, and what is between them, see that the other is there. */
const HEARTBEAT_MS = 10_000;
/** A reader that takes nothing for so long is cut off; it can go on where it was. */
const STALL_MS = 30_000;
/** A tail that can't begin within so long is refused. */
const OPEN_MS = 5000;
/** Notices aren't waited for one by one: so much of them may pile up, bytes. */
const MOST_WAITING = 4 * 1024 * 1024;
/** How long a reader should wait before it comes again. */
const RETRY_MS = 1000;

/**
 * Opens a tail as server-sent events: one message for each event, with its position as id and its CloudEvents JSON as
 * data. Notices of dropped events stand among them, without an id. Reading slowly slows only this tail: nothing more is
 * taken from the bus than the reader takes from us. Rejects as `Events.subscribe` does, and when that takes longer than 5 s;
 * `ended` never does.
 */
export async function openTail(
  options: TailOptions,
): Promise<{ readonly ended: Promise<TailEnd> }> {
  const { events, clock, selection, from, after, sink, signal } = options;
  const over = Promise.withResolvers<TailEnd>();
  const gone = over.promise.then(() => {});
  const { next } = counter(after);

  const write = async (text: string): Promise<void> => {
    if (sink.destroyed || sink.writableEnded || sink.write(text)) return;
    if (sink.writableLength > MOST_WAITING) return over.resolve('stalled');
    const drained = new AbortController();
    const stall = clock.sleep(STALL_MS, drained.signal).then(
      () => over.resolve('stalled'),
      () => {},
    );
    const writable = once(sink, 'drain', { signal: drained.signal }).catch(() => {});
    await Promise.race([writable, gone, stall]);
    drained.abort();
  };
  const onEvent = async (event: Envelope, { sequence }: EventContext): Promise<void> => {
    const position = next(sequence);
    if (position === undefined || !selection.takes(event)) return;
    await write(`id: ${positionText(position)}\n${data(event)}`);
  };
  const onDropped = (notice: Envelope) => {
    if (selection.takes(notice)) void write(data(notice));
  };

  sink.once('close', () => over.resolve('left'));
  if (sink.destroyed) over.resolve('left');
  const tell = () => over.resolve('told');
  signal.addEventListener('abort', tell, { once: true });
  if (signal.aborted) tell();

  const how = { from, onDropped };
  const { what } = selection;
  const subscription = await inTime(
    typeof what === 'string'
      ? events.subscribe(what, how, onEvent)
      : events.subscribe(what, how, onEvent),
    { clock, gone },
  ).catch((error: unknown) => {
    signal.removeEventListener('abort', tell);
    over.resolve('left');
    throw error;
  });
  void write(`retry: ${RETRY_MS}\n\n`);
  const heartbeat = clock.every(HEARTBEAT_MS, () => {
    if (sink.writableLength === 0) void write(':\n\n');
  });
  const end = async (): Promise<TailEnd> => {
    const why = await over.promise;
    heartbeat[Symbol.dispose]();
    signal.removeEventListener('abort', tell);
    // Its handler waits for nothing but `over`.
    await subscription.drain();
    if (why === 'told') sink.end('event: end\ndata: {"reason":"draining"}\n\n');
    else sink.destroy();
    return why;
  };
  return { ended: end() };
}

/** JSON has no line breaks of its own, so one line of data is enough. */
function data(event: Envelope): string {
  return `data: ${JSON.stringify(cloudEvent(event))}\n\n`;
}

/** `opening`, unless it takes too long: while the broker is away it would wait for its return. */
async function inTime(
  opening: Promise<Subscription>,
  { clock, gone }: { readonly clock: Clock; readonly gone: Promise<void> },
): Promise<Subscription> {
  const opened = new AbortController();
  const late = clock.sleep(OPEN_MS, opened.signal).catch(() => {});
  const subscription = await Promise.race([opening, late, gone]);
  opened.abort();
  if (subscription !== undefined) return subscription;
  // It ends as soon as it begins. If it doesn't begin, nothing is there to end.
  void opening.then(
    (unwanted) => unwanted.drain(),
    () => {},
  );
  throw new BusUnavailableError(`no events within ${OPEN_MS} ms`);
}
