import { adminSettings } from '@sallyport/admin';
import { type ConfigOf, defineConfig, duration, secret } from '@sallyport/runtime';
import { Type } from 'typebox';

/** What a stage that fails or takes too long means for the login. */
const failPolicy = (preset: 'open' | 'closed' | 'tempfail') =>
  Type.Union([Type.Literal('open'), Type.Literal('closed'), Type.Literal('tempfail')], {
    default: preset,
    description: 'open: as if it had nothing to say; closed: reject; tempfail: ask again later.',
  });

const network = Type.String({
  minLength: 1,
  maxLength: 64,
  description: 'CIDR, such as 192.0.2.0/24, or an address.',
});

const name = Type.String({
  pattern: '^[a-z0-9][a-z0-9_-]{0,63}$',
  expected: 'lower-case letters, digits, hyphens and underscores',
});

const MINUTE = 60_000;

const bruteForceRule = Type.Object({
  name,
  ipv4: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 32, description: 'Bits of the network; absent: no IPv4.' }),
  ),
  ipv6: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 128,
      description: 'Bits of the network; absent: no IPv6.',
    }),
  ),
  period: duration({ min: '1s', max: '30d', default: '10m' }),
  limit: Type.Integer({
    minimum: 1,
    maximum: 1_000_000,
    description: 'Wrong logins within the period that ban the network.',
  }),
  ban_time: duration({ min: '1s', max: '365d', default: '30m' }),
});

const fileBackend = Type.Object({
  kind: Type.Literal('file'),
  name: Type.String({ ...name, default: 'file' }),
  path: Type.String({ minLength: 1, maxLength: 4096, description: 'The users file.' }),
  reload: duration({
    default: '1s',
    min: '5ms',
    max: '1h',
    description: 'How often to look whether it has changed.',
  }),
  on_failure: failPolicy('tempfail'),
});

/** Settings of auth. */
export const authConfig = defineConfig(
  'auth',
  Type.Object({
    /** The HTTP door. With a token everybody must bring it, as a bearer. */
    http: adminSettings(9080, { drainIdle: '1s' }),
    /** With it everybody at the HTTP door must bring these by HTTP Basic. */
    http_basic: Type.Optional(
      Type.Object({
        username: Type.String({ minLength: 1, maxLength: 256, pattern: '^[^:]+$' }),
        password: secret({ minLength: 8 }),
      }),
    ),
    /** The most that the HTTP door tells a client to wait after a failed login (Auth-Wait). */
    wait_delay: duration({ default: '1s', max: '1h' }),
    rpc: Type.Object({
      concurrency: Type.Integer({ default: 64, minimum: 1, maximum: 10_000 }),
      waiting: Type.Integer({ default: 256, minimum: 0, maximum: 100_000 }),
    }),
    /** What a stage may take before it counts as failed. */
    stage_timeout: duration({ default: '5s', min: '10ms', max: '1m' }),
    brute_force: Type.Object({
      rules: Type.Array(bruteForceRule, {
        default: [
          ...[{ name: 'address', ipv4: 32, ipv6: 64, period: 10 * MINUTE, limit: 20 }],
          ...[{ name: 'network', ipv4: 24, ipv6: 48, period: 10 * MINUTE, limit: 100 }],
        ],
        maxItems: 32,
      }),
      exempt: Type.Array(network, {
        default: [],
        maxItems: 10_000,
        description: 'Networks that are neither counted nor banned.',
      }),
      on_failure: failPolicy('tempfail'),
      actions: Type.Array(name, {
        default: [],
        maxItems: 32,
        description: 'Actions that run for each login refused as brute force.',
      }),
    }),
    features: Type.Object({
      tls_encryption: Type.Object({
        enabled: Type.Boolean({ default: false }),
        cleartext_networks: Type.Array(network, { default: [], maxItems: 10_000 }),
        on_failure: failPolicy('closed'),
      }),
    }),
    backends: Type.Array(fileBackend, {
      default: [],
      maxItems: 32,
      description: 'Asked in this order. Without any, every login is a temporary failure.',
    }),
    passwords: Type.Object({
      concurrency: Type.Optional(Type.Integer({ minimum: 1, maximum: 64 })),
      queue: Type.Integer({ default: 256, minimum: 0, maximum: 100_000 }),
      plain: Type.Boolean({ default: false, description: 'Whether {PLAIN} hashes are taken.' }),
    }),
    post_actions: Type.Array(name, {
      default: [],
      maxItems: 32,
      description: 'Actions that run after every decision.',
    }),
    decisions: Type.Object({
      durability: Type.Union([Type.Literal('strict'), Type.Literal('best-effort')], {
        default: 'strict',
        description: 'What a decision is that neither store nor bus can keep: tempfail, or told.',
      }),
      timeout: duration({
        default: '3s',
        min: '10ms',
        max: '1m',
        description: 'What keeping a decision may take, for store and bus each.',
      }),
    }),
  }),
);

export type AuthConfig = ConfigOf<typeof authConfig>;
export type BruteForceRule = AuthConfig['brute_force']['rules'][number];
export type FileBackendConfig = AuthConfig['backends'][number];
