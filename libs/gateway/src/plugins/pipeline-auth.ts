import Type from 'typebox';
import { nullable } from '../fields.ts';
import { definePlugin } from './schemas.ts';

/**
 * `pipeline-auth`: login name and password by HTTP Basic (RFC 7617), judged by the authentication pipeline. Runs behind
 * `key-auth`, before everything that asks who it is.
 */
export const pipelineAuthPlugin = definePlugin({
  name: 'pipeline-auth',
  priority: 1050,
  consumerScope: false,
  config: Type.Object({
    realm: Type.String({
      minLength: 1,
      maxLength: 256,
      pattern: '^[\\x20\\x21\\x23-\\x5b\\x5d-\\x7e]+$',
      fault: 'expected printable ASCII characters except " and \\',
      default: 'login',
    }),
    /** Id or username of the consumer for requests that nobody logs in with; null: they are refused. */
    anonymous: nullable(Type.String({ minLength: 1, maxLength: 512 })),
    /** Whether the login name and password are kept from the upstream. */
    hide_credentials: Type.Boolean({ default: true }),
    /** How long the pipeline may take, milliseconds. */
    timeout: Type.Integer({ minimum: 100, maximum: 60_000, default: 5000 }),
  }),
});
