import { defineConfig, duration, secret } from '@sallyport/runtime';
import { Type } from 'typebox';

const Port = Type.Integer({ minimum: 1, maximum: 65535, default: 6379 });
const Host = Type.String({ minLength: 1, maxLength: 253, default: '127.0.0.1' });
const Address = Type.Object({ host: Host, port: Port });

/** Section `store`: where what is shared is kept. */
export const storeConfig = defineConfig(
  'store',
  Type.Object({
    kind: Type.Union([Type.Literal('sqlite'), Type.Literal('redis')], {
      default: 'sqlite',
      description: 'sqlite: a file under node.data, for one process. redis: for a cluster.',
    }),
    redis: Type.Object(
      {
        mode: Type.Union(
          [Type.Literal('single'), Type.Literal('sentinel'), Type.Literal('cluster')],
          { default: 'single' },
        ),
        host: Host,
        port: Port,
        db: Type.Integer({ minimum: 0, maximum: 65535, default: 0 }),
        nodes: Type.Array(Address, {
          default: [],
          description: 'Sentinels, or some nodes of the cluster, by mode.',
        }),
        name: Type.String({ default: 'sallyport', description: "Sentinel's name of the master." }),
        prefix: Type.String({ pattern: '^[A-Za-z0-9_.-]{1,64}$', default: 'sallyport' }),
        username: Type.Optional(
          Type.String({
            minLength: 1,
            description: 'Default: the service, when there is a password.',
          }),
        ),
        password: Type.Optional(secret()),
        command_timeout: duration({ default: '2s', min: '10ms', max: '10m' }),
      },
      { default: {} },
    ),
  }),
);
