import { randomUUID } from 'node:crypto';
import { type ControlConfig, createControl } from '@sallyport/control';
import {
  keyAuthPlugin,
  type PluginSchema,
  pipelineAuthPlugin,
  requestTerminationPlugin,
  sessionPlugin,
} from '@sallyport/gateway';
import { given } from './given.ts';
import type { Part, PartContext } from './part.ts';

/** The plugins that edges have. */
const PLUGINS: readonly PluginSchema[] = [
  ...[sessionPlugin, keyAuthPlugin, pipelineAuthPlugin, requestTerminationPlugin],
];

export async function controlPart(context: PartContext, config: ControlConfig): Promise<Part> {
  const { store, bus, rings, clock, logger, health, version, configuration } = context;
  const service = createControl(
    {
      ...{ space: store.space('gateway'), credentials: await rings.ring('credentials') },
      ...{ bus, clock, logger, health, version, configuration, plugins: PLUGINS },
      uuid: randomUUID,
    },
    config,
  );
  return { service, urls: () => given(service.url) };
}
