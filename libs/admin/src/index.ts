export { type Admin, createAdmin } from './admin.ts';
export { type AdminSettings, adminSettings } from './config.ts';
export { ListenError } from './errors.ts';
export type { Access, AdminPorts, AdminRouter, MetricsSource, RouteGroup } from './ports.ts';
export { problem } from './problem.ts';
