import type { Broker, Delivery, StoredMessage } from './broker.ts';
import type { DeadLetter, DeadLetters } from './ports.ts';
import { HEADER } from './wire.ts';

const MAX_REASON = 1000;
const PREFIX = 'dead.';

/** The subject of jobs that give one durable subscription a message again. */
export function redoSubject(durable: string): string {
  return `job.redo.${durable}.v1`;
}

/**
 * Stores a message among the dead letters. `part` tells apart several letters made of one message. Buried twice, after
 * a crash between this and the acknowledgement, it is stored once.
 */
export async function bury(
  broker: Broker,
  delivery: Delivery | (StoredMessage & { readonly attempt: number }),
  why: { readonly reason: string; readonly consumer: string; readonly part?: string },
): Promise<void> {
  const { subject, sequence, headers, body, attempt } = delivery;
  await broker.append(
    `${PREFIX}${subject}`,
    {
      headers: {
        ...headers,
        [HEADER.deadReason]: headerText(why.reason),
        [HEADER.deadConsumer]: why.consumer,
        [HEADER.deadAttempts]: String(attempt),
        [HEADER.deadSequence]: String(sequence),
      },
      body,
    },
    { dedupe: `dead/${why.consumer}/${subject}/${sequence}${why.part ?? ''}` },
  );
}

/** Header values are one line of ASCII; reasons quote what people and peers wrote. */
function headerText(text: string): string {
  return text.slice(0, MAX_REASON).replace(/[^\u0020-\u007e]+/g, '?');
}

export function deadLetters(broker: Broker): DeadLetters {
  const find = async (sequence: number, signal?: AbortSignal) => {
    const [stored] = await broker.browse({ after: sequence - 1, limit: 1 }, signal);
    return stored?.sequence === sequence ? stored : undefined;
  };
  return {
    async list({ after = 0, limit = 100, subject } = {}, signal) {
      const filter = subject === undefined ? undefined : `${PREFIX}${subject}`;
      return (await broker.browse({ after, limit, subject: filter }, signal)).map(read);
    },

    async get(sequence, signal) {
      const stored = await find(sequence, signal);
      return stored && read(stored);
    },

    async requeue(sequence, signal) {
      const stored = await find(sequence, signal);
      if (stored === undefined) return false;
      const { subject, consumer } = read(stored);
      // A job goes back to its queue; an event only to the subscription that gave it up.
      const to = subject.startsWith('job.') ? subject : redoSubject(consumer);
      const message = { headers: without(stored.headers), body: stored.body };
      await broker.append(
        to,
        to === subject ? message : redo(message, subject, stored.headers[HEADER.deadSequence]),
        { dedupe: `requeue/${sequence}/${stored.time}`, signal },
      );
      await broker.remove(sequence, signal);
      return true;
    },

    discard: (sequence, signal) => broker.remove(sequence, signal),
  };
}

/** Headers under which a requeued event message remembers where it stood. */
const REDO = { subject: 'sp-redo-subject', sequence: 'sp-redo-sequence' } as const;

function redo(
  { headers, body }: Pick<StoredMessage, 'headers' | 'body'>,
  subject: string,
  sequence = '0',
) {
  return { headers: { ...headers, [REDO.subject]: subject, [REDO.sequence]: sequence }, body };
}

/** The event message inside a requeued one, as its subscription saw it the first time. */
export function original(message: StoredMessage): StoredMessage {
  const { headers, body, time, subject, sequence } = message;
  return {
    headers,
    body,
    time,
    subject: headers[REDO.subject] ?? subject,
    sequence: Number(headers[REDO.sequence] ?? sequence),
  };
}

function read({ headers, subject, body, sequence, time }: StoredMessage): DeadLetter {
  return {
    sequence,
    subject: subject.slice(PREFIX.length),
    id: headers[HEADER.id] ?? headers[HEADER.deadSequence] ?? '',
    consumer: headers[HEADER.deadConsumer] ?? '',
    reason: headers[HEADER.deadReason] ?? '',
    attempts: Number(headers[HEADER.deadAttempts]),
    time,
    body,
  };
}

function without(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !name.startsWith('sp-dead-')),
  );
}
