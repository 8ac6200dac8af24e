import type { Plugin, PluginSchema } from '@sallyport/gateway';
import type { Answer, Exchange } from '../exchange/exchange.ts';

/** A kind of plugin: what it may be told, and how it works once it is told. */
export interface EdgePlugin {
  readonly schema: PluginSchema;
  /** Called once for every plugin entity of this name in a snapshot; its `config` fits the schema. Must not wait. */
  configure(entity: Plugin): PluginHooks;
}

/**
 * What one configured plugin does with an exchange. Plugins run in the order of their priority, highest first. What a hook throws
 * becomes 500, is logged, and shows the client nothing.
 */
export interface PluginHooks {
  /** Before the upstream is asked. An answer ends the chain and goes to the client; the upstream is never asked. */
  access?(exchange: Exchange): undefined | Answer | Promise<undefined | Answer>;
  /** Before the head of the response leaves, whoever made it; runs for what `access` hooks answered too. */
  response?(exchange: Exchange, response: { readonly status: number }): void | Promise<void>;
  /** After everything. `status` is undefined when no response left. Must not throw or wait. */
  log?(
    exchange: Exchange,
    outcome: { readonly status: number | undefined; readonly durationMs: number },
  ): void;
}
