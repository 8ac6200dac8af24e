import { type Admin, createAdmin, type RouteGroup } from '@sallyport/admin';
import type { Health, Logger } from '@sallyport/runtime';
import type { AuthConfig } from '../config.ts';
import type { Decider } from '../decider.ts';
import { basicGuard } from './basic.ts';
import { genericJson } from './generic-json.ts';

export interface HttpDoorOptions {
  readonly decider: Decider;
  readonly health: Health;
  readonly logger: Logger;
  readonly version: string;
  readonly config: Pick<AuthConfig, 'http' | 'http_basic' | 'wait_delay'>;
  /** Aborts when there is no more time for what is in flight. */
  readonly signal: AbortSignal;
}

/** The listener on which mail servers, proxies and programs ask over HTTP. */
export function createHttpDoor(options: HttpDoorOptions): Admin {
  const { decider, health, logger, version, config, signal } = options;
  const group: RouteGroup = {
    prefix: '/api/v1',
    access: config.http.token === undefined ? 'open' : 'operator',
    register(router) {
      if (config.http_basic !== undefined) basicGuard(router, config.http_basic);
      genericJson(router, { decider, logger, waitDelayMs: config.wait_delay, signal });
    },
  };
  const about = { title: 'Sallyport auth', version };
  return createAdmin({ health, logger, about, routes: [group] }, config.http);
}
