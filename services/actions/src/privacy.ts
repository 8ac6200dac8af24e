import { createHmac } from 'node:crypto';
import { actionsRun, type PrivacyPolicy, privacyFilter } from '@sallyport/contracts';
import type { RunData } from './action.ts';
import type { ActionConfig, ActionsConfig } from './config.ts';
import { ActionConfigError } from './errors.ts';

/**
 * What `action` may see of a job: personal fields as its policy says, and never the password, sealed as it is. Throws
 * `ActionConfigError` when something is to be hashed and there is no key.
 */
export function sightOf(
  action: ActionConfig,
  { privacy, privacy_key: key }: Pick<ActionsConfig, 'privacy' | 'privacy_key'>,
): (data: RunData) => RunData {
  const { user_agent, ...others } = { ...privacy, ...action.privacy };
  const treatments = { ...others, 'user-agent': user_agent } as PrivacyPolicy['treatments'];
  const clear = Object.values(treatments).every((treatment) => treatment === 'clear');
  if (!clear && key === undefined) {
    throw new ActionConfigError(
      `action '${action.name}' hashes personal fields: privacy_key must be given`,
    );
  }
  const keyedHash = (text: string) =>
    createHmac('sha256', key?.reveal() ?? '')
      .update(text)
      .digest('base64url');
  const treat = privacyFilter(actionsRun, { treatments, keyedHash });
  return (data) => {
    const { password: _password, ...request } = treat(data).request;
    return { ...treat(data), request };
  };
}
