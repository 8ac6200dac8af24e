import Type from 'typebox';
import { HEADER_NAME, nullable } from '../fields.ts';
import { definePlugin } from './schemas.ts';

/** `key-auth`: a key in a header, the query or the body names the consumer. */
export const keyAuthPlugin = definePlugin({
  name: 'key-auth',
  priority: 1250,
  consumerScope: false,
  config: Type.Object({
    key_names: Type.Array(
      Type.String({
        minLength: 1,
        maxLength: 256,
        pattern: HEADER_NAME,
        fault: "expected a header name: letters, digits and any of ! # $ % & ' * + . ^ _ ` | ~ -",
      }),
      { minItems: 1, maxItems: 64, uniqueItems: true, default: ['apikey'] },
    ),
    hide_credentials: Type.Boolean({ default: false }),
    /** Id or username of the consumer for requests without a key; null: they are refused. */
    anonymous: nullable(Type.String({ minLength: 1, maxLength: 512 })),
    key_in_header: Type.Boolean({ default: true }),
    key_in_query: Type.Boolean({ default: true }),
    key_in_body: Type.Boolean({ default: false }),
    run_on_preflight: Type.Boolean({ default: true }),
    realm: nullable(Type.String({ minLength: 1, maxLength: 256, pattern: '^[^"\\\\\\r\\n]+$' })),
  }),
});
