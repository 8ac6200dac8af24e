import { randomBytes } from 'node:crypto';
import { chmod, mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createPasswords } from '@sallyport/passwords';
import { DemoError } from './errors.ts';

/** The one login of the demonstration. */
export interface DemoLogin {
  readonly name: string;
  readonly password: string;
  /** Where the file backend finds its hash. */
  readonly usersFile: string;
}

const NAME = 'alice';

/** Makes the login at the first start: a password nobody else's copy of the demonstration has. */
export async function demoLogin(data: string, signal: AbortSignal): Promise<DemoLogin> {
  const folder = join(data, 'demo');
  const usersFile = join(folder, 'users');
  const passwordFile = join(folder, 'password');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = await readFile(passwordFile, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (known !== undefined) return { name: NAME, password: known.trim(), usersFile };
  const password = randomBytes(9).toString('base64url');
  await using passwords = createPasswords();
  const made = await passwords.make('argon2id', password, signal);
  if (made.outcome !== 'made') throw new DemoError(`no hash could be made: ${made.outcome}`);
  await write(usersFile, `${NAME}:${made.hash}\n`);
  // Last: whoever finds it finds the hash too.
  await write(passwordFile, `${password}\n`);
  return { name: NAME, password, usersFile };
}

async function write(path: string, text: string): Promise<void> {
  await writeFile(`${path}.new`, text, { mode: 0o600 });
  await chmod(`${path}.new`, 0o600);
  await rename(`${path}.new`, path);
}
