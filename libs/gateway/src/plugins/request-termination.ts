import Type from 'typebox';
import { HEADER_NAME, nullable } from '../fields.ts';
import { definePlugin } from './schemas.ts';

/** `request-termination`: answers by itself; the upstream is never asked. */
export const requestTerminationPlugin = definePlugin({
  name: 'request-termination',
  priority: 2,
  consumerScope: true,
  config: Type.Object({
    status_code: Type.Integer({ minimum: 100, maximum: 599, default: 503 }),
    message: nullable(Type.String({ maxLength: 65_536 })),
    body: nullable(Type.String({ maxLength: 1_048_576 })),
    content_type: nullable(Type.String({ maxLength: 256, pattern: '^[^\\r\\n]+$' })),
    echo: Type.Boolean({ default: false }),
    /** Only requests that have a header or query argument of this name. */
    trigger: nullable(Type.String({ minLength: 1, maxLength: 256, pattern: HEADER_NAME })),
  }),
});
