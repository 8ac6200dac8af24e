import { readFile } from 'node:fs/promises';
import type { ServiceName } from '@sallyport/pki';
import { type ConfigFile, type Environment, findConfig, loadConfig } from '@sallyport/runtime';
import { type HouseConfig, sections } from './sections.ts';

const read = (path: string) => readFile(path, 'utf8');
const SERVICES: readonly string[] = ['edge', 'certs', 'auth', 'sessions', 'actions', 'control'];

/**
 * The configuration of a process that runs `services`: `base` under the file that `SALLYPORT_CONFIG` or the directory has,
 * under the environment. Of other services' sections nothing is looked at, and nothing is in `values`: their secrets may be
 * on other machines.
 */
export async function loadHouseConfig(
  env: Environment,
  services: readonly ServiceName[],
  base: readonly ConfigFile[] = [],
): Promise<HouseConfig> {
  const own = sections.filter(
    ({ name }) => !SERVICES.includes(name) || services.some((service) => service === name),
  );
  const others = SERVICES.filter((name) => !services.some((service) => service === name));
  const files = [...base, ...(await findConfig(env, read))];
  return (await loadConfig({ sections: own, others, files, env, readFile: read })) as HouseConfig;
}
