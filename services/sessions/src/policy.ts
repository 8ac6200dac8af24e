import type { DataOf, sessionsCreate } from '@sallyport/contracts';
import { type Timeouts, timeouts } from '@sallyport/session';
import type { SessionsConfig } from './config.ts';
import { SessionsRequestError } from './errors.ts';

/** How one session is to be: what the request says, else the configuration, within its limits. */
export interface Policy {
  readonly storage: 'server' | 'cookie';
  readonly cookieName: string;
  readonly timeouts: Timeouts;
}

type RequestedPolicy = DataOf<typeof sessionsCreate>['policy'];

/** Throws `SessionsRequestError` for a storage that isn't one. */
export function policyOf(config: SessionsConfig, asked: RequestedPolicy = {}): Policy {
  const { limits } = config;
  const storage = asked.storage ?? config.storage;
  if (storage !== 'server' && storage !== 'cookie') {
    throw new SessionsRequestError(`storage '${storage}' must be server or cookie`);
  }
  const idle = within(asked.idleMs ?? config.idle, limits.idle);
  return {
    storage,
    cookieName: asked.name ?? config.cookie_name,
    timeouts: timeouts({
      idle,
      rolling: within(asked.rollingMs ?? config.rolling, limits.rolling),
      absolute: within(asked.absoluteMs ?? config.absolute, limits.absolute),
      stale: Math.min(asked.staleMs ?? config.stale, limits.stale),
      touch: Math.min(config.touch, Math.floor(idle / 2)),
    }),
  };
}

/** 0 is "no limit", and there is always one. */
function within(ms: number, limit: number): number {
  return ms === 0 ? limit : Math.min(ms, limit);
}
