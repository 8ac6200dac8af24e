import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { USERS, type UserName } from '../../../nats/users.ts';

/** Of every user at both brokers, made at the first start. */
export type BrokerPasswords = Readonly<Record<UserName, string>>;

export async function brokerPasswords(data: string): Promise<BrokerPasswords> {
  const path = join(data, 'keys', 'brokers.json');
  const known = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return '{}';
    throw error;
  });
  const kept = JSON.parse(known) as Partial<BrokerPasswords>;
  const all = Object.fromEntries(
    USERS.map((user) => [user, kept[user] ?? randomBytes(18).toString('base64url')]),
  ) as Record<UserName, string>;
  if (USERS.some((user) => kept[user] === undefined)) {
    await writeFile(path, `${JSON.stringify(all)}\n`, { mode: 0o600 });
  }
  return all;
}
