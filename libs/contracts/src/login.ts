import Type from 'typebox';
import { Client, Local, Open, Word } from './fields.ts';
import { Personal } from './privacy.ts';

/** Who wants in, and how: the part of a login that the question, the verdict and the work after it have in common. */
export const login = {
  login: Personal('account', { maxLength: 1024, description: 'The name as the client gave it.' }),
  door: Word('The adapter that asked, such as nginx-mail, forward-auth, dovecot-sasl, edge.'),
  protocol: Type.Optional(Word('What the client speaks, such as imap, smtp, http.')),
  method: Type.Optional(Word('How it authenticates, such as plain, login, basic.')),
  service: Type.Optional(
    Type.String({ maxLength: 256, description: 'What it wants to enter, if the door says so.' }),
  ),
  client: Client(),
  local: Type.Optional(Local()),
  clientHost: Type.Optional(
    Personal('device', { maxLength: 253, description: "The client's host name by reverse DNS." }),
  ),
  clientId: Type.Optional(
    Personal('device', {
      maxLength: 1024,
      description: 'What the client program calls itself (IMAP ID).',
    }),
  ),
  userAgent: Type.Optional(Personal('user-agent', { maxLength: 2048 })),
  tls: Type.Optional(
    Open(
      {
        protocol: Type.String({ maxLength: 32, description: 'TLS version, such as TLSv1.3.' }),
        cipher: Type.Optional(Type.String({ maxLength: 64 })),
        clientVerified: Type.Optional(Type.Boolean()),
        clientSubject: Type.Optional(Personal('person', { maxLength: 4096 })),
      },
      "The client's TLS connection; absent on a clear one.",
    ),
  ),
};

/** What was decided. Closed: a reader that met a fourth verdict could only guess. */
export const Verdict = () =>
  Type.Union([Type.Literal('accept'), Type.Literal('reject'), Type.Literal('tempfail')]);

/** Names and values that a backend knows about an account. */
export const Attributes = () =>
  Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), Type.Array(Type.String()), {
    description: 'Attributes of the account by name.',
  });
