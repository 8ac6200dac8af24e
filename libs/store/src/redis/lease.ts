import { checkLease } from '../arguments.ts';
import { StoreUnavailableError } from '../errors.ts';
import type { Key, Lease } from '../ports.ts';
import { answered } from './answer.ts';
import type { Keyspace } from './keyspace.ts';
import { lifetime } from './lifetime.ts';
import type { Link } from './link.ts';
import { nonce } from './nonce.ts';
import { scripts } from './script.ts';

type Signal = AbortSignal | undefined;

export function createLease(link: Link, keys: Keyspace) {
  return async function lease(key: Key, ttlMs: number, signal: Signal): Promise<Lease | undefined> {
    checkLease(key, ttlMs);
    const names = [keys.lease(key), keys.fence(key)];
    const ttl = lifetime(ttlMs);
    const ask = async (
      script: 'take' | 'renew' | 'release',
      args: string[],
      aborted: Signal,
    ): Promise<unknown> => {
      const needed = script === 'release' ? names.slice(0, 1) : names;
      try {
        return await link.run(scripts[script], needed, args, 'again', aborted);
      } catch (error) {
        throw answered(error, [key]);
      }
    };
    const answer = (await ask('take', [ttl, nonce()], signal)) as Buffer | null;
    if (answer === null) return undefined;
    const token = Number(answer);
    const text = String(token);
    const release = async (aborted?: Signal): Promise<void> => {
      await ask('release', [text], aborted);
    };
    return {
      key,
      token,
      check: { lease: key, token },
      renew: async (aborted) => (await ask('renew', [text, ttl], aborted)) === 1,
      release,
      async [Symbol.asyncDispose]() {
        try {
          await release();
        } catch (error) {
          // It ends by itself; an outage mustn't hide why the holder stopped.
          if (!(error instanceof StoreUnavailableError)) throw error;
        }
      },
    };
  };
}
