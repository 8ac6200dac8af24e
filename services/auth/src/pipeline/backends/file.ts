import { createHmac, randomBytes } from 'node:crypto';
import { readFile, stat } from 'node:fs/promises';
import type { Passwords } from '@sallyport/passwords';
import type { Clock, Logger } from '@sallyport/runtime';
import type { FileBackendConfig } from '../../config.ts';
import { UnusableHashError, UsersFileError } from '../../errors.ts';
import type { Backend } from './backend.ts';
import { type FileUser, parseUsers, type Users } from './users-file.ts';

export interface FileBackendPorts {
  readonly passwords: Passwords;
  readonly clock: Clock;
  readonly logger: Logger;
}

const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Users from a file, read again when it has changed. A file that has become bad is reported, and the users before it stay.
 * Rejects with `UsersFileError` when the file can't be read at first, or has mistakes.
 */
export async function openFileBackend(
  { name, path, reload, on_failure: onFailure }: FileBackendConfig,
  { passwords, clock, logger }: FileBackendPorts,
): Promise<Backend & AsyncDisposable> {
  /** Which stored hash stands in for an unknown user; nobody outside can tell. */
  const secret = randomBytes(32);
  let seen = await stateOf(path);
  let { users, list } = await load();
  let looking: Promise<void> | undefined;

  async function load(): Promise<{ users: Users; list: readonly FileUser[] }> {
    const read = parseUsers(path, await readUsers(path), (hash) => passwords.check(hash));
    return { users: read, list: [...read.values()] };
  }

  const look = async () => {
    try {
      const state = await stateOf(path);
      if (state === seen) return;
      // First what it is now: a change that comes while it is read will be seen at the next look.
      seen = state;
      ({ users, list } = await load());
      logger.info('users file read again', { backend: name, path, users: users.size });
    } catch (error) {
      logger.error('users file not taken, the users before it stay', {
        ...{ backend: name, path, error },
      });
    }
  };
  const timer = clock.every(reload, () => {
    looking ??= look().finally(() => {
      looking = undefined;
    });
  });

  /** For an unknown name always the same one of the stored hashes: the mix of costs is that of the known names. */
  const standIn = (login: string): FileUser | undefined => {
    const digest = createHmac('sha256', secret).update(login).digest();
    return list[digest.readUIntBE(0, 6) % list.length];
  };

  return {
    name,
    onFailure,
    async authenticate({ facts, password }, signal) {
      const user = users.get(facts.login);
      if (user === undefined) return { outcome: 'absent' };
      const { account, attributes } = user;
      const verdict = await passwords.verify(user.hash, password ?? '', signal);
      switch (verdict.outcome) {
        case 'match':
          return { outcome: 'match', account, attributes };
        case 'mismatch':
        case 'refused':
          return { outcome: 'wrong', account };
        case 'busy':
          return { outcome: 'busy' };
        case 'unusable':
          throw new UnusableHashError(`hash of a user in ${path}: ${verdict.detail}`);
      }
    },
    async pretend({ facts, password }, signal) {
      const other = standIn(facts.login);
      const verdict =
        other === undefined
          ? await passwords.verifyNobody(password ?? '', signal)
          : await passwords.verify(other.hash, password ?? '', signal);
      return { outcome: verdict.outcome === 'busy' ? 'busy' : 'pretend' };
    },
    async [Symbol.asyncDispose]() {
      timer[Symbol.dispose]();
      await looking;
    },
  };
}

/** Changes whenever the file does, as far as the file system tells. */
async function stateOf(path: string): Promise<string> {
  try {
    const { dev, ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    return [dev, ino, size, mtimeNs, ctimeNs].join(' ');
  } catch (cause) {
    // Its being away is a state too: said once, not at every look.
    return `away: ${(cause as NodeJS.ErrnoException).code}`;
  }
}

async function readUsers(path: string): Promise<Buffer> {
  try {
    const { size } = await stat(path);
    if (size > MOST_BYTES) {
      throw new UsersFileError(
        `users file ${path} of ${size} bytes must have at most ${MOST_BYTES}`,
      );
    }
    return await readFile(path);
  } catch (cause) {
    if (cause instanceof UsersFileError) throw cause;
    throw new UsersFileError(`users file ${path} can't be read: ${(cause as Error).message}`, {
      cause,
    });
  }
}
