import { type ConfigOf, defineConfig, duration, secret } from '@sallyport/runtime';
import { type Static, Type } from 'typebox';

const NAME = '[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?';

const Scope = Type.Union([Type.Literal('any'), Type.Literal('private'), Type.Literal('public')], {
  default: 'public',
  expected: 'any, private (names that no public CA may issue for) or public',
});
const IssuerName = (preset?: string) =>
  Type.String({
    pattern: '^[a-z0-9]+(-[a-z0-9]+)*$',
    maxLength: 64,
    ...(preset === undefined ? {} : { default: preset }),
    description: 'What it is called in records, events and metrics.',
  });

const Internal = Type.Object({
  kind: Type.Literal('internal'),
  name: IssuerName('internal'),
  scope: Type.Union([...Scope.anyOf], { ...Scope, default: 'private' }),
  validity: duration({ default: '7d', min: '10s', max: '800d' }),
});

const Acme = Type.Object({
  kind: Type.Literal('acme'),
  name: IssuerName(),
  directory: Type.String({ pattern: '^https://', expected: 'the https URL of an ACME directory' }),
  contact: Type.Array(Type.String({ pattern: '^mailto:', expected: 'a mailto: URL' }), {
    default: [],
  }),
  terms_agreed: Type.Boolean({
    default: false,
    description: "Whether you agree to the CA's terms of service.",
  }),
  eab: Type.Optional(
    Type.Object({ kid: Type.String({ minLength: 1, maxLength: 256 }), hmac_key: secret() }),
  ),
  trust: Type.Optional(
    Type.String({
      minLength: 1,
      description: "File with the authorities of the directory's own certificate, PEM.",
    }),
  ),
  challenges: Type.Array(Type.Union([Type.Literal('http-01'), Type.Literal('tls-alpn-01')]), {
    default: ['http-01', 'tls-alpn-01'],
    minItems: 1,
    uniqueItems: true,
    description: 'In order of preference.',
  }),
  scope: Scope,
  timeout: duration({ default: '10s', min: '100ms', max: '2m' }),
});

/** Settings of certs. */
export const certsConfig = defineConfig(
  'certs',
  Type.Object({
    /** For which names certificates are obtained; nothing here and no routes: for none. */
    allow: Type.Object({
      names: Type.Array(
        Type.String({ pattern: `^${NAME}$`, expected: 'a host name such as shop.example.com' }),
        { default: [] },
      ),
      patterns: Type.Array(
        Type.String({
          pattern: `^\\*\\.${NAME}$`,
          expected: 'a pattern such as *.example.com, whose star is one label',
        }),
        { default: [] },
      ),
      routes: Type.Boolean({ default: true, description: 'The hosts of our own https routes.' }),
    }),
    /** Asked in this order; one whose scope a name is outside of isn't asked for it. */
    issuers: Type.Array(Type.Union([Internal, Acme]), {
      default: [{ kind: 'internal' }],
      minItems: 1,
    }),
    /** Of the internal CA, when it is made. */
    authority: Type.Object({
      common_name: Type.String({ default: 'Sallyport internal CA', minLength: 1, maxLength: 64 }),
      validity: duration({ default: '3650d', min: '1h', max: '36500d' }),
    }),
    obtain: Type.Object({
      wait: duration({ default: '9s', min: '0s', max: '60s' }),
      issuer_timeout: duration({ default: '60s', min: '1s', max: '10m' }),
      lease: duration({ default: '15s', min: '1s', max: '5m' }),
      per_hour: Type.Integer({
        default: 50,
        minimum: 1,
        maximum: 1_000_000_000,
        description: 'Issuances begun in an hour for all names under one registered name.',
      }),
      parallel: Type.Integer({ default: 32, minimum: 1, maximum: 1000 }),
      waiting: Type.Integer({
        default: 1000,
        minimum: 1,
        maximum: 100_000,
        description: 'Names that may be at work or wait; handshakes that may wait for them.',
      }),
    }),
    renewal: Type.Object({
      after: Type.Number({
        default: 0.667,
        minimum: 0.1,
        maximum: 0.95,
        description: "Share of a certificate's life.",
      }),
      every: duration({ default: '1m', min: '1s', max: '24h' }),
      batch: Type.Integer({ default: 50, minimum: 1, maximum: 1000 }),
      parallel: Type.Integer({ default: 4, minimum: 1, maximum: 100 }),
    }),
  }),
);

export type CertsConfig = ConfigOf<typeof certsConfig>;
export type AcmeSettings = Static<typeof Acme>;
