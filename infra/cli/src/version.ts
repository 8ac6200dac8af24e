import manifest from '../package.json' with { type: 'json' };

/** Of the product: the version of the command that composes it. */
export const VERSION: string = manifest.version;
