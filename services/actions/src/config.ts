import { type ConfigOf, defineConfig, duration, secret } from '@sallyport/runtime';
import { Type } from 'typebox';

const Name = Type.String({ minLength: 1, maxLength: 256, description: 'As jobs name it.' });

const treatment = () =>
  Type.Union([Type.Literal('clear'), Type.Literal('hash'), Type.Literal('prefix')]);
/** What happens to personal fields, by class, before an action sees them. */
const privacy = {
  account: treatment(),
  address: treatment(),
  device: treatment(),
  person: treatment(),
  user_agent: treatment(),
};
const perAction = Type.Optional(
  Type.Object(
    {
      account: Type.Optional(treatment()),
      address: Type.Optional(treatment()),
      device: Type.Optional(treatment()),
      person: Type.Optional(treatment()),
      user_agent: Type.Optional(treatment()),
    },
    { description: 'For this action instead of what is said for all.' },
  ),
);

const logAction = Type.Object({
  name: Name,
  kind: Type.Literal('log'),
  level: Type.Union(
    [Type.Literal('debug'), Type.Literal('info'), Type.Literal('warn'), Type.Literal('error')],
    { default: 'info' },
  ),
  privacy: perAction,
});

const webhookAction = Type.Object({
  name: Name,
  kind: Type.Literal('webhook'),
  url: Type.String({
    pattern: '^https?://[^\\s@]+$',
    maxLength: 2048,
    expected: 'a URL http://… or https://… without a user; secrets go into headers',
  }),
  secret: Type.Optional(secret({ minLength: 16, description: 'Signs what is posted.' })),
  timeout: duration({ default: '10s', min: '100ms', max: '5m' }),
  headers: Type.Record(Type.String({ pattern: '^[\\s\\S]*$' }), Type.String({ maxLength: 8192 }), {
    default: {},
  }),
  allow_private: Type.Boolean({
    default: false,
    description: 'Addresses of private networks and of this machine are taken too.',
  }),
  privacy: perAction,
});

/** Settings of actions. */
export const actionsConfig = defineConfig(
  'actions',
  Type.Object({
    list: Type.Array(Type.Union([logAction, webhookAction]), {
      default: [],
      description: 'The actions that jobs may ask for, by name.',
    }),
    concurrency: Type.Integer({ default: 8, minimum: 1, maximum: 256 }),
    tries: Type.Integer({ default: 10, minimum: 1, maximum: 100 }),
    backoff: Type.Object({
      first: duration({ default: '1s', min: '10ms', max: '1h' }),
      most: duration({ default: '10m', min: '10ms', max: '1d' }),
    }),
    retry_after: duration({
      default: '1h',
      max: '1d',
      description: 'The longest Retry-After that is honoured.',
    }),
    privacy: Type.Object({
      account: { ...privacy.account, default: 'clear' },
      address: { ...privacy.address, default: 'clear' },
      device: { ...privacy.device, default: 'clear' },
      person: { ...privacy.person, default: 'clear' },
      user_agent: { ...privacy.user_agent, default: 'clear' },
    }),
    privacy_key: Type.Optional(
      secret({ minLength: 16, description: 'Key of hashes; the same on every node.' }),
    ),
  }),
);

export type ActionsConfig = ConfigOf<typeof actionsConfig>;
export type ActionConfig = ActionsConfig['list'][number];
export type LogConfig = Extract<ActionConfig, { kind: 'log' }>;
export type WebhookConfig = Extract<ActionConfig, { kind: 'webhook' }>;
