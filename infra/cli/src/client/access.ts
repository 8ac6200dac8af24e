import { UsageError } from '../command.ts';
import { NoAnswerError } from './errors.ts';
import { type OperatorAccess, operatorFile, readOperatorFile } from './operator-file.ts';

/** Options of every command that asks a running system. */
export interface AccessOptions {
  readonly url?: string | undefined;
  readonly token?: string | undefined;
  readonly data?: string | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Whom to ask: the options, else SALLYPORT_URL and SALLYPORT_TOKEN, else what the system that runs in the data directory
 * left there. A token from that file is for its own URL only. `NoAnswerError` when nothing says where.
 */
export async function findAccess(
  options: AccessOptions,
  env: Environment,
): Promise<OperatorAccess> {
  const dir = options.data ?? env['SALLYPORT_DATA'] ?? './data';
  const given = options.url ?? env['SALLYPORT_URL'];
  const token = options.token ?? env['SALLYPORT_TOKEN'];
  const left = given === undefined || token === undefined ? await readOperatorFile(dir) : undefined;
  if (given === undefined && left === undefined) {
    throw new NoAnswerError(
      `no running system is known: there is no ${operatorFile(dir)}; start one with 'sallyport start', or say where it is by --url, SALLYPORT_URL, --data or SALLYPORT_DATA`,
    );
  }
  const url = baseOf(given ?? (left?.url as string));
  const same = left !== undefined && baseOf(left.url) === url;
  return { url, token: token ?? (same ? left.token : undefined) };
}

function baseOf(text: string): string {
  const url = URL.parse(text);
  if (url === null || !['http:', 'https:'].includes(url.protocol)) {
    throw new UsageError(`'${text}' must be a URL such as http://127.0.0.1:8001`);
  }
  return url.href.replace(/\/+$/, '');
}
