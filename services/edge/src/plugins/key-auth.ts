import { keyAuthPlugin, keyExpired } from '@sallyport/gateway';
import type { Answer, Exchange, Identity } from '../exchange/exchange.ts';
import { becomeAnonymous, consumerIdentity } from './identity.ts';
import { findKey, hideKeys, type KeyPlaces } from './key-search.ts';
import { message } from './message.ts';
import type { EdgePlugin } from './plugin.ts';
import type { EdgePluginPorts, PluginDirectory } from './ports.ts';

interface Config {
  readonly key_names: readonly string[];
  readonly hide_credentials: boolean;
  readonly anonymous: string | null;
  readonly key_in_header: boolean;
  readonly key_in_query: boolean;
  readonly key_in_body: boolean;
  readonly run_on_preflight: boolean;
  readonly realm: string | null;
}

/** Keys of the Admin API have 1 to 512 characters. */
const LONGEST_KEY = 512;
/** What stands for bytes that aren't UTF-8: many keys would look alike. */
const REPLACEMENT = '\ufffd';

type Verdict =
  | Identity
  | 'No API key found in request'
  | 'Duplicate API key found'
  | 'Unauthorized';

/**
 * A consumer by a key. The key is looked up by its keyed digest, so how long that takes says nothing about other keys.
 *
 * With `anonymous` it is one of several ways in: whoever is recognised already is let pass, and whoever isn't recognised by it
 * goes on as that consumer. Without, the key is needed whatever else was shown, a session too; then the key says who it is.
 */
export function keyAuth(ports: EdgePluginPorts): EdgePlugin {
  const { digestKey, clock, logger } = ports;

  function judge(directory: PluginDirectory, key: string): Verdict {
    if (key.length > LONGEST_KEY || key.includes(REPLACEMENT)) return 'Unauthorized';
    const credential = directory.keyAuth(digestKey(key));
    if (credential === undefined || keyExpired(credential, clock.now())) return 'Unauthorized';
    const consumer = directory.consumer(credential.consumer.id);
    return consumer === undefined ? 'Unauthorized' : consumerIdentity(consumer, credential.id);
  }

  return {
    schema: keyAuthPlugin,
    configure(entity) {
      const config = entity.config as unknown as Config;
      const places: KeyPlaces = {
        names: config.key_names,
        header: config.key_in_header,
        query: config.key_in_query,
        body: config.key_in_body,
      };
      const { anonymous, realm } = config;
      const challenge = realm === null ? 'Key' : `Key realm="${realm}"`;

      async function access(exchange: Exchange): Promise<Answer | undefined> {
        if (!config.run_on_preflight && exchange.request.method === 'OPTIONS') return undefined;
        const finding = await findKey(exchange, places);
        if (config.hide_credentials) hideKeys(exchange, places);
        // Somebody whom an earlier plugin took for its anonymous consumer isn't recognised.
        if (anonymous !== null && exchange.identity?.anonymous === false) return undefined;
        const directory = ports.directory();
        const verdict: Verdict =
          finding === 'missing'
            ? 'No API key found in request'
            : finding === 'duplicate'
              ? 'Duplicate API key found'
              : judge(directory, finding.key);
        if (typeof verdict !== 'string') {
          exchange.identity = verdict;
          return undefined;
        }
        if (anonymous !== null) return becomeAnonymous(exchange, directory, anonymous, logger);
        return message(401, verdict, { 'www-authenticate': challenge });
      }
      return { access };
    },
  };
}
