import { bytes, type ConfigOf, defineConfig, duration } from '@sallyport/runtime';
import { Type } from 'typebox';

const Port = (preset: number) => Type.Integer({ default: preset, minimum: 0, maximum: 65_535 });
const Host = () => Type.String({ default: '127.0.0.1', minLength: 1, maxLength: 253 });

/** Settings of the edge. */
export const edgeConfig = defineConfig(
  'edge',
  Type.Object({
    /** Plain HTTP; also where CAs validate by http-01. */
    http: Type.Object({ host: Host(), port: Port(8000) }),
    https: Type.Object({
      host: Host(),
      port: Port(8443),
      public_port: Port(0),
      min_version: Type.Union([Type.Literal('TLSv1.2'), Type.Literal('TLSv1.3')], {
        default: 'TLSv1.2',
      }),
    }),
    fallback_certificate: Type.Boolean({
      default: true,
      description:
        'Whether names without a certificate get a self-signed one; otherwise the handshake is refused.',
    }),
    trusted_proxies: Type.Array(
      Type.String({
        pattern: '^[0-9A-Fa-f:.]+(/[0-9]{1,3})?$',
        expected: 'an address or a network such as 192.0.2.0/24',
      }),
      {
        default: [],
        description:
          'Whose X-Forwarded-For, -Proto, -Host and -Port are believed; nobody’s by default.',
      },
    ),
    limits: Type.Object({
      connections: Type.Integer({ default: 10_000, minimum: 1, maximum: 1_000_000 }),
      handshakes: Type.Integer({ default: 2000, minimum: 1, maximum: 100_000 }),
      head_size: bytes({ default: '16KiB', min: '1KiB', max: '1MiB' }),
      head_fields: Type.Integer({ default: 100, minimum: 8, maximum: 2000 }),
      head_timeout: duration({ default: '10s', min: '100ms', max: '5m' }),
      idle_timeout: duration({ default: '60s', min: '100ms', max: '1h' }),
      stall_timeout: duration({ default: '60s', min: '100ms', max: '1h' }),
      body: bytes({ default: '0', description: 'Of a request; 0: as large as it comes.' }),
    }),
    sessions: Type.Object({
      max_staleness: duration({
        default: '2s',
        min: '100ms',
        max: '1m',
        description: 'How old what is known of a session may get while revocations can’t be heard.',
      }),
      outage_grace: duration({
        default: '30s',
        max: '1h',
        description: 'How long a known session is served while the store is away; then 503.',
      }),
    }),
    upstream: Type.Object({
      ca_file: Type.Optional(
        Type.String({
          minLength: 1,
          description:
            'PEM file of the authorities that upstreams are verified by, instead of the system’s.',
        }),
      ),
    }),
    drain: Type.Object({
      delay: duration({
        default: '0s',
        max: '5m',
        description: 'Between readiness turning false and the listeners closing.',
      }),
      idle: duration({
        default: '1s',
        max: '1m',
        description: 'How long idle connections may still send the request that was on its way.',
      }),
    }),
  }),
);

export type EdgeConfig = ConfigOf<typeof edgeConfig>;
