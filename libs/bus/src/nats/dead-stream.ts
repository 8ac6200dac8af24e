import type { MsgRequest } from '@nats-io/jetstream';
import type { Broker, StoredMessage } from '../broker.ts';
import { fromNats } from './headers.ts';
import type { Management } from './management.ts';
import type { Subjects } from './subjects.ts';

/** Reading and removing in the stream of dead letters: one message a round trip, by position. */
export function deadStream(
  management: Management,
  subjects: Subjects,
): Pick<Broker, 'browse' | 'remove'> {
  const stream = subjects.stream('dead');
  return {
    async browse({ after, limit, subject }, signal) {
      const next_by_subj = subject === undefined ? subjects.taken('dead') : subjects.full(subject);
      const found: StoredMessage[] = [];
      let seq = Math.max(1, after + 1);
      while (found.length < limit) {
        const query = { seq, next_by_subj } as MsgRequest;
        const stored = await management.call((m) => m.streams.getMessage(stream, query), signal);
        if (stored === undefined || stored === null) break;
        found.push({
          sequence: stored.seq,
          subject: subjects.bare(stored.subject),
          time: stored.time.getTime(),
          headers: fromNats(stored.header),
          body: stored.data,
        });
        seq = stored.seq + 1;
      }
      return found;
    },

    async remove(sequence, signal) {
      const query = { seq: sequence };
      const there = await management.call((m) => m.streams.getMessage(stream, query), signal);
      if (there === undefined || there === null) return false;
      const removed = await management.call(
        (m) => m.streams.deleteMessage(stream, sequence),
        signal,
      );
      return removed === true;
    },
  };
}
