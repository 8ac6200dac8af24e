import { keyAuth } from './key-auth.ts';
import { pipelineAuth } from './pipeline-auth.ts';
import type { EdgePlugin } from './plugin.ts';
import type { EdgePluginPorts } from './ports.ts';
import { requestTermination } from './request-termination.ts';
import { session } from './session.ts';

/** The plugins that an edge has; which of them a route uses, and how, say the entities. */
export function edgePlugins(ports: EdgePluginPorts): EdgePlugin[] {
  return [session(ports), keyAuth(ports), pipelineAuth(ports), requestTermination()];
}
