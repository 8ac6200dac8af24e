import { bytes, duration, secret } from '@sallyport/runtime';
import { type Static, Type } from 'typebox';

/**
 * Settings of a private listener, for the section of the service that opens it:
 * `defineConfig('edge', Type.Object({ admin: adminSettings(9180), … }))`.
 */
export function adminSettings(port: number, { drainIdle = '0s' } = {}) {
  return Type.Object({
    host: Type.String({ default: '127.0.0.1', description: 'Address to listen on.' }),
    port: Type.Integer({ default: port, minimum: 0, maximum: 65535 }),
    allowed_hosts: Type.Array(Type.String({ minLength: 1, maxLength: 253 }), {
      default: [],
      description: 'Names it may be asked by, besides localhost and the address itself.',
    }),
    allowed_origins: Type.Array(
      Type.String({
        pattern: '^https?://[^/\\s]+$',
        expected: 'an origin such as https://console.example',
      }),
      { default: [], description: 'Web pages that may ask it, besides its own.' },
    ),
    token: Type.Optional(secret({ minLength: 16 })),
    max_body: bytes({ default: '1MiB', min: '1kB', max: '64MiB' }),
    request_timeout: duration({ default: '30s', min: '1s', max: '10m' }),
    max_connections: Type.Integer({ default: 256, minimum: 1, maximum: 65536 }),
    drain_idle: duration({
      default: drainIdle,
      max: '1m',
      description:
        'When it closes: how long idle connections may still send the request that was on its way.',
    }),
  });
}

export type AdminSettings = Static<ReturnType<typeof adminSettings>>;
