import { pipelineAuthPlugin } from '@sallyport/gateway';
import { meter } from '@sallyport/runtime';
import type { Answer, Exchange, Identity } from '../exchange/exchange.ts';
import { basicCredentials, isBasic } from './basic-credentials.ts';
import { becomeAnonymous } from './identity.ts';
import { type Decision, decideLogin } from './login-decision.ts';
import { message, unavailable } from './message.ts';
import type { EdgePlugin } from './plugin.ts';
import type { EdgePluginPorts } from './ports.ts';

interface Config {
  readonly realm: string;
  readonly anonymous: string | null;
  readonly hide_credentials: boolean;
  readonly timeout: number;
}

/** What the credential of an accepted login begins with; the account follows. */
export const LOGIN = 'login:';

/** What is said where the pipeline didn't say when to ask again. */
const RETRY_MS = 2000;
/** Groups go into a header and into the session. */
const MOST_GROUPS = 64;
const LONGEST_GROUP = 256;
// biome-ignore lint/suspicious/noControlCharactersInRegex: no header field can carry them.
const CONTROL = /[\u0000-\u001f\u007f]/;

const asked = meter('@sallyport/edge').counter('sallyport.edge.logins', {
  description: 'Logins that the edge asked the pipeline about, by verdict; away: nobody answered.',
  unit: '{login}',
});

/**
 * Login name and password by HTTP Basic, judged by auth. Whoever a session recognises by such a login isn't asked again.
 *
 * A session that was made with something else, such as a key, doesn't do, unless `anonymous` makes this one of several ways in:
 * then whoever is recognised already is let pass, and whoever isn't recognised by it goes on as that consumer. What can't be decided is 503
 * in either case, so that nobody is taken for a stranger because a service is away.
 */
export function pipelineAuth(ports: EdgePluginPorts): EdgePlugin {
  const { logger } = ports;
  return {
    schema: pipelineAuthPlugin,
    configure(entity) {
      const { realm, anonymous, hide_credentials, timeout } = entity.config as unknown as Config;
      const challenge = `Basic realm="${realm}", charset="UTF-8"`;

      function refuse(exchange: Exchange, text: string): Answer | undefined {
        if (anonymous !== null) {
          return becomeAnonymous(exchange, ports.directory(), anonymous, logger);
        }
        return message(401, text, { 'www-authenticate': challenge });
      }

      function conclude(exchange: Exchange, login: string, decision: Decision): Answer | undefined {
        asked.add(1, { verdict: decision.verdict });
        switch (decision.verdict) {
          case 'accept':
            exchange.identity = loginIdentity(decision.account ?? login, decision.attributes);
            return undefined;
          case 'reject':
            return refuse(exchange, 'Unauthorized');
          case 'tempfail':
            return unavailable(
              'Logins can’t be checked right now',
              decision.retryAfterMs ?? RETRY_MS,
            );
          default:
            logger.warn('a login could not be checked', {
              request: exchange.id,
              error: decision.cause,
            });
            return unavailable('Logins can’t be checked right now', RETRY_MS);
        }
      }

      async function access(exchange: Exchange): Promise<Answer | undefined> {
        const fields = exchange.request.headers('authorization');
        const basic = fields.filter(isBasic);
        if (hide_credentials && basic.length > 0) exchange.upstream.removeHeader('authorization');
        if (recognised(exchange.identity, anonymous !== null)) return undefined;
        if (basic.length === 0) return refuse(exchange, 'No credentials found in request');
        const [field] = fields;
        const credentials =
          fields.length > 1 || field === undefined ? undefined : basicCredentials(field);
        if (credentials === undefined) return refuse(exchange, 'Unauthorized');
        const decision = await decideLogin(ports, exchange, credentials, timeout);
        return conclude(exchange, credentials.login, decision);
      }
      return { access };
    },
  };
}

function recognised(identity: Identity | undefined, oneOfSeveral: boolean): boolean {
  if (identity === undefined || identity.anonymous) return false;
  if (oneOfSeveral) return true;
  return identity.session !== undefined && identity.credential?.startsWith(LOGIN) === true;
}

function loginIdentity(
  account: string,
  attributes: Readonly<Record<string, readonly string[]>> | undefined,
): Identity {
  const groups = (attributes?.['groups'] ?? []).filter(
    (group) => group !== '' && group.length <= LONGEST_GROUP && !CONTROL.test(group),
  );
  return {
    consumer: undefined,
    subject: account,
    credential: `${LOGIN}${account}`,
    groups: groups.slice(0, MOST_GROUPS),
    anonymous: false,
    session: undefined,
  };
}
