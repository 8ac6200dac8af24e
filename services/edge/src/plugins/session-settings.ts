import { type CookieWriter, createCookieWriter, timeouts } from '@sallyport/session';
import type { SessionPolicy } from '../sessions/policy.ts';

/** The configuration of plugin `session`, as its schema has it. Times in seconds. */
interface Config {
  readonly storage: 'cookie' | 'kong' | 'server';
  readonly audience: string;
  readonly cookie_name: string;
  readonly cookie_path: string;
  readonly cookie_domain: string | null;
  readonly cookie_same_site: 'Strict' | 'Lax' | 'None' | 'Default' | 'off';
  readonly cookie_http_only: boolean;
  readonly cookie_secure: boolean;
  readonly idling_timeout: number;
  readonly rolling_timeout: number;
  readonly absolute_timeout: number;
  readonly stale_ttl: number;
  readonly logout_methods: readonly string[];
  readonly logout_query_arg: string | null;
  readonly logout_post_arg: string | null;
  readonly read_body_for_logout: boolean;
  readonly hide_cookie: boolean;
}

export interface SessionPluginSettings {
  readonly policy: SessionPolicy;
  readonly cookies: CookieWriter;
  readonly hideCookie: boolean;
  readonly logout: {
    readonly methods: ReadonlySet<string>;
    readonly queryArg: string | null;
    /** null also when bodies aren't to be read. */
    readonly postArg: string | null;
  };
}

/** As the service `sessions` has it. */
const TOUCH_MS = 60_000;

/** Throws `SessionArgumentError` for attributes of the cookie with which browsers would drop it unsaid. */
export function sessionSettings(
  entityConfig: Readonly<Record<string, unknown>>,
): SessionPluginSettings {
  const config = entityConfig as unknown as Config;
  const { cookie_same_site: sameSite, cookie_domain: domain } = config;
  const idle = config.idling_timeout * 1000;
  return {
    policy: {
      audience: config.audience,
      cookie: config.cookie_name,
      storage: config.storage === 'cookie' ? 'cookie' : 'server',
      timeouts: timeouts({
        idle,
        rolling: config.rolling_timeout * 1000,
        absolute: config.absolute_timeout * 1000,
        stale: config.stale_ttl * 1000,
        touch: idle === 0 ? TOUCH_MS : Math.min(TOUCH_MS, Math.floor(idle / 2)),
      }),
    },
    cookies: createCookieWriter({
      name: config.cookie_name,
      path: config.cookie_path,
      // A dot in front means nothing (RFC 6265 section 5.2.3).
      ...(domain === null ? {} : { domain: domain.replace(/^\./, '') }),
      sameSite: sameSite === 'off' ? 'Lax' : sameSite,
      httpOnly: config.cookie_http_only,
      secure: config.cookie_secure,
    }),
    hideCookie: config.hide_cookie,
    logout: {
      methods: new Set(config.logout_methods),
      queryArg: config.logout_query_arg,
      postArg: config.read_body_for_logout ? config.logout_post_arg : null,
    },
  };
}
