import Type from 'typebox';
import { HEADER_NAME, Method, nullable, oneOf, PATH } from '../fields.ts';
import { definePlugin } from './schemas.ts';

const Seconds = (otherwise: number) =>
  Type.Integer({ minimum: 0, maximum: 34_560_000, default: otherwise });
const Name = { minLength: 1, maxLength: 64 };

/**
 * `session`: whoever was authenticated gets a cookie, and the cookie is enough from then on.
 *
 * Settings and defaults as in Kong 3, times in seconds; the names of Kong's first versions are understood. There is no
 * `secret`: the keys come from the key ring `sessions`, and rotate.
 */
export const sessionPlugin = definePlugin({
  name: 'session',
  priority: 1900,
  consumerScope: false,
  config: Type.Object({
    /** `cookie`: all in the cookie, sealed. `kong`, also called `server`: the cookie is a reference. */
    storage: oneOf('cookie', ['cookie', 'kong', 'server']),
    audience: Type.String({ minLength: 1, maxLength: 128, default: 'default' }),
    cookie_name: Type.String({ ...Name, pattern: HEADER_NAME, default: 'session' }),
    cookie_path: Type.String({ pattern: PATH, maxLength: 1024, default: '/' }),
    /** null: this host only. */
    cookie_domain: nullable(
      Type.String({ pattern: '^\\.?[A-Za-z0-9-]+(\\.[A-Za-z0-9-]+)*$', maxLength: 253 }),
    ),
    cookie_same_site: oneOf('Strict', ['Strict', 'Lax', 'None', 'Default', 'off']),
    cookie_http_only: Type.Boolean({ default: true }),
    cookie_secure: Type.Boolean({ default: true }),
    /** 0: no limit. */
    idling_timeout: Seconds(900),
    rolling_timeout: Seconds(3600),
    absolute_timeout: Seconds(86_400),
    /** How long the old cookie works after a renewal. */
    stale_ttl: Seconds(10),
    logout_methods: Type.Array(Method, {
      maxItems: 16,
      uniqueItems: true,
      default: ['POST', 'DELETE'],
    }),
    logout_query_arg: nullable(Type.String(Name), 'session_logout'),
    logout_post_arg: nullable(Type.String(Name), 'session_logout'),
    /** Kong's first versions always read it; a form of at most 16 KiB. */
    read_body_for_logout: Type.Boolean({ default: true }),
    /** Whether the cookie is kept from the upstream. */
    hide_cookie: Type.Boolean({ default: true }),
  }),
  aliases: {
    cookie_lifetime: 'rolling_timeout',
    cookie_idletime: 'idling_timeout',
    cookie_discard: 'stale_ttl',
    cookie_samesite: 'cookie_same_site',
    cookie_httponly: 'cookie_http_only',
    cookie_renew: null,
  },
});
