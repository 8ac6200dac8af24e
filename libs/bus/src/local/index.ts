export { type LocalHub, type LocalSettings, openLocalBus, openLocalHub } from './hub.ts';
