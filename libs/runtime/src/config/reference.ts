import type { Environment } from './environment.ts';

/** What a reference led to, or why it led nowhere. */
type Resolved = { readonly text: string } | { readonly fault: string };

/** Follows `env:NAME` and `file:/absolute/path`. */
export interface References {
  /** Undefined when `text` is no reference. */
  resolve(text: string): Promise<Resolved | undefined>;
}

const NAMED = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;

export function createReferences(
  env: Environment,
  readFile: (path: string) => Promise<string>,
): References {
  return {
    async resolve(text) {
      const name = NAMED.exec(text)?.[1];
      if (name !== undefined) {
        const value = Object.hasOwn(env, name) ? env[name] : undefined;
        return value === undefined ? { fault: `env:${name}, which is not set` } : { text: value };
      }
      if (!text.startsWith('file:/')) return undefined;
      const path = text.slice('file:'.length);
      try {
        // Editors and `echo` end a file with a line break that isn't part of the secret.
        return { text: (await readFile(path)).replace(/\r?\n$/, '') };
      } catch (error) {
        const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
        return { fault: `${text}, which can't be read (${why})` };
      }
    },
  };
}
