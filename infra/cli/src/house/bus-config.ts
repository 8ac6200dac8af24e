import { defineConfig, secret } from '@sallyport/runtime';
import { Type } from 'typebox';

/** Section `bus`: how the services reach each other. */
export const busConfig = defineConfig(
  'bus',
  Type.Object({
    kind: Type.Union([Type.Literal('local'), Type.Literal('nats')], {
      default: 'local',
      description: 'local: inside one process, its journal under node.data. nats: for a cluster.',
    }),
    nats: Type.Object(
      {
        servers: Type.Array(
          Type.String({ pattern: '^(nats|tls)://[^\\s/]+$', expected: 'nats://host:port' }),
          { minItems: 1, default: ['nats://127.0.0.1:4222'] },
        ),
        prefix: Type.String({ pattern: '^[a-z0-9_-]+(\\.[a-z0-9_-]+)*$', default: 'sallyport' }),
        username: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Default: the service, when there is a password.',
          }),
        ),
        password: Type.Optional(secret()),
        streams: Type.Union([Type.Literal('create'), Type.Literal('check')], {
          default: 'create',
          description: 'check: the operator makes them (`sallyport streams apply`).',
        }),
        replicas: Type.Integer({ minimum: 1, maximum: 5, default: 1 }),
      },
      { default: {} },
    ),
  }),
);
