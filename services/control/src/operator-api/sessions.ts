import type { Bus } from '@sallyport/bus';
import { sessionsList, sessionsRevoke } from '@sallyport/contracts';
import Type from 'typebox';
import type { Mount } from './operation.ts';
import { Problem } from './problem.ts';

const tag = 'sessions';
const audience = Type.String({
  ...{ minLength: 1, maxLength: 256, default: 'default' },
  description: 'The application the sessions are for, as the session plugin has it.',
});
const Audience = Type.Object({ audience: Type.Optional(audience) });
const Reason = Type.Optional(
  Type.String({
    ...{ pattern: '^[a-z0-9]+(-[a-z0-9]+)*$', maxLength: 64, default: 'operator' },
    description: 'One hyphenated word that stands in the event.',
  }),
);
const { subject, limit } = sessionsList.schema.properties;
const Except = Type.Optional(
  Type.String({ minLength: 1, maxLength: 128, description: 'Public id of one that goes on.' }),
);

/** Mounts listing and revoking of sessions, which are the service sessions' to know. */
export function mountSessions(
  mount: Mount,
  { rpc }: Pick<Bus, 'rpc'>,
  { uuid }: { uuid(): string },
): void {
  mount('GET', '/sessions', {
    ...{ summary: 'The sessions of a subject that haven’t ended', tag },
    query: Type.Object({ audience: Type.Optional(audience), subject, limit }),
    answers: sessionsList.replySchema,
    handle: ({ query, signal }) =>
      rpc.request(sessionsList, { audience: 'default', ...query }, { signal }),
  });
  mount('DELETE', '/sessions/:session', {
    ...{ summary: 'End one session', tag, query: Audience },
    params: Type.Object({ session: Type.String({ minLength: 1, maxLength: 128 }) }),
    answers: sessionsRevoke.replySchema,
    async handle({ params: { session }, query, signal }) {
      const asked = { audience: 'default', ...query };
      const data = { ...asked, target: { session }, reason: 'operator' };
      const reply = await rpc.request(sessionsRevoke, data, { signal, idempotencyKey: uuid() });
      if (reply.revoked > 0) return reply;
      return new Problem(404, `no session '${session}' of audience '${asked.audience}' goes on`);
    },
  });
  mount('POST', '/sessions/revoke', {
    ...{ summary: 'End all sessions of a subject, or all but one', tag },
    body: Type.Object({
      audience: Type.Optional(audience),
      subject,
      except: Except,
      reason: Reason,
    }),
    answers: sessionsRevoke.replySchema,
    handle({ body, signal }) {
      const { audience: of = 'default', reason = 'operator', ...target } = body;
      const data = { audience: of, target, reason };
      return rpc.request(sessionsRevoke, data, { signal, idempotencyKey: uuid() });
    },
  });
}
