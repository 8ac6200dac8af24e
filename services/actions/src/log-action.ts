import type { Logger } from '@sallyport/runtime';
import type { Action } from './action.ts';
import type { LogConfig } from './config.ts';

/** Writes a line to this process's log. */
export function logAction({ name, level }: LogConfig, logger: Logger): Action {
  return async ({ id, data }) => {
    const { trigger, decision, verdict, reason, account, request } = data;
    const { login, door, protocol, client } = request;
    logger[level]('action', {
      ...{ action: name, job: id, trigger, decision, verdict, reason, login, door },
      ...(account === undefined ? {} : { account }),
      ...(protocol === undefined ? {} : { protocol }),
      address: client.address,
    });
    return { outcome: 'done' };
  };
}
