import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Type } from 'typebox';
import { Check } from 'typebox/value';
import { OperatorFileError } from './errors.ts';

/** Where a running system's operator API is, and what opens it. */
export interface OperatorAccess {
  /** Of control's listener, such as `http://127.0.0.1:8001`. */
  readonly url: string;
  /** Absent where none is configured. */
  readonly token?: string | undefined;
}

const Content = Type.Object({ url: Type.String(), token: Type.Optional(Type.String()) });

/** The file by which a system that runs in `dataDir` is found. */
export function operatorFile(dataDir: string): string {
  return join(dataDir, 'operator.json');
}

/** Leaves `access` for the commands of whoever owns `dataDir`. Readable by nobody else; replaced as a whole. */
export async function writeOperatorFile(dataDir: string, access: OperatorAccess): Promise<void> {
  const file = operatorFile(dataDir);
  const draft = `${file}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify(access)}\n`, { mode: 0o600 });
  await rename(draft, file);
}

/** What {@link writeOperatorFile} left; undefined when there is no such file. `OperatorFileError` for one that can't be read. */
export async function readOperatorFile(dataDir: string): Promise<OperatorAccess | undefined> {
  const file = operatorFile(dataDir);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(file, 'utf8'));
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw new OperatorFileError(`${file} can't be read: ${code ?? message}`, { cause });
  }
  if (Check(Content, content)) return content;
  throw new OperatorFileError(`${file} must have a url and may have a token, both texts`);
}
