import { type Gap, GapTracker } from '@sallyport/bus';
import { type Envelope, isDropNotice } from '@sallyport/contracts';
import { type Clock, EXIT } from '@sallyport/runtime';
import type { OperatorCall } from '../client/operator-command.ts';
import { plainJson, plainText } from '../client/text.ts';

/** `--once`: so long after the last of the events there were, others may still be under way. Milliseconds. */
const QUIET_MS = 2000;
const CHECK_MS = 500;

interface Tally {
  events: number;
  duplicates: number;
  droppedOnPurpose: number;
  lost: number;
}

/**
 * Counts the events, and tells each gap as a line. Ends with the signal, with `--once` when all events there were have
 * been read, else at the first loss. Exit code 1 when something was lost.
 */
export async function verifyEvents(
  { terminal, json, signal, flag }: OperatorCall,
  events: AsyncIterable<{ readonly event: Envelope }>,
  clock: Clock,
): Promise<number> {
  const once = flag('once');
  const tally: Tally = { events: 0, duplicates: 0, droppedOnPurpose: 0, lost: 0 };
  const lanes = new Set<string>();
  const stop = Promise.withResolvers<'stop'>();
  const onGap = (gap: Gap) => {
    const count = gap.to - gap.from + 1;
    if (gap.reason === undefined) tally.lost += count;
    else tally.droppedOnPurpose += count;
    terminal.stdout.write(json ? `${plainJson({ gap })}\n` : gapLine(gap));
    if (gap.reason === undefined && !once) stop.resolve('stop');
  };
  const tracker = new GapTracker({ now: () => clock.monotonic(), onGap });
  const begun = clock.now();
  // When the events that there were have been read, or as far as anybody knows.
  let present = false;
  let heard = clock.monotonic();
  using _timer = clock.every(CHECK_MS, () => {
    tracker.check();
    if (once && clock.monotonic() - heard >= QUIET_MS) stop.resolve('stop');
  });
  const onAbort = () => stop.resolve('stop');
  signal.addEventListener('abort', onAbort, { once: true });

  const reading = events[Symbol.asyncIterator]();
  for (;;) {
    const step = await Promise.race([reading.next(), stop.promise]);
    if (step === 'stop' || step.done === true) break;
    const { event } = step.value;
    if (Date.parse(event.time) >= begun) present = true;
    // What comes after the present keeps nobody waiting: only the grace for those under way counts.
    if (!present) heard = clock.monotonic();
    count(event);
  }
  signal.removeEventListener('abort', onAbort);
  tracker.check(once ? 0 : undefined);
  const lost = tally.lost > 0;
  terminal.stdout.write(json ? `${plainJson({ ...tally, lanes: lanes.size })}\n` : summary());
  return lost ? EXIT.failed : EXIT.ok;

  function count(event: Envelope): void {
    const dropped = isDropNotice(event);
    const lane = laneOf(dropped ? event.data.of : event.type);
    lanes.add(plainJson([event.instance, event.epoch, lane]));
    if (dropped) tracker.dropped(lane, event);
    else {
      tally.events += 1;
      if (!tracker.event(lane, event)) tally.duplicates += 1;
    }
  }

  function summary(): string {
    const { events: seen, duplicates, droppedOnPurpose, lost: missing } = tally;
    return `${seen} events in ${lanes.size} lanes: ${missing} lost, ${droppedOnPurpose} dropped on purpose, ${duplicates} duplicates\n`;
  }
}

/** `sallyport.tls.handshake-completed.v1` → the subject that `seq` counts on, without prefix. */
function laneOf(type: string): string {
  return `evt.${type.replace(/^sallyport\./, '')}`;
}

function gapLine({ instance, epoch, lane, from, to, reason }: Gap): string {
  const what = reason === undefined ? 'LOST' : `dropped on purpose (${reason})`;
  return plainText(`${what}: ${lane} of ${instance}, epoch ${epoch}, seq ${from} to ${to}`).concat(
    '\n',
  );
}
