import { randomBytes } from 'node:crypto';
import { mkdir, open } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** The file with the token of control's listener, made at the first start. For the configuration: `file:<path>`. */
export async function operatorTokenFile(data: string): Promise<string> {
  const path = resolve(join(data, 'keys', 'operator-token'));
  await mkdir(join(data, 'keys'), { recursive: true, mode: 0o700 });
  try {
    await using file = await open(path, 'wx', 0o600);
    await file.writeFile(`${randomBytes(24).toString('base64url')}\n`);
    await file.sync();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  return path;
}
