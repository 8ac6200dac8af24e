import type { Consumer } from '@sallyport/gateway';
import type { Logger } from '@sallyport/runtime';
import type { Answer, Exchange, Identity } from '../exchange/exchange.ts';
import { message } from './message.ts';
import type { PluginDirectory } from './ports.ts';

/** A consumer who showed the credential entity `credential`. */
export function consumerIdentity(consumer: Consumer, credential: string): Identity {
  return {
    consumer,
    subject: subjectOf(consumer),
    credential,
    groups: [],
    anonymous: false,
    session: undefined,
  };
}

/** The name that stands for a consumer where there are no entities. */
function subjectOf({ username, custom_id, id }: Consumer): string {
  return username ?? custom_id ?? id;
}

/**
 * Takes whoever it is for the consumer that a plugin's `anonymous` names. When there is none such, the operator's mistake ends
 * the request: letting it pass as nobody, or refusing it as if it were the client's fault, would both hide it.
 */
export function becomeAnonymous(
  exchange: Exchange,
  directory: PluginDirectory,
  anonymous: string,
  logger: Logger,
): Answer | undefined {
  const consumer = directory.consumerNamed(anonymous);
  if (consumer === undefined) {
    logger.error('consumer for anonymous requests is unknown', {
      anonymous,
      route: exchange.route.id,
    });
    return message(500, 'An unexpected error occurred');
  }
  exchange.identity = {
    consumer,
    subject: subjectOf(consumer),
    credential: undefined,
    groups: [],
    anonymous: true,
    session: undefined,
  };
  return undefined;
}
