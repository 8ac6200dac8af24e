import Type from 'typebox';
import { defineEvent } from './define.ts';
import { Client, DurationMs, HostName, Id, Open, Word } from './fields.ts';
import { Personal } from './privacy.ts';

/** A device class field rather than {@link Fingerprint}: a client certificate's digest names its holder. */
const ClientCertificate = () =>
  Open({
    fingerprint: Personal('device', {
      maxLength: 64,
      description: 'SHA-256 of the leaf, 64 hexadecimal digits.',
    }),
    subject: Type.Optional(
      Personal('person', { maxLength: 4096, description: 'Distinguished name, RFC 4514.' }),
    ),
    verified: Type.Boolean({ description: 'Whether the chain leads to a trusted root.' }),
    fault: Type.Optional(Word('Why it does not.')),
  });

const ja4 = Type.Optional(
  Personal('device', { maxLength: 64, description: 'JA4 of the ClientHello.' }),
);

export const handshakeCompleted = defineEvent({
  type: 'tls.handshake-completed',
  version: 1,
  summary: 'A client finished a TLS handshake with an edge.',
  data: Open({
    connection: Id('This connection.'),
    handshake: Id(
      'The full handshake that authenticated it: on a resumed connection an earlier one.',
    ),
    client: Client(),
    serverName: Type.Optional(
      HostName('The name the client asked for (SNI); absent if it did not.'),
    ),
    protocol: Type.String({ maxLength: 32, description: 'TLS version, such as TLSv1.3.' }),
    cipher: Type.Optional(Type.String({ maxLength: 64, description: 'Cipher suite, IANA name.' })),
    alpn: Type.Optional(Type.String({ maxLength: 255, description: 'Negotiated protocol.' })),
    resumed: Type.Boolean({ description: 'Whether an earlier session was resumed.' }),
    ja4,
    clientCertificate: Type.Optional(ClientCertificate()),
    durationMs: DurationMs('From the accepted connection to the end of the handshake.'),
  }),
});

export const handshakeFailed = defineEvent({
  type: 'tls.handshake-failed',
  version: 1,
  summary: 'A connection to a TLS port ended before its handshake did.',
  data: Open({
    connection: Id('This connection.'),
    client: Client(),
    serverName: Type.Optional(HostName('The name the client asked for (SNI), if it came so far.')),
    reason: Word('What ended it, such as timeout, not-tls, no-certificate, client-certificate.'),
    alert: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 255,
        description: 'TLS alert sent (RFC 8446 section 6).',
      }),
    ),
    ja4,
    durationMs: DurationMs('From the accepted connection to its end.'),
  }),
});
