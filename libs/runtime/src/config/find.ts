import { ConfigError } from '../errors.ts';
import type { Environment } from './environment.ts';
import type { ConfigFile } from './load.ts';
import { describeMistakes } from './mistake.ts';

const USUAL = 'sallyport.yaml';

/**
 * The configuration file of a process: the one `SALLYPORT_CONFIG` names, else `sallyport.yaml` in the working
 * directory if there is one. A file that was named and can't be read is a {@link ConfigError}.
 */
export async function findConfig(
  env: Environment,
  readFile: (path: string) => Promise<string>,
): Promise<ConfigFile[]> {
  const named = env['SALLYPORT_CONFIG'];
  const name = named ?? USUAL;
  try {
    return [{ name, text: await readFile(name) }];
  } catch (error) {
    const errno = (error as NodeJS.ErrnoException).code;
    if (named === undefined && errno === 'ENOENT') return [];
    const mistake = {
      path: '',
      where: name,
      found: `a file that can't be read (${errno ?? (error as Error).message})`,
      expected: 'YAML or JSON',
    };
    throw new ConfigError(describeMistakes([mistake]), [mistake], { cause: error });
  }
}
