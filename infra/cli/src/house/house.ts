import { rename, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createAdmin } from '@sallyport/admin';
import { announcePresence, type Bus } from '@sallyport/bus';
import type { ServiceName } from '@sallyport/pki';
import {
  type Assembly,
  type Clock,
  createLogger,
  type Ids,
  type Life,
  type RootLogger,
  randomIds,
  type Service,
  systemClock,
} from '@sallyport/runtime';
import { startTelemetry } from '@sallyport/telemetry';
import { createAdapters } from './adapters.ts';
import { openParts, type Parts } from './parts.ts';
import { patientRings } from './rings.ts';
import type { HouseConfig } from './sections.ts';

export interface HouseOptions {
  readonly config: HouseConfig;
  /** What this process runs. */
  readonly services: readonly ServiceName[];
  readonly version: string;
}

/** A process put together, not yet started. */
export interface House {
  readonly assembly: Assembly & { readonly logger: RootLogger };
  readonly parts: Parts;
}

/**
 * Puts services together over the adapters that the configuration names: the same for all of them in one process and
 * for one of them in a cluster.
 */
export async function openHouse(options: HouseOptions, life: Life): Promise<House> {
  const { config, services, version } = options;
  const { values } = config;
  const clock: Clock = systemClock;
  const ids: Ids = randomIds(clock);
  const instance = values.node.instance ?? plainName(hostname());
  const name = services.length === 1 ? (services[0] as string) : 'sallyport';
  const logger = createLogger({
    level: values.process.log_level,
    fields: { service: name, instance },
  });
  const { stack, signal, health } = life;
  const telemetry = stack.use(
    await startTelemetry(values.telemetry, { service: name, instance, version, logger, signal }),
  );
  const adapters = await createAdapters(values, instance, { clock, ids, logger, stack }, signal);
  const buses: Bus[] = [];
  const parts = await openParts(services, values, async (service) => {
    const { store, bus, rings } = await adapters.open(service, signal);
    buses.push(bus);
    const own = logger.child({ part: service });
    return {
      ...{ store, bus, clock, ids, logger: own, health, version, keys: rings },
      rings: patientRings(rings, { clock, logger: own }, signal),
      configuration: () => config.entries,
    };
  });
  const admin = createAdmin(
    {
      ...{ health, logger, metrics: telemetry.metrics },
      about: { title: `Sallyport ${name}`, version },
    },
    // All in one there is one private listener: the edge's.
    services.length === 1 ? values[services[0] as ServiceName].private : values.edge.private,
  );
  const started = new Date(clock.now()).toISOString();
  const presence: Service & { listens(): string[] } = {
    name: 'presence',
    listens: () => [...parts.values()].flatMap((part) => part.urls()),
    async start() {
      const [bus] = buses;
      if (bus === undefined) return;
      const describe = async () => {
        const { checks } = await health.ready();
        const faults = checks.flatMap(({ name: check, ok, reason }) =>
          ok || check === 'phase' ? [] : [`${check}: ${reason ?? 'no'}`],
        );
        return {
          ...{ instance: `${name}-${instance}`, services: [...services], version, started },
          ...{ phase: health.phase, listens: this.listens(), faults },
        };
      };
      const onError = (error: unknown) => logger.warn('nobody is told of this process', { error });
      stack.use(announcePresence({ feeds: bus.feeds, clock, describe, onError }));
    },
    async [Symbol.asyncDispose]() {},
  };
  return {
    parts,
    assembly: {
      services: [
        ...[admin, presence, ...[...parts.values()].map(({ service }) => service)],
        authorityFile(parts, values.node.data),
      ],
      logger,
      drainMs: values.process.drain,
    },
  };
}

/** Leaves the certificate of the internal CA for who has to trust it, in `ca.pem` of the data directory. */
function authorityFile(parts: Parts, data: string): Service {
  return {
    name: 'authority-file',
    async start() {
      const authority = parts.get('certs')?.authority?.();
      if (authority === undefined) return;
      await writeFile(join(data, 'ca.pem.new'), authority);
      await rename(join(data, 'ca.pem.new'), join(data, 'ca.pem'));
    },
    async [Symbol.asyncDispose]() {},
  };
}

/** A host's name as part of an instance's. */
function plainName(text: string): string {
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9.]+/g, '-')
    .replaceAll(/^[-.]+|[-.]+$/g, '');
  return plain === '' ? 'node' : plain.slice(0, 64);
}
