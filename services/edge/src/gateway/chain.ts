import type { Plugin, Route, Service } from '@sallyport/gateway';
import type { Answer, Exchange } from '../exchange/exchange.ts';
import type { PluginHooks } from '../plugins/plugin.ts';

/** A plugin entity that is switched on, ready to work. */
export interface ConfiguredPlugin {
  readonly entity: Plugin;
  readonly priority: number;
  readonly hooks: PluginHooks;
}

/** The place of one plugin name in a route's chain. */
interface Step {
  readonly priority: number;
  readonly name: string;
  /** For everybody who has none of their own. */
  readonly base: PluginHooks | undefined;
  /** By consumer id. */
  readonly consumers: ReadonlyMap<string, PluginHooks> | undefined;
}

/** The plugins of one route for one scheme, highest priority first. */
export interface Chain {
  readonly steps: readonly Step[];
}

const NOTHING: Chain = { steps: [] };

/**
 * Of each name the most specific instance works, and only that: route + service + consumer, route + consumer, service + consumer, route + service,
 * consumer, route, service, everything (Kong's order). Who the consumer is turns out on the way, so the choice is made at each step.
 */
export function chainOf(
  route: Route,
  service: Service | undefined,
  scheme: 'http' | 'https',
  plugins: readonly ConfiguredPlugin[],
): Chain {
  const byName = new Map<string, ConfiguredPlugin[]>();
  for (const plugin of plugins) {
    const { entity } = plugin;
    if (!entity.protocols.includes(scheme)) continue;
    if (entity.route !== null && entity.route.id !== route.id) continue;
    if (entity.service !== null && entity.service.id !== service?.id) continue;
    const same = byName.get(entity.name);
    if (same === undefined) byName.set(entity.name, [plugin]);
    else same.push(plugin);
  }
  if (byName.size === 0) return NOTHING;
  const steps = [...byName.entries()].map(([name, all]) => stepOf(name, all));
  return {
    steps: steps.sort((a, b) => b.priority - a.priority || (a.name < b.name ? -1 : 1)),
  };
}

function stepOf(name: string, all: readonly ConfiguredPlugin[]): Step {
  const priority = all[0]?.priority ?? 0;
  const base = best(all.filter(({ entity }) => entity.consumer === null));
  const consumers = new Map<string, PluginHooks>();
  for (const { entity } of all) {
    const id = entity.consumer?.id;
    if (id === undefined || consumers.has(id)) continue;
    const own = best(all.filter((one) => (one.entity.consumer?.id ?? id) === id));
    if (own !== undefined) consumers.set(id, own);
  }
  return { name, priority, base, consumers: consumers.size === 0 ? undefined : consumers };
}

const ORDER = ['rsc', 'rc', 'sc', 'rs', 'c', 'r', 's', ''];

function best(all: readonly ConfiguredPlugin[]): PluginHooks | undefined {
  const rank = ({ entity: { route, service, consumer } }: ConfiguredPlugin) =>
    ORDER.indexOf(
      `${route === null ? '' : 'r'}${service === null ? '' : 's'}${consumer === null ? '' : 'c'}`,
    );
  return all.toSorted((a, b) => rank(a) - rank(b))[0]?.hooks;
}

/** Which hooks of a step this exchange gets, given who it is from by now. */
function hooksOf(step: Step, exchange: Exchange): PluginHooks | undefined {
  const consumer = exchange.identity?.consumer?.id;
  if (consumer === undefined || step.consumers === undefined) return step.base;
  return step.consumers.get(consumer) ?? step.base;
}

/** Runs the `access` hooks; an answer ends the chain. */
export async function runAccess(chain: Chain, exchange: Exchange): Promise<Answer | undefined> {
  for (const step of chain.steps) {
    const answer = hooksOf(step, exchange)?.access?.(exchange);
    const settled = answer instanceof Promise ? await answer : answer;
    if (settled !== undefined) return settled;
  }
  return undefined;
}

/** Runs the `response` hooks, also of plugins whose `access` wasn't reached. */
export async function runResponse(chain: Chain, exchange: Exchange, status: number): Promise<void> {
  for (const step of chain.steps) await hooksOf(step, exchange)?.response?.(exchange, { status });
}

/** Runs the `log` hooks; what one throws is given to `onError`, and the others run. */
export function runLog(
  chain: Chain,
  exchange: Exchange,
  outcome: { readonly status: number | undefined; readonly durationMs: number },
  onError: (error: unknown) => void,
): void {
  for (const step of chain.steps) {
    try {
      hooksOf(step, exchange)?.log?.(exchange, outcome);
    } catch (error) {
      onError(error);
    }
  }
}
