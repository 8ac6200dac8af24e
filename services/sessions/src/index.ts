export { type SessionsConfig, sessionsConfig } from './config.ts';
export { SessionEndedError, SessionsRequestError } from './errors.ts';
export type { SessionsPorts } from './ports.ts';
export { createSessions } from './sessions.ts';
