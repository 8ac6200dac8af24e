import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { ConfigError } from '@sallyport/runtime';

const OURS_TO_EXPLAIN = ['EACCES', 'EEXIST', 'ENOENT', 'ENOTDIR', 'EPERM', 'EROFS', 'ENAMETOOLONG'];

/** Makes the data directory when there is none. `ConfigError` where none can be. */
export async function makeDataDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await access(path, constants.W_OK | constants.X_OK);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (!OURS_TO_EXPLAIN.includes(code)) throw error;
    const expected = 'a directory that can be made and written';
    throw new ConfigError(
      `the data directory must be ${expected}: ${path} (${code})`,
      [{ path: 'node.data', found: path, expected }],
      { cause: error },
    );
  }
}
