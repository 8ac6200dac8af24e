import { defineConfig, secret } from '@sallyport/runtime';
import { Type } from 'typebox';

/** Section `node`: this process among the others. */
export const nodeConfig = defineConfig(
  'node',
  Type.Object({
    data: Type.String({
      minLength: 1,
      default: './data',
      description: 'Directory of what a process keeps for itself; all there is, when embedded.',
    }),
    instance: Type.Optional(
      Type.String({
        pattern: '^[a-z0-9]+([-.][a-z0-9]+)*$',
        maxLength: 64,
        expected: 'lower-case letters, digits, single hyphens and dots',
        description: 'Name of the process; the same over restarts. Default: service and host name.',
      }),
    ),
  }),
);

/** Section `keys`: the master key, which wraps all rings. Every process of a cluster has the same. */
export const keysConfig = defineConfig(
  'keys',
  Type.Object({
    master: Type.Optional(secret({ description: 'The key itself, instead of the file.' })),
    master_file: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'Readable by its owner only. Default: keys/master under node.data.',
      }),
    ),
  }),
);
