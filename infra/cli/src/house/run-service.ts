import type { ServiceName } from '@sallyport/pki';
import { ConfigError, run } from '@sallyport/runtime';
import { VERSION } from '../version.ts';
import { loadHouseConfig } from './configuration.ts';
import { openHouse } from './house.ts';
import type { HouseConfig } from './sections.ts';

/** Runs one service as this process and ends it. */
export function runService(service: ServiceName): Promise<never> {
  return run(async (life) => {
    const config = await loadHouseConfig(process.env, [service]);
    checkShared(config);
    return (await openHouse({ config, services: [service], version: VERSION }, life)).assembly;
  });
}

/** A service alone over adapters that nobody else can reach would wait for the others for ever. */
function checkShared({ values }: HouseConfig): void {
  const mistakes = [
    {
      path: 'store.kind',
      found: `"${values.store.kind}"`,
      expected: '"redis" for one service of a cluster',
    },
    {
      path: 'bus.kind',
      found: `"${values.bus.kind}"`,
      expected: '"nats" for one service of a cluster',
    },
  ].filter(({ found }) => found === '"sqlite"' || found === '"local"');
  if (mistakes.length === 0) return;
  const lines = mistakes.map(
    ({ path, found, expected }) => `${path}: found ${found}, expected ${expected}`,
  );
  throw new ConfigError(
    `${lines.join('\n')}\nEverything in one process is 'sallyport start'.`,
    mistakes,
  );
}
