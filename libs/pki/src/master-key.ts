import { randomBytes } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';
import { link, mkdir, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Cipher, createCipher, subkeyOf } from './cipher.ts';
import { MasterKeyError } from './errors.ts';

/**
 * The key that wraps all rings (KEK): 32 bytes that every process of a cluster has, by file or environment. Its text
 * form is `spk1.` and 43 characters of base64url.
 */
export class MasterKey {
  /** Tells master keys apart and says nothing about them: 16 hexadecimal digits. */
  readonly id: string;
  readonly #secret: Buffer;

  constructor(secret: Uint8Array) {
    if (secret.length !== 32) {
      throw new MasterKeyError(`master key of ${secret.length} bytes must have 32`);
    }
    this.#secret = Buffer.from(secret);
    this.id = subkeyOf(secret, 'master-key-id', 8).toString('hex');
  }

  /** What wraps records of the kind `label`. */
  cipher(label: string): Cipher {
    return createCipher(this.#secret, `wrap/${label}`, 0);
  }
}

const TEXT = /^spk1\.([A-Za-z0-9_-]{43})\s*$/;

/** A master key from its text form, such as the value of an environment variable. `where` names it in errors. */
export function parseMasterKey(text: string, where: string): MasterKey {
  const encoded = TEXT.exec(text)?.[1];
  const secret = encoded === undefined ? undefined : Buffer.from(encoded, 'base64url');
  // 43 characters have two bits more than 32 bytes: a key has one spelling.
  if (secret === undefined || secret.toString('base64url') !== encoded) {
    throw new MasterKeyError(
      `master key in ${where} (${text.length} characters, not shown) must be 'spk1.' and 43 characters of base64url`,
    );
  }
  return new MasterKey(secret);
}

/** Reads the master key from a file that nobody but its owner may read. */
export async function readMasterKeyFile(path: string, signal?: AbortSignal): Promise<MasterKey> {
  signal?.throwIfAborted();
  await using file = await opened(path);
  // Of the open file, not of the path: it can't be another one by now.
  const stat = await file.stat();
  if (!stat.isFile()) throw new MasterKeyError(`master key ${path} must be a file`);
  const mode = stat.mode & 0o777;
  if ((mode & 0o077) !== 0) {
    throw new MasterKeyError(
      `master key file ${path} has mode 0${mode.toString(8)}, must be readable by its owner only: chmod 600`,
    );
  }
  if (stat.size > 1024) throw new MasterKeyError(`master key file ${path} must be a short text`);
  const text = await file.readFile({ encoding: 'utf8', ...(signal && { signal }) });
  return parseMasterKey(text, `file ${path}`);
}

/**
 * Makes a master key and its file, mode 0600, unless there is one: then that. For the embedded mode; a cluster gets the
 * same file on every node. Two processes that do this at once end with the same key, and a crash leaves the whole
 * file or none: it is written beside, flushed, and then linked to its name, which fails where the name is taken.
 */
export async function createMasterKeyFile(path: string, signal?: AbortSignal): Promise<MasterKey> {
  signal?.throwIfAborted();
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  await using clean = new AsyncDisposableStack();
  {
    await using file = await open(draft, 'wx', 0o600);
    clean.defer(() => unlink(draft));
    await file.writeFile(`spk1.${randomBytes(32).toString('base64url')}\n`);
    await file.sync();
  }
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  await using directory = await open(dirname(path));
  await directory.sync();
  return readMasterKeyFile(path, signal);
}

async function opened(path: string): Promise<FileHandle> {
  try {
    return await open(path, 'r');
  } catch (cause) {
    const why = (cause as NodeJS.ErrnoException).code;
    throw new MasterKeyError(`master key file ${path} can't be read: ${why}`, { cause });
  }
}
