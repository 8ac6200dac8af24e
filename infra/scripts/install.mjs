// Brings the npm dependencies and the brokers of a bare machine; what `npm test` does before its tests.
import { fileURLToPath } from 'node:url';
import { ensureDependencies, ensurePrograms } from './setup.mjs';

ensureDependencies(fileURLToPath(new URL('../..', import.meta.url)));
ensurePrograms();
