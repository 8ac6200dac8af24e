export { createActions } from './actions.ts';
export { type ActionsConfig, actionsConfig } from './config.ts';
export { ActionConfigError } from './errors.ts';
export type { ActionsPorts, Address, Resolve } from './ports.ts';
