import { type ConfigOf, defineConfig, duration } from '@sallyport/runtime';
import { Type } from 'typebox';

/** Settings of sessions. What a request's policy says goes before the first six, within `limits`. */
export const sessionsConfig = defineConfig(
  'sessions',
  Type.Object({
    storage: Type.Union([Type.Literal('server'), Type.Literal('cookie')], {
      default: 'server',
      description: 'What the cookie holds: a reference, or the whole session.',
    }),
    cookie_name: Type.String({ minLength: 1, maxLength: 64, default: 'session' }),
    idle: duration({ default: '15m', description: 'Without a request; 0: as long as the limit.' }),
    rolling: duration({ default: '1h', description: 'Since the last renewal; 0: the limit.' }),
    absolute: duration({ default: '1d', description: 'Since the login; 0: the limit.' }),
    stale: duration({ default: '10s', description: 'How long a renewed cookie is taken.' }),
    touch: duration({
      default: '1m',
      description: 'How old the last use may get before it is written; at most half of idle.',
    }),
    limits: Type.Object({
      idle: duration({ default: '30d', min: '1s', max: '400d' }),
      rolling: duration({ default: '30d', min: '1s', max: '400d' }),
      absolute: duration({
        default: '30d',
        min: '1s',
        max: '400d',
        description: 'No session lives longer; so long revocations, epochs and keys are kept.',
      }),
      stale: duration({ default: '5m' }),
    }),
    on_reuse: Type.Union([Type.Literal('revoke'), Type.Literal('refuse')], {
      default: 'revoke',
      description: 'When a renewed cookie comes back late: end its successor too, or refuse it.',
    }),
    repeats: duration({
      default: '10m',
      min: '1s',
      max: '1d',
      description: 'How long a request with the same idempotency key is known again.',
    }),
    tickets: Type.Object({
      rotate: duration({ default: '12h', min: '10s', max: '7d' }),
    }),
    keys: Type.Object({
      rotate: duration({ default: '30d', max: '400d', description: '0: only by hand.' }),
    }),
    check_keys: duration({
      default: '1m',
      min: '100ms',
      max: '1h',
      description: 'How often keys are read again and looked at for their age.',
    }),
    concurrency: Type.Integer({ default: 64, minimum: 1, maximum: 1024 }),
  }),
);

export type SessionsConfig = ConfigOf<typeof sessionsConfig>;
