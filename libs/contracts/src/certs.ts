import Type from 'typebox';
import { defineEvent, defineFeed, defineRpc } from './define.ts';
import { Client, DurationMs, Fingerprint, HostName, Id, Open, Time, Word } from './fields.ts';

const names = Type.Array(HostName('A name it is for.'), { minItems: 1 });
const issuer = Type.String({ maxLength: 256, description: 'The issuer, as configured.' });

export const certificateIssued = defineEvent({
  type: 'certs.issued',
  version: 1,
  summary: 'A certificate was obtained and is stored.',
  data: Open({
    names,
    issuer,
    fingerprint: Fingerprint('SHA-256 of the leaf.'),
    serial: Type.String({ pattern: '^[0-9a-f]+$', maxLength: 64, description: 'In hexadecimal.' }),
    notBefore: Time('Start of validity.'),
    notAfter: Time('End of validity.'),
    renewal: Type.Boolean({ description: 'Whether it replaces one for the same names.' }),
    durationMs: DurationMs('From the decision to obtain it until it was stored.'),
  }),
});

export const certificateFailed = defineEvent({
  type: 'certs.failed',
  version: 1,
  summary: 'A certificate could not be obtained.',
  data: Open({
    names,
    issuer: Type.Optional(issuer),
    reason: Word('Why, such as not-allowed, rate-limited, challenge, unreachable.'),
    problem: Type.Optional(
      Type.String({ maxLength: 256, description: "The CA's problem type (RFC 8555 section 6.7)." }),
    ),
    detail: Type.Optional(Type.String({ maxLength: 4096 })),
    retryAfter: Type.Optional(Time('Not tried again before.')),
    renewal: Type.Boolean({ description: 'Whether it would have replaced one.' }),
  }),
});

export const certsObtain = defineRpc({
  type: 'certs.obtain',
  version: 1,
  summary: 'Get a certificate for this name while a handshake waits.',
  data: Open({
    name: HostName('What the client asked for.'),
    client: Type.Optional(Client()),
    waitMs: Type.Optional(
      Type.Integer({
        minimum: 0,
        description: 'How long the handshake can wait; issuing goes on after that.',
      }),
    ),
  }),
  reply: Type.Union([
    Open({
      outcome: Type.Literal('ready'),
      fingerprint: Fingerprint('SHA-256 of the leaf; the store has the rest.'),
    }),
    Open({ outcome: Type.Literal('pending') }),
    Open({
      outcome: Type.Literal('refused'),
      reason: Word('Why, such as not-allowed, failed-before, budget.'),
      retryAfter: Type.Optional(Time('Asking again before is useless.')),
    }),
  ]),
});

export const certificates = defineFeed({
  type: 'certificates',
  version: 1,
  summary: 'What an edge knows about a name is out of date: read the store again.',
  data: Open({
    kind: Word('What changed: certificate, staple, challenge, refusal.'),
    name: HostName('The name it is for.'),
    key: Type.Optional(
      Id('Which one, where a name has several; for http-01 the path’s last part.'),
    ),
    removed: Type.Optional(Type.Boolean()),
  }),
});

export const certsList = defineRpc({
  type: 'certs.list',
  version: 1,
  summary: 'The certificates there are, by name.',
  data: Open({
    after: Type.Optional(HostName('Only names behind this one, in the order of their bytes.')),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'Default 100.' })),
  }),
  reply: Open({
    certificates: Type.Array(
      Open({
        name: HostName('What it was obtained for.'),
        issuer,
        fingerprint: Fingerprint('SHA-256 of the leaf.'),
        notBefore: Time('Start of validity.'),
        notAfter: Time('End of validity.'),
      }),
    ),
    next: Type.Optional(HostName('Where to go on, as `after`; absent on the last page.')),
  }),
});
