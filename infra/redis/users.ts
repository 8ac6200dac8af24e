import { createHash } from 'node:crypto';
import type { ServiceName } from '@sallyport/pki';
import { SallyportError } from '@sallyport/runtime';
import { ACCESS, type Access } from './spaces.ts';

/** `operator` may do everything, `replica` only follow a master; both are optional. */
export type RedisUser = ServiceName | 'operator' | 'replica';

export interface RedisUsersOptions {
  /** What every key begins with: the `prefix` of `openRedisStore`. Default `sallyport`. */
  readonly prefix?: string;
  /** For each user its password, 16 characters or more. Who is missing can't connect. */
  readonly passwords: Partial<Record<RedisUser, string>>;
}

/** A prefix that would mean more than itself in an access rule, or a password that can be guessed. */
export class RedisUsersError extends SallyportError {
  readonly code = 'SP_ERR_REDIS_USERS';
}

const CONNECT = [
  'ping',
  'info',
  'select',
  'client|setname',
  'cluster|slots',
  'cluster|info',
  'asking',
];
/** GET and MGET, and the script that ranges over an index with what it calls. */
const READ = [
  ...['get', 'mget', 'time', 'evalsha_ro', 'eval_ro'],
  ...['zcard', 'zcount', 'zmscore', 'zrange', 'zrank', 'zscore'],
];
/** The scripts that write, and what they call: a test compares this with their text. */
const WRITE = [
  ...['evalsha', 'eval', 'wait', 'del', 'exists', 'getrange', 'llen', 'lrange', 'ltrim', 'persist'],
  ...['pexpire', 'pexpireat', 'pttl', 'rpush', 'set', 'unlink', 'zadd', 'zrem'],
];

/**
 * Nobody can be the default user, but a server that starts reads its append-only file as that user, and leaves out every
 * transaction, such as every commit of ours, that the user may not do (seen with 7.0; redis/redis issue 14541).
 */
const DEFAULT_USER = 'user default off resetpass ~* &* +@all';

/** Text of an ACL file for Redis 7.0 or newer in which each service may do its part and nothing else. */
export function redisUsers({ prefix = 'sallyport', passwords }: RedisUsersOptions): string {
  if (!/^[A-Za-z0-9_.-]{1,64}$/.test(prefix)) {
    throw new RedisUsersError(
      `prefix ${JSON.stringify(prefix)} isn't 1 to 64 letters, digits, "-", "_" and "."`,
    );
  }
  const lines = (Object.entries(passwords) as [RedisUser, string][]).map(([user, password]) => {
    if (password.length < 16) {
      throw new RedisUsersError(
        `password of ${user} has ${password.length} characters, needed are 16`,
      );
    }
    const digest = createHash('sha256').update(password).digest('hex');
    return ['user', user, 'on', `#${digest}`, 'resetchannels', ...rules(user, prefix)].join(' ');
  });
  return [DEFAULT_USER, ...lines, ''].join('\n');
}

function rules(user: RedisUser, prefix: string): string[] {
  if (user === 'operator') return ['~*', '&*', '+@all'];
  if (user === 'replica') return ['-@all', '+psync', '+replconf', '+ping'];
  const rows = ACCESS.filter(({ service }) => service === user);
  const writes = rows.some(({ may }) => may === 'write');
  const commands = [...CONNECT, ...READ, ...(writes ? WRITE : [])];
  return [
    ...rows.map((row) => pattern(row, prefix)),
    '-@all',
    ...commands.map((command) => `+${command}`),
  ];
}

/** The keys of a space as `libs/store/src/redis/keyspace.ts` makes them. */
function pattern({ space, may }: Access, prefix: string): string {
  if (may === 'write') return `~${prefix}:${space}:*`;
  if (may === 'read') return `%R~${prefix}:${space}:*`;
  return `%R~${prefix}:${space}:{ring}:e:public`;
}
