import type { ServiceName } from '@sallyport/pki';
import { run } from '@sallyport/runtime';
import { VERSION } from '../version.ts';
import { loadHouseConfig } from './configuration.ts';
import { openHouse } from './house.ts';

/** Runs one service as this process and ends it. */
export function runService(service: ServiceName): Promise<never> {
  return run(async (life) => {
    const config = await loadHouseConfig(process.env, [service]);
    return (await openHouse({ config, services: [service], version: VERSION }, life)).assembly;
  });
}
