export { type LocalHub, type LocalSettings, openLocalBus, openLocalHub } from './hub.ts';
export { type Spawn, spawnThread } from './journal.ts';
