import Type from 'typebox';
import { defineEvent, defineFeed, defineRpc } from './define.ts';
import { Client, Id, Open, Time, Word } from './fields.ts';
import { Personal } from './privacy.ts';
import { Sealed } from './sealed.ts';

const session = Id('Public id of the session; says nothing about its cookie.');
const audience = Type.String({
  maxLength: 256,
  description: 'The application the session is for.',
});
const subject = Personal('account', { maxLength: 1024, description: 'Whose session it is.' });
const consumer = Type.Optional(Id('The consumer entity it was made for.'));
const credential = Type.Optional(Id('The credential entity it was made with.'));
const ms = (description: string) =>
  Type.Optional(
    Type.Integer({ minimum: 0, description: `${description}, milliseconds; 0: no limit.` }),
  );
/** How the sessions of a route are to be; what is absent is as the service is configured. */
const policy = Type.Optional(
  Open({
    storage: Type.Optional(Word('Where they live: server, or cookie.')),
    name: Type.Optional(
      Type.String({ minLength: 1, maxLength: 64, description: 'Name of the cookie.' }),
    ),
    idleMs: ms('Without a request'),
    rollingMs: ms('Since the last renewal'),
    absoluteMs: ms('Since the login'),
    staleMs: ms('How long a renewed session’s old cookie is taken'),
  }),
);
const cookie = Open({
  session,
  cookie: Sealed('edge'),
  expires: Time('When it ends if nothing renews it.'),
});

export const sessionCreated = defineEvent({
  type: 'session.created',
  version: 1,
  summary: 'Somebody logged in and got a session.',
  data: Open({
    ...{ session, audience, subject, consumer, credential },
    client: Type.Optional(Client()),
    expires: Time('When it ends if nothing renews it.'),
  }),
});

export const sessionRenewed = defineEvent({
  type: 'session.renewed',
  version: 1,
  summary: 'A session went on under a new id.',
  data: Open({
    ...{ session, audience, subject },
    successor: Id('Public id of the session that goes on.'),
    expires: Time('When the successor ends if nothing renews it.'),
  }),
});

export const sessionRevoked = defineEvent({
  type: 'session.revoked',
  version: 1,
  summary: 'One session, or all of a subject, ended before their time.',
  data: Open({
    session: Type.Optional(Id('Public id of the session; absent: all of the subject.')),
    ...{ audience, subject },
    reason: Word('Why, such as logout, operator, reuse, credential-gone.'),
  }),
});

export const sessionsCreate = defineRpc({
  type: 'sessions.create',
  version: 1,
  summary: 'Make a session; its record is durable when the answer comes.',
  data: Open({
    ...{ audience, subject, consumer, credential },
    groups: Type.Optional(Type.Array(Type.String({ maxLength: 256 }))),
    client: Type.Optional(Client()),
    policy,
  }),
  reply: cookie,
});

export const sessionsRenew = defineRpc({
  type: 'sessions.renew',
  version: 1,
  summary: 'Go on under a new id; all who renew the same session get the same successor.',
  data: Open({
    cookie: Sealed('sessions'),
    audience: Type.Optional(audience),
    policy,
  }),
  reply: Type.Union([
    Open({ outcome: Type.Literal('renewed'), ...cookie.properties }),
    Open({ outcome: Type.Literal('refused'), reason: Word('Why, such as expired, revoked.') }),
  ]),
});

export const sessionsRevoke = defineRpc({
  type: 'sessions.revoke',
  version: 1,
  summary: 'End one session, or all of a subject.',
  data: Open({
    audience,
    target: Type.Union([
      Open({ session: Id('Public id of the one to end.') }),
      Open({
        subject: Type.String({ maxLength: 1024, description: 'Whose sessions end.' }),
        except: Type.Optional(Id('Public id of one that goes on.')),
      }),
    ]),
    reason: Word('Why, such as logout, operator, credential-gone.'),
  }),
  reply: Open({
    revoked: Type.Integer({ minimum: 0, description: 'How many ended by this.' }),
  }),
});

export const sessionsList = defineRpc({
  type: 'sessions.list',
  version: 1,
  summary: 'The sessions of a subject that haven’t ended.',
  data: Open({
    audience,
    subject: Type.String({ maxLength: 1024, description: 'Whose sessions.' }),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 100.' })),
  }),
  reply: Open({
    sessions: Type.Array(
      Open({
        session,
        ...{ audience, subject, consumer, credential },
        created: Time('The login.'),
        seen: Time('The last use that was written down.'),
        expires: Type.Optional(Time('When it ends if nothing renews it; absent: never.')),
        client: Type.Optional(Client()),
      }),
    ),
  }),
});

export const revocations = defineFeed({
  type: 'revocations',
  version: 1,
  summary: 'Sessions that ended before their time.',
  data: Open({
    tag: Type.String({
      pattern: '^[A-Za-z0-9_-]{1,64}$',
      description: "Keyed digest of audience and subject, as in the cookie's header; base64url.",
    }),
    session: Type.Optional(Id('Public id of the session; absent: all of the tag up to `epoch`.')),
    epoch: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'Sessions of the tag with a smaller epoch have ended.',
      }),
    ),
    until: Time('When the last session it concerns would have ended anyway.'),
  }),
});

export const tickets = defineFeed({
  type: 'tickets',
  version: 1,
  summary: 'The TLS ticket keys changed: read the ring again.',
  data: Open({
    revision: Type.Integer({ minimum: 1, description: "The ring's revision." }),
  }),
});
