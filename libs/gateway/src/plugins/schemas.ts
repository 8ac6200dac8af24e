import type { TObject } from 'typebox';
import { type Validator, validator } from '../validate.ts';

/** What the gateway must know of a plugin to keep its configuration; what it does is the edge's business. */
export interface PluginSchema {
  readonly name: string;
  /** Order in the chain: higher runs earlier. Kong's numbers, so that mixed knowledge stays true. */
  readonly priority: number;
  readonly config: TObject;
  /** False for what runs before the consumer is known. */
  readonly consumerScope: boolean;
  readonly validate: Validator;
}

/** The plugins there are, by name. */
export interface PluginSchemas {
  get(name: string): PluginSchema | undefined;
  /** Sorted. */
  names(): string[];
}

export function definePlugin(definition: Omit<PluginSchema, 'validate'>): PluginSchema {
  return { ...definition, validate: validator(definition.config) };
}

export function pluginSchemas(plugins: readonly PluginSchema[]): PluginSchemas {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  return {
    get: (name) => byName.get(name),
    names: () => [...byName.keys()].toSorted(),
  };
}
