import type { Bus, DeadLetter } from '@sallyport/bus';
import Type from 'typebox';
import type { Mount } from './operation.ts';
import { Problem } from './problem.ts';

const tag = 'dead letters';
const Letter = Type.Object({
  sequence: Type.Integer({ description: 'Names it here.' }),
  subject: Type.String(),
  id: Type.String({ description: 'The id of the job, or of the message that had the event.' }),
  consumer: Type.String({ description: 'Who gave it up.' }),
  reason: Type.String(),
  attempts: Type.Integer(),
  time: Type.String({ description: 'When it was given up, RFC 3339.' }),
  body: Type.Unknown({ description: 'JSON as it was, or base64 where it was none.' }),
});
const Sequence = Type.Object({ sequence: Type.Integer({ minimum: 1 }) });
const Done = Type.Object({ sequence: Type.Integer() });

/** Mounts what was given up: read it, give it another set of tries, throw it away. */
export function mountDeadLetters(mount: Mount, { deadLetters }: Pick<Bus, 'deadLetters'>): void {
  mount('GET', '/dead-letters', {
    ...{ summary: 'Messages that were given up, oldest first', tag },
    query: Type.Object({
      after: Type.Optional(Type.Integer({ minimum: 0 })),
      limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
      subject: Type.Optional(Type.String({ maxLength: 256 })),
    }),
    answers: Type.Object({ letters: Type.Array(Letter) }),
    async handle({ query, signal }) {
      return { letters: (await deadLetters.list(query, signal)).map(shown) };
    },
  });
  mount('POST', '/dead-letters/:sequence/requeue', {
    ...{ summary: 'Give it to the consumer that gave it up, for another set of tries', tag },
    ...{ params: Sequence, answers: Done },
    async handle({ params: { sequence }, signal }) {
      return (await deadLetters.requeue(sequence, signal)) ? { sequence } : none(sequence);
    },
  });
  mount('DELETE', '/dead-letters/:sequence', {
    ...{ summary: 'Throw it away', tag, params: Sequence, answers: Done },
    async handle({ params: { sequence }, signal }) {
      return (await deadLetters.discard(sequence, signal)) ? { sequence } : none(sequence);
    },
  });
}

const none = (sequence: number) => new Problem(404, `no dead letter ${sequence}`);

function shown({ body, time, ...letter }: DeadLetter) {
  return { ...letter, time: new Date(time).toISOString(), body: readable(body) };
}

function readable(body: Uint8Array): unknown {
  const bytes = Buffer.from(body);
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return bytes.toString('base64'); // that may be why it died
  }
}
