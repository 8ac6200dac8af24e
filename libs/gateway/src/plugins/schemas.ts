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
  /** Earlier names of settings → the present ones; null: read, and without effect. */
  readonly aliases: Readonly<Record<string, string | null>>;
  readonly validate: Validator;
}

/** The plugins there are, by name. */
export interface PluginSchemas {
  get(name: string): PluginSchema | undefined;
  /** Sorted. */
  names(): string[];
}

type Definition = Omit<PluginSchema, 'validate' | 'aliases'> &
  Partial<Pick<PluginSchema, 'aliases'>>;

export function definePlugin(definition: Definition): PluginSchema {
  const { config, aliases = {} } = definition;
  const check = validator(config);
  return {
    ...definition,
    aliases,
    validate: (input) => check(isRecord(input) ? renamed(aliases, input) : input),
  };
}

/** The input under the present names. An earlier name wins: an update has it beside the present one's old value. */
function renamed(aliases: PluginSchema['aliases'], input: Record<string, unknown>) {
  const old = (name: string) => Object.hasOwn(aliases, name);
  const entries = Object.entries(input);
  const kept = entries.filter(([name]) => !old(name));
  const moved = entries.flatMap(([name, value]) => {
    const target = old(name) ? aliases[name] : undefined;
    return typeof target === 'string' ? [[target, value] as const] : [];
  });
  return Object.fromEntries([...kept, ...moved]);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function pluginSchemas(plugins: readonly PluginSchema[]): PluginSchemas {
  const byName = new Map(plugins.map((plugin) => [plugin.name, plugin]));
  return {
    get: (name) => byName.get(name),
    names: () => [...byName.keys()].toSorted(),
  };
}
